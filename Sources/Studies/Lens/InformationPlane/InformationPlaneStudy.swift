import Datasets
import Foundation
import Layers
import Lens
import Tensors
import Training

/// Networks in the information plane, beside ReLU and linear networks, other estimators, and the bottleneck's optimum (Shwartz-Ziv and Tishby, 2017).
public enum InformationPlaneStudy: Study {
  public static let card = StudyCard(
    slug: "information-plane", title: "Opening the Black Box of Deep Neural Networks via Information",
    authors: ["Ravid Shwartz-Ziv", "Naftali Tishby"],
    year: 2017, source: "arXiv 1703.00810", family: .lens,
    problem: "Accuracy says how well a network does, not what its layers keep of the input, or when they forget it.",
    claim:
      "Layers first fit, then for most of the training compress the input while keeping the label, down to the information bottleneck's bound.",
    data: [.generated, .table, .labelledImages])

  public static func options(_ preset: Preset) -> InformationPlaneOptions {
    switch preset {
    case .quick: .quick
    case .reduced: .reduced
    case .paper: .paper
    }
  }

  public static func run(_ options: InformationPlaneOptions, _ run: StudyRun) throws -> Findings {
    do {
      return try findings(options, run)
    } catch let error as InformationError {
      // Which of the two is at fault, the command line has to know.
      if case .setting = error { throw StudyError(error.description) }
      throw StudyError(error.description, because: .data)
    }
  }

  private static func findings(_ options: InformationPlaneOptions, _ run: StudyRun) throws -> Findings {
    var task = InformationPlaneTask.rule()
    if let location = run.data {
      let source = try InformationPlaneTask.source(location, options, seed: run.seed)
      guard !source.training.hasImages else { return try pictureFindings(source, at: location, options, run) }
      task = try InformationPlaneTask(source, at: location, options, seed: run.seed)
    }
    let training = InformationPlaneTraining(options: options, task: task, run: run)
    let phase = run.progress.phase("variant", of: options.variants.count)
    var trajectories: [InformationPlaneVariant: InformationPlaneTrajectory] = [:]
    for variant in options.variants {
      trajectories[variant] = try training.train(training.experiment(variant), gradients: variant == .tanh)
      phase.advance()
    }
    phase.finish()
    let bottleneck = task.isRule ? try InformationPlaneBottleneck(options, training: training, run: run) : nil
    try InformationPlanePredictor.save(trajectories[.tanh]!, task: task, to: run)
    return try InformationPlaneFindings(
      options: options, task: task, run: run, training: training, trajectories: trajectories, bottleneck: bottleneck
    ).findings()
  }

  /// Where bins saturate, other networks are watched by other estimators.
  private static func pictureFindings(
    _ source: DataSource, at location: String, _ options: InformationPlaneOptions, _ run: StudyRun
  ) throws -> Findings {
    let name = source.kind == .generated ? "generated \(location)" : URL(fileURLWithPath: location).lastPathComponent
    let task = try PictureTask(source, name: name, options, seed: run.seed)
    let training = PictureTraining(options: options, task: task, run: run)
    var trajectories: [PictureNetwork: [PictureTrajectory]] = [:]
    let phase = run.progress.phase("network", of: options.pictureNetworks.count * options.networks)
    defer { phase.finish() }
    for network in options.pictureNetworks {
      for seed in run.seeds(options.networks) {
        let (trajectory, model) = try training.train(network, seed: seed)
        if trajectories.isEmpty { try InformationPlanePredictor.save(model, classNames: task.training.classNames, to: run) }
        trajectories[network, default: []].append(trajectory)
        phase.advance()
      }
    }
    return PictureFindings(options: options, task: task, trajectories: trajectories).findings()
  }

  public static func verify(_ file: SafetensorsFile) throws -> [ParityTensor] { try InformationPlaneParity.tensors(of: file) }

  public static func networks(_ options: InformationPlaneOptions) throws -> [StudyNetwork] {
    let ensemble = NetworkEnsemble(widths: [SymmetricRule.bitCount] + options.hiddenUnits + [2], seeds: [1])
    return [StudyNetwork("one of the tanh networks", ensemble.network(0))]
      + options.pictureNetworks.map {
        StudyNetwork("\($0.title) on pictures of 28 x 28", $0.fresh(for: [28, 28, 1], classes: 10, seed: 1))
      }
  }

  public static func predict(_ inputs: [String], with model: SavedModel<InformationPlaneOptions>) throws -> [Prediction] {
    try InformationPlanePredictor(model).predict(inputs)
  }
}
