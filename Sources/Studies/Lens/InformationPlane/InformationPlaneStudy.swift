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
    let task = try InformationPlaneTask.open(run.data, options, seed: run.seed)
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

  public static func verify(_ file: SafetensorsFile) throws -> [ParityTensor] { try InformationPlaneParity.tensors(of: file) }

  public static func networks(_ options: InformationPlaneOptions) throws -> [StudyNetwork] {
    let ensemble = NetworkEnsemble(widths: [SymmetricRule.bitCount] + options.hiddenUnits + [2], seeds: [1])
    return [StudyNetwork("one of the tanh networks", ensemble.network(0))]
  }

  public static func predict(_ inputs: [String], with model: SavedModel<InformationPlaneOptions>) throws -> [Prediction] {
    try InformationPlanePredictor(model).predict(inputs)
  }
}
