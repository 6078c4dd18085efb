import Layers
import Search
import Tensors
import Training

/// BigNAS beside training of random networks and networks trained alone (Yu et al., 2020).
public enum BigNASStudy: Study {
  public static let card = StudyCard(
    slug: "bignas", title: "BigNAS: Scaling Up Neural Architecture Search with Big Single-Stage Models",
    authors: [
      "Jiahui Yu", "Pengchong Jin", "Hanxiao Liu", "Gabriel Bender", "Pieter-Jan Kindermans", "Mingxing Tan", "Thomas Huang",
      "Xiaodan Song",
      "Ruoming Pang", "Quoc Le",
    ], year: 2020, source: "ECCV 2020, arXiv 2003.11142", family: .search,
    problem: "Networks cut out of a shared one need distillation, fine-tuning or training anew before they are any good.",
    claim: "One single-stage training gives networks of very different size that are used as they are cut out.",
    data: [.labelledImages, .generated])

  public static func options(_ preset: Preset) -> BigNASOptions {
    switch preset {
    case .quick: .quick
    case .reduced: .reduced
    case .paper: .paper
    }
  }

  public static func run(_ options: BigNASOptions, _ run: StudyRun) throws -> Findings {
    let data = try SupernetData(
      run.data, .init(training: options.trainingExamples, validation: options.validationExamples, test: options.testExamples),
      seed: run.seed)
    let design = try SupernetDesign(options.space.configuration(channels: data.channels, classes: data.classCount))
    let references = try BigNASReferences(design, space: options.space, count: options.references)
    let selection = try BigNASSelection(options: options, data: data, design: design, run: run)
    func training(_ seed: Int) -> BigNASTraining {
      BigNASTraining(options: options, data: data, design: design, references: references, run: run, seed: seed)
    }
    let results = try run.overSeeds(options.seeds) { seed in
      let phase = run.progress.phase("way of training", of: options.variants.count)
      defer { phase.finish() }
      return try options.variants.map { variant in
        let result = try training(seed).train(variant)
        phase.advance()
        return result
      }
    }
    let first = training(run.seed)
    let ablations = try options.ablations.map { try first.train($0) }
    let alone = options.standsAlone ? try references.architectures.indices.map { try first.trainAlone($0) } : []
    let lengths = try options.lengths.map { length in
      try run.overSeeds(options.seeds) { seed in
        (
          cold: try training(seed).train(.sandwich, epochs: length).accuracies,
          labels: try training(seed).train(.sandwichLabels, epochs: length).accuracies
        )
      }
    }
    let chosen = results[0].first { $0.variant == .sandwich } ?? results[0][0]
    let selected = try selection.result(chosen, references)
    return BigNASFindings(
      options: options, preset: run.preset, data: data, design: design, references: references, results: results, ablations: ablations,
      alone: alone.map(\.accuracy), aloneCosts: alone.map(\.cost), lengths: lengths, selected: selected
    ).findings()
  }

  public static func verify(_ file: SafetensorsFile) throws -> [ParityTensor] { try BigNASParity.tensors(of: file) }

  public static func networks(_ options: BigNASOptions) throws -> [StudyNetwork] {
    let design = try SupernetDesign(options.space.configuration(channels: options.space.channels ?? 1, classes: 10))
    var random = RandomStream(seed: 1)
    let supernet = Supernet(design, zeroesLastScale: true, random: &random)
    return [
      StudyNetwork("supernet", supernet), StudyNetwork("largest network", supernet.materialized(design.space.maximum)),
      StudyNetwork("smallest network", supernet.materialized(design.space.minimum)),
    ]
  }

  public static func predict(_ inputs: [String], with model: SavedModel<BigNASOptions>) throws -> [Prediction] {
    try SpecializedNetworkFile(reading: model.parameters).predict(inputs)
  }
}
