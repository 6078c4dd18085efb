import Architectures
import Layers
import Tensors
import Training

/// VanillaNet beside the same network without its two tricks, and residual networks (Chen, Wang, Guo and Tao, 2023).
public enum VanillaNetStudy: Study {
  public static let card = StudyCard(
    slug: "vanillanet", title: "VanillaNet: the Power of Minimalism in Deep Learning",
    authors: ["Hanting Chen", "Yunhe Wang", "Jianyuan Guo", "Dacheng Tao"], year: 2023, source: "arXiv 2305.12972", family: .architectures,
    problem: "Depth, shortcuts and attention make image classifiers accurate and slow: latency follows depth.",
    claim: "A plain chain of a few convolutions, trained deep and merged, with a series of shifted ReLUs, is as accurate and faster.",
    data: [.labelledImages, .generated])

  public static func options(_ preset: Preset) -> VanillaNetOptions {
    switch preset {
    case .quick: .quick
    case .reduced: .reduced
    case .paper: .paper
    }
  }

  public static func run(_ options: VanillaNetOptions, _ run: StudyRun) throws -> Findings {
    // One set of images for all seeds: what differs is initial weights and order.
    let data = try VanillaNetData(run.data, options, seed: run.seed)
    let results = try run.overSeeds(options.seeds) { seed in
      let training = VanillaNetTraining(options: options, data: data, run: run, seed: seed)
      let phase = run.progress.phase("network", of: options.variants.count)
      defer { phase.finish() }
      return try options.variants.map { variant in
        let result = try training.train(variant)
        phase.advance()
        return result
      }
    }
    try VanillaNetPredictor.save(results[0], data: data, to: run)
    return try VanillaNetFindings(options: options, preset: run.preset, results: results, data: data).findings()
  }

  public static func verify(_ file: SafetensorsFile) throws -> [ParityTensor] { try VanillaNetParity.tensors(of: file) }

  public static func networks(_ options: VanillaNetOptions) throws -> [StudyNetwork] {
    var random = RandomStream(seed: 1)
    return try options.variants.filter { $0.residualScale == nil }.flatMap { variant -> [StudyNetwork] in
      let network = try VanillaNet(options.configuration(variant, side: options.side, channels: 3, classes: 10), random: &random)
      try network.setSlope(1)
      return [StudyNetwork(variant.title, network), StudyNetwork("\(variant.title), merged", try network.deployed())]
    }
  }

  public static func predict(_ inputs: [String], with model: SavedModel<VanillaNetOptions>) throws -> [Prediction] {
    try VanillaNetPredictor(model).predict(inputs)
  }
}
