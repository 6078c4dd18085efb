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
    let setup = try SupernetSetup(options, run)
    let networks = ReferenceNetworks(setup.design, count: options.references)
    // A bound or a table that cannot be is refused before hours of training.
    let deployment = try OnceForAllDeployment(setup: setup)
    let results = try run.overSeeds(options.seeds) { seed in
      try OnceForAllTraining(setup: setup, networks: networks, seed: seed).result()
    }
    let deployed = try deployment.result(results[0].supernet, networks)
    return OnceForAllFindings(setup: setup, networks: networks, results: results, deployed: deployed).findings()
  }

  public static func verify(_ file: SafetensorsFile) throws -> [ParityTensor] { try OnceForAllParity.tensors(of: file) }

  public static func networks(_ options: OnceForAllOptions) throws -> [StudyNetwork] { try options.studyNetworks() }

  public static func predict(_ inputs: [String], with model: SavedModel<OnceForAllOptions>) throws -> [Prediction] {
    try SpecializedNetworkFile(reading: model.parameters).predict(inputs)
  }
}
