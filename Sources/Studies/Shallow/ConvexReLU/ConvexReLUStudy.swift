import Layers
import Shallow
import Tensors
import Training

/// Convex programs of two-layer ReLU networks beside Adam, and convex adversarial training beside FGSM and PGD (Bai, Gautam and Sojoudi, 2023).
public enum ConvexReLUStudy: Study {
  public static let card = StudyCard(
    slug: "convex-relu",
    title: "Efficient Global Optimization of Two-layer ReLU Networks: Quadratic-time Algorithms and Adversarial Training",
    authors: ["Yatong Bai", "Tanmay Gautam", "Somayeh Sojoudi"], year: 2023, source: "SIAM Journal on Mathematics of Data Science 5 (2)",
    family: .shallow,
    problem: "Gradient descent on even a small network ends wherever its start leads, without a word on how good that is.",
    claim:
      "A convex program with the same optimum gives the globally optimal network with a duality gap, and its robust form bounds the worst case.",
    data: [.labelledImages, .table, .generated])

  public static func options(_ preset: Preset) -> ConvexReLUOptions {
    switch preset {
    case .quick: .quick
    case .reduced: .reduced
    case .paper: .paper
    }
  }

  public static func run(_ options: ConvexReLUOptions, _ run: StudyRun) throws -> Findings {
    do {
      return try findings(options, run)
    } catch let error as ConvexReLUError {
      // Which of the two is at fault, the command line has to know.
      throw StudyError(error.description, because: error.isOfData ? .data : .request)
    }
  }

  private static func findings(_ options: ConvexReLUOptions, _ run: StudyRun) throws -> Findings {
    let data = try ConvexReLUData(run.data, options, seed: run.seed)
    let side = data.isPictures ? options.side : nil
    let splits = try run.seeds(options.seeds).map { try data.split(seed: $0, examples: options.trainingExamples, side: side) }
    let tasks = try run.overSeeds(options.seeds) { seed in
      try ConvexReLUTask(options, split: splits[seed - run.seed], run: run, seed: seed)
    }
    let race = try ConvexReLURace(options, run: run)
    let clusters = try ConvexReLUClusters(options, run: run)
    let scale = options.scaleExamples > 0 ? try ConvexReLUScale(options, data: data, run: run) : nil
    try ConvexReLUPredictor.save(
      tasks[0].robust.network, data: data, split: splits[0],
      pictureShape: side.map { [$0, $0, splits[0].features.shape[1] / ($0 * $0)] }, to: run)
    return try ConvexReLUFindings(
      options: options, data: data, summary: data.summary(splits[0]), race: race, clusters: clusters, tasks: tasks, scale: scale,
      seed: run.seed
    ).findings()
  }

  public static func verify(_ file: SafetensorsFile) throws -> [ParityTensor] { try ConvexReLUParity.tensors(of: file) }

  /// The networks that Adam trains; how many neurons the convex programs need is their own finding.
  public static func networks(_ options: ConvexReLUOptions) throws -> [StudyNetwork] {
    var random = RandomStream(seed: 1)
    let neurons = 2 * (1 + options.directions * (1 + options.corners))
    let inputs = options.side * options.side
    return [
      StudyNetwork(
        "two layers, \(neurons) neurons",
        Sequential(
          Dense(inputs: inputs, outputs: neurons, random: &random), Activation(.relu),
          Dense(inputs: neurons, outputs: 1, hasBias: false, random: &random)))
    ]
  }

  public static func predict(_ inputs: [String], with model: SavedModel<ConvexReLUOptions>) throws -> [Prediction] {
    try ConvexReLUPredictor(model).predict(inputs)
  }
}

extension ConvexReLUError {
  /// Whether the data are the cause, not what was asked of them.
  fileprivate var isOfData: Bool {
    switch self {
    case .empty, .notFinite, .label, .zeroRow, .shape: true
    case .setting, .tooFewPatterns, .tooManyPatterns: false
    }
  }
}
