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
    let setup = try SupernetSetup(options, run)
    let references = ReferenceNetworks(setup.design, middle: try options.space.middle(of: setup.design), count: options.references)
    let selection = try BigNASSelection(setup: setup)
    func training(_ seed: Int) -> BigNASTraining { BigNASTraining(setup: setup, references: references, seed: seed) }

    let variants = options.variants + options.ablations
    let results = try run.overSeeds(options.seeds) { seed in
      let phase = run.progress.phase("way of training", of: variants.count)
      defer { phase.finish() }
      return try variants.map { variant in
        let result = try training(seed).train(variant)
        phase.advance()
        return result
      }
    }
    let lengths = try options.lengths.map { length in
      // What was trained as long already serves.
      let known = length == options.epochs ? variants : []
      return try run.overSeeds(options.seeds) { seed in
        func accuracies(_ variant: BigNASVariant) throws -> [Double] {
          if let index = known.firstIndex(of: variant) { return results[seed - run.seed][index].accuracies }
          return try training(seed).train(variant, epochs: length).accuracies
        }
        return (cold: try accuracies(.sandwich), labels: try accuracies(.sandwichLabels))
      }
    }
    let first = training(run.seed)
    let alone = options.standsAlone ? try references.all.indices.map { try first.trainAlone($0) } : []
    let chosen = results[0].first { $0.variant == .sandwich } ?? results[0][0]
    let selected = try selection.result(chosen, references)
    return BigNASFindings(
      options: options, data: setup.data, references: references, results: results, alone: alone, lengths: lengths, selected: selected
    ).findings()
  }

  public static func verify(_ file: SafetensorsFile) throws -> [ParityTensor] { try BigNASParity.tensors(of: file) }

  public static func networks(_ options: BigNASOptions) throws -> [StudyNetwork] { try options.studyNetworks(zeroesLastScale: true) }

  public static func predict(_ inputs: [String], with model: SavedModel<BigNASOptions>) throws -> [Prediction] {
    try SpecializedNetworkFile(reading: model.parameters).predict(inputs)
  }
}
