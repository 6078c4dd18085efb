import Architectures
import Datasets
import Foundation
import Layers
import Tensors
import Training

/// DeepONet beside plain networks on operators with known solvers (Lu, Jin, Pang, Zhang and Karniadakis, 2021).
public enum DeepONetStudy: Study {
  public static let card = StudyCard(
    slug: "deeponet", title: "Learning nonlinear operators via DeepONet based on the universal approximation theorem of operators",
    authors: ["Lu Lu", "Pengzhan Jin", "Guofei Pang", "Zhongqiang Zhang", "George Em Karniadakis"], year: 2021, source: "arXiv 1910.03193",
    family: .architectures,
    problem: "A solver has to solve anew for every input function; a network on function and place side by side generalises badly.",
    claim: "A branch for the function and a trunk for the place learn whole solution operators with a small generalisation error.",
    data: [.generated, .fields])

  public static func options(_ preset: Preset) -> DeepONetOptions {
    switch preset {
    case .quick: .quick
    case .reduced: .reduced
    case .paper: .paper
    }
  }

  public static func run(_ options: DeepONetOptions, _ run: StudyRun) throws -> Findings {
    if let location = run.data { return try DeepONetFileStudy(options: options, run: run, location: location).findings() }
    let phase = run.progress.phase("operator", of: options.problems.count)
    var outcomes: [DeepONetOutcome] = []
    for (index, problem) in options.problems.enumerated() {
      outcomes.append(try DeepONetOutcome(problem, isFirst: index == 0, options: options, run: run))
      phase.advance()
    }
    phase.finish()
    try outcomes[0].save(to: run)
    let convergence =
      options.convergence
      ? try DeepONetConvergence(options: options, problem: options.problems[0], run: run).outcome() : nil
    return try DeepONetFindings(options: options, preset: run.preset, outcomes: outcomes, convergence: convergence, run: run).findings()
  }

  public static func verify(_ file: SafetensorsFile) throws -> [ParityTensor] { try DeepONetParity.tensors(of: file) }

  public static func networks(_ options: DeepONetOptions) throws -> [StudyNetwork] {
    let run = StudyRun(directory: FileManager.default.temporaryDirectory)
    let problem = options.problems[0]
    let family = try problem.family(options, sensors: options.settings(problem).sensors)
    let training = DeepONetTraining(options: options, settings: options.settings(problem), run: run, seed: 1)
    return try options.variants.map {
      StudyNetwork($0.title, RowNetwork(body: try training.network($0, queryDimension: family.queryDimension), sensors: family.sensorCount))
    }
  }

  public static func predict(_ inputs: [String], with model: SavedModel<DeepONetOptions>) throws -> [Prediction] {
    try DeepONetPredictor(model).predict(inputs)
  }
}

/// A network of two inputs as one of rows that hold both.
struct RowNetwork: Module {
  let body: any OperatorNetwork
  let sensors: Int
}
