import Layers
import Search
import Tensors
import Training

/// Once-for-All: one network trained by progressive shrinking beside slices of an ordinary one, training without phases, and networks trained alone
/// (Cai et al., 2020).
public enum OnceForAllStudy: Study {
  public static let card = StudyCard(
    slug: "once-for-all", title: "Once for All: Train One Network and Specialize It for Efficient Deployment",
    authors: ["Han Cai", "Chuang Gan", "Tianzhe Wang", "Zhekai Zhang", "Song Han"], year: 2020, source: "ICLR 2020, arXiv 1908.09791",
    family: .search, problem: "Every device needs a network of another size, and each costs a training of its own.",
    claim: "One network, trained once by progressive shrinking, holds good networks of every size, found for a bound in seconds.",
    data: [.labelledImages, .generated])

  public static func options(_ preset: Preset) -> OnceForAllOptions {
    switch preset {
    case .quick: .quick
    case .reduced: .reduced
    case .paper: .paper
    }
  }

  public static func run(_ options: OnceForAllOptions, _ run: StudyRun) throws -> Findings {
    let data = try SupernetData(
      run.data, .init(training: options.trainingExamples, validation: options.validationExamples, test: options.testExamples),
      seed: run.seed)
    let design = try SupernetDesign(options.space.configuration(channels: data.channels, classes: data.classCount))
    let networks = OnceForAllReferences(design, count: options.references)
    // A bound or a table that cannot be is refused before hours of training.
    let deployment = try OnceForAllDeployment(options: options, data: data, design: design, run: run)
    let results = try run.overSeeds(options.seeds) { seed in
      try OnceForAllTraining(options: options, data: data, design: design, networks: networks, run: run, seed: seed).result()
    }
    let deployed = try deployment.result(results[0].supernet, networks)
    return OnceForAllFindings(
      options: options, preset: run.preset, data: data, design: design, networks: networks, results: results, deployed: deployed
    ).findings()
  }

  public static func verify(_ file: SafetensorsFile) throws -> [ParityTensor] { try OnceForAllParity.tensors(of: file) }

  public static func networks(_ options: OnceForAllOptions) throws -> [StudyNetwork] {
    let channels = options.space == .fiveBlocks ? 1 : 3
    let design = try SupernetDesign(options.space.configuration(channels: channels, classes: 10))
    var random = RandomStream(seed: 1)
    let supernet = Supernet(design, random: &random)
    return [
      StudyNetwork("supernet", supernet), StudyNetwork("largest network", supernet.materialized(design.space.maximum)),
      StudyNetwork("smallest network", supernet.materialized(design.space.minimum)),
    ]
  }

  public static func predict(_ inputs: [String], with model: SavedModel<OnceForAllOptions>) throws -> [Prediction] {
    try SpecializedNetworkFile(reading: model.parameters).predict(inputs)
  }
}
