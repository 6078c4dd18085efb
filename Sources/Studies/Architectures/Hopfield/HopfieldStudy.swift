import Architectures
import Layers
import Tensors
import Training

/// Modern Hopfield networks beside what they replace: memories, pooling of sets, attention, sequences, tables (Ramsauer et al., 2021).
public enum HopfieldStudy: Study {
  public static let card = StudyCard(
    slug: "hopfield", title: "Hopfield Networks is All You Need",
    authors: [
      "Hubert Ramsauer", "Bernhard Schäfl", "Johannes Lehner", "Philipp Seidl", "Michael Widrich", "Thomas Adler", "Lukas Gruber",
      "Markus Holzleitner", "Milena Pavlović", "Geir Kjetil Sandve", "Victor Greiff", "David Kreil", "Michael Kopp", "Günter Klambauer",
      "Johannes Brandstetter", "Sepp Hochreiter",
    ], year: 2021, source: "ICLR 2021, arXiv 2008.02217", family: .architectures,
    problem: "A network needs to store, look up and pool whole sets of patterns, and classical Hopfield networks hold few and binary ones.",
    claim:
      "A Hopfield network with continuous states stores exponentially many patterns, retrieves with one update, and that update is attention.",
    data: [.generated, .labelledImages, .table])

  public static func options(_ preset: Preset) -> HopfieldOptions {
    switch preset {
    case .quick: .quick
    case .reduced: .reduced
    case .paper: .paper
    }
  }

  public static func run(_ options: HopfieldOptions, _ run: StudyRun) throws -> Findings {
    let data = try HopfieldData(run.data, options, seed: run.seed)
    var findings = Findings(on: data.summary)
    let phase = run.progress.phase("experiment", of: options.experiments.count)
    defer { phase.finish() }
    for experiment in options.experiments {
      switch experiment {
      case .memory: try MemoryExperiment(options: options, data: data, run: run).add(to: &findings)
      case .bits: try BitPatternExperiment(options: options, run: run).add(to: &findings)
      case .latch: try LatchExperiment(options: options, run: run).add(to: &findings)
      case .bags: try DigitBagExperiment(options: options, data: data, run: run).add(to: &findings)
      case .instances: try InstanceBagExperiment(options: options, data: data, run: run).add(to: &findings)
      case .tables: try TableExperiment(options: options, data: data, run: run).add(to: &findings)
      case .repertoires: try RepertoireExperiment(options: options, data: data, run: run).add(to: &findings)
      }
      phase.advance()
    }
    return findings
  }

  public static func verify(_ file: SafetensorsFile) throws -> [ParityTensor] { try HopfieldParity.tensors(of: file) }

  public static func networks(_ options: HopfieldOptions) throws -> [StudyNetwork] {
    var random = RandomStream(seed: 1)
    return [
      StudyNetwork("bit patterns, adapted pooling", try BitPatternExperiment.network(.adaptedPooling, random: &random)),
      StudyNetwork("sequences, pooling", try LatchExperiment.network(.pooling, random: &random)),
      StudyNetwork("bags of digits, Hopfield pooling", try DigitBagExperiment.network(.hopfield, options, random: &random)),
    ]
  }

  public static func predict(_ inputs: [String], with model: SavedModel<HopfieldOptions>) throws -> [Prediction] {
    try DigitBagPredictor(model).predict(inputs)
  }
}
