import Graphs
import Layers
import Tensors
import Training

/// Neural sheaf diffusion beside convolutions and a perceptron (Bodnar et al., 2022).
public enum SheafStudy: Study {
  public static let card = StudyCard(
    slug: "neural-sheaf-diffusion",
    title: "Neural Sheaf Diffusion: A Topological Perspective on Heterophily and Oversmoothing in GNNs",
    authors: ["Cristian Bodnar", "Francesco Di Giovanni", "Benjamin Paul Chamberlain", "Pietro Liò", "Michael M. Bronstein"], year: 2022,
    source: "NeurIPS 2022, arXiv 2202.04579", family: .graphs,
    problem: "Graph networks average over neighbours: where neighbours differ they blur classes, and with depth everything.",
    claim: "Diffusion along learned maps between neighbours keeps classes apart on heterophilic graphs, and does not oversmooth.",
    data: [.graph, .generated])

  public static func options(_ preset: Preset) -> SheafOptions {
    switch preset {
    case .quick: .quick
    case .reduced: .reduced
    case .paper: .paper
    }
  }

  public static func run(_ options: SheafOptions, _ run: StudyRun) throws -> Findings {
    let data = try SheafData(run.data, options, seed: run.seed)
    var findings = Findings(on: data.summary)
    let experiments = SheafExperiments(options: options, data: data, run: run)
    let phase = run.progress.phase("experiment", of: options.experiments.count)
    defer { phase.finish() }
    for experiment in options.experiments.sorted(by: { order($0) < order($1) }) {
      switch experiment {
      case .benchmark: try experiments.addBenchmark(to: &findings)
      case .theory: try SheafTheory(options: options, run: run).add(to: &findings)
      case .bipartite: try experiments.addBipartite(to: &findings)
      case .communities: try experiments.addCommunities(to: &findings)
      case .depth: try experiments.addDepth(to: &findings)
      }
      phase.advance()
    }
    return findings
  }

  /// The benchmark comes first in the report.
  private static func order(_ experiment: SheafOptions.Experiment) -> Int {
    [.benchmark, .depth, .communities, .bipartite, .theory].firstIndex(of: experiment)!
  }

  public static func verify(_ file: SafetensorsFile) throws -> [ParityTensor] { try SheafParity.tensors(of: file) }

  public static func networks(_ options: SheafOptions) throws -> [StudyNetwork] {
    // The size of the texts of Texas.
    let graph = try UndirectedGraph(nodeCount: 2, edges: [(0, 1)])
    var random = RandomStream(seed: 1)
    return try options.methods.map { method in
      let classifier = try SheafTraining.classifier(method, SheafSettings(options), on: graph, inputs: 1703, classes: 5, random: &random)
      return StudyNetwork(method.title, classifier.module)
    }
  }

  public static func predict(_ inputs: [String], with model: SavedModel<SheafOptions>) throws -> [Prediction] {
    try SheafPredictor(model).predict(inputs)
  }
}
