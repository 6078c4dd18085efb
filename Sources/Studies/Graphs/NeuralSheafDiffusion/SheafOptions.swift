import Graphs

/// What can be set about the study of neural sheaf diffusion.
public struct SheafOptions: StudyOptions {
  /// A part of the study.
  public enum Experiment: String, OptionValue, Codable, CaseIterable {
    /// Sheaves made from the labels: which separate classes in the limit of diffusion.
    case theory
    /// Graphs in two parts: every neighbour is of the other class.
    case bipartite
    /// Graphs of communities, from heterophilic to homophilic.
    case communities
    /// The graphs given by --data, with their fixed divisions.
    case benchmark
    /// Accuracy and energy by the number of layers.
    case depth
  }

  /// What is trained.
  public enum Method: String, OptionValue, Codable, CaseIterable {
    case diagonal
    case orthogonal
    case general
    /// A sheaf of identities: nothing about the geometry is learned.
    case identity
    case gcn
    case gat
    case mlp
  }

  public var experiments: [Experiment]
  public var methods: [Method] = [.diagonal, .orthogonal, .general, .identity, .gcn, .mlp]
  public var sets = ["texas", "wisconsin", "cornell"]
  public var seeds = 3
  public var splits = 3
  public var usesPublishedSettings = false
  public var stalk = 3
  public var layers = 2
  public var channels = 16
  public var orthogonalMap = OrthogonalMap.householder
  public var addsLowPass = false
  public var addsHighPass = false
  public var weighsEdges = true
  public var hasSparseLearner = false
  public var sharesSheaf = false
  public var normalizesByDegree = false
  public var hidden = 32
  public var learningRate = 0.02
  public var weightDecay = 5e-3
  public var sheafDecay = 5e-3
  public var baselineDecay = 5e-4
  public var dropout = 0.7
  public var inputDropout = 0.0
  public var epochs = 200
  public var patience = 60
  public var bipartiteLayers = 8
  public var homophilies = [0.1, 0.3, 0.5, 0.7, 0.9]
  public var depths = [2, 4, 8, 16, 32]
  public var depthDropout = 0.2
  public var depthLearningRate = 0.01
  public var diffusionSteps = 2000

  public static let fields: [Field] = [
    Field("experiments", \.experiments, "parts of the study"),
    Field("methods", \.methods, "what is trained, each on the same divisions"),
    Field("sets", \.sets, "which of the given graphs, by name; all", allowed: "names between commas, or all"),
    Field("seeds", \.seeds, "repetitions on generated graphs", in: 1...100),
    Field("splits", \.splits, "divisions of a graph into training, validation and test nodes", in: 1...100),
    Field("usesPublishedSettings", \.usesPublishedSettings, "the published settings of each graph instead of the following ones"),
    Field("stalk", \.stalk, "d, coordinates of a stalk with learned maps", in: 1...16),
    Field("layers", \.layers, "layers of diffusion", in: 1...256),
    Field("channels", \.channels, "h, channels of a stalk", in: 1...1024),
    Field("orthogonalMap", \.orthogonalMap, "how numbers become an orthogonal matrix"),
    Field("addsLowPass", \.addsLowPass, "a stalk's coordinate with off-diagonal +1"),
    Field("addsHighPass", \.addsHighPass, "a stalk's coordinate with off-diagonal -1"),
    Field("weighsEdges", \.weighsEdges, "learned weights of edges of orthogonal sheaves"),
    Field("hasSparseLearner", \.hasSparseLearner, "learners of maps that add up stalk coordinates first"),
    Field("sharesSheaf", \.sharesSheaf, "one sheaf for all layers"),
    Field("normalizesByDegree", \.normalizesByDegree, "Laplacians scaled by degrees of nodes"),
    Field("hidden", \.hidden, "units of the hidden layer of GCN and MLP; GAT has 8 heads of an eighth", in: 8...4096),
    Field("learningRate", \.learningRate, "of Adam", in: 1e-8...10),
    Field("weightDecay", \.weightDecay, "added to gradients", in: 0...10),
    Field("sheafDecay", \.sheafDecay, "the same for learners of maps", in: 0...10),
    Field(
      "baselineDecay", \.baselineDecay,
      "the same for GCN, GAT and MLP: with that of the sheaf networks they learn next to nothing from rows that add up to 1", in: 0...10),
    Field("dropout", \.dropout, "probability", in: 0...0.99),
    Field("inputDropout", \.inputDropout, "probability, on features", in: 0...0.99),
    Field("epochs", \.epochs, "epochs at most", in: 1...1_000_000),
    Field("patience", \.patience, "epochs without a smaller validation loss that end a training", in: 1...1_000_000),
    Field("bipartiteLayers", \.bipartiteLayers, "layers on bipartite graphs", in: 1...256),
    Field("homophilies", \.homophilies, "shares of edges within a class", eachIn: 0...1),
    Field("depths", \.depths, "numbers of layers", eachIn: 1...256),
    Field(
      "depthDropout", \.depthDropout, "probability in the comparison of depths, for all methods: each layer of a sheaf network drops anew",
      in: 0...0.99),
    Field("depthLearningRate", \.depthLearningRate, "of Adam in that comparison", in: 1e-8...10),
    Field("diffusionSteps", \.diffusionSteps, "steps of the diffusion along sheaves made from labels", in: 1...1_000_000),
  ]

  public func validate() throws(OptionError) {
    for (name, values, count) in [
      ("experiments", experiments.optionText, (experiments.count, Set(experiments).count)),
      ("methods", methods.optionText, (methods.count, Set(methods).count)),
    ] where count.0 != count.1 { throw OptionError(field: name, value: values, expected: "each at most once") }
    guard stalk >= 2 || !methods.contains(.orthogonal) else {
      throw OptionError(field: "stalk", value: stalk.optionText, expected: "at least 2 for orthogonal maps")
    }
    guard orthogonalMap.allows(stalk) else {
      throw OptionError(field: "orthogonalMap", value: orthogonalMap.rawValue, expected: "a stalk of 2 or 3 coordinates")
    }
  }

  /// Theory and bipartite graphs; no files.
  static let quick: SheafOptions = {
    var options = SheafOptions(experiments: [.theory, .bipartite, .benchmark])
    options.methods = [.diagonal, .orthogonal, .general, .gcn, .mlp]
    options.seeds = 1
    options.splits = 2
    options.epochs = 80
    options.patience = 40
    options.diffusionSteps = 500
    return options
  }()

  static let reduced = SheafOptions(experiments: Experiment.allCases)

  /// Ten divisions with the published settings of each graph.
  static let paper: SheafOptions = {
    var options = SheafOptions(experiments: Experiment.allCases)
    options.methods = Method.allCases
    options.sets = ["all"]
    options.splits = 10
    options.seeds = 10
    options.usesPublishedSettings = true
    options.epochs = 500
    options.patience = 200
    return options
  }()
}

extension OrthogonalMap: OptionValue {}
