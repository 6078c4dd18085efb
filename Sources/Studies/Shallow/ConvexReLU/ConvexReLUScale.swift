import Shallow
import Tensors
import Training

/// The exact program with sampled patterns on examples at full size.
struct ConvexReLUScale {
  let examples: Int
  let features: Int
  let iterations: [Int]
  let objectives: [Double]
  let objective: Double
  let accuracy: Double
  let adamAccuracy: [Double]
  /// What the factor of the whole matrix would take.
  let denseBytes: Double

  init(_ options: ConvexReLUOptions, data: ConvexReLUData, run: StudyRun) throws {
    let split = try data.split(seed: run.seed, examples: options.scaleExamples, side: nil)
    let problem = try split.problem(.squared, beta: options.scaleBeta)
    var random = RandomStream(seed: run.seed, step: -17)
    let patterns = try ActivationPatterns.sampled(features: problem.features, count: options.scalePatterns, random: &random)
    let update: ConvexADMM.Update =
      switch options.update {
      case .woodbury: .woodbury
      case .cholesky: .cholesky
      case .blockCoordinate:
        .blockCoordinate(BlockCoordinateDescent(searchesStep: true, tolerance: 1e-3, maximumSteps: 2 * options.scalePatterns))
      }
    let size = 2.0 * Double(patterns.count * problem.width)
    denseBytes = 8 * size * size
    if options.update == .cholesky, denseBytes > 8e9 {
      throw StudyError(
        "the factor of the whole matrix takes \(Int(denseBytes / 1e9)) GB at P = \(patterns.count) and d = \(problem.width)",
        advice: "choose --set update=woodbury or block-coordinate, or fewer patterns")
    }
    let phase = run.progress.phase("iteration", of: options.scaleIterations)
    defer { phase.finish() }
    let admm = try ConvexADMM(
      problem, patterns: patterns,
      settings: .init(update: update, penalty: 0.1, maximumIterations: options.scaleIterations, checkInterval: 1, seed: run.seed))
    var (iterations, objectives): ([Int], [Double]) = ([], [])
    let solution = admm.solve { iteration, objective in
      iterations.append(iteration)
      objectives.append(objective)
      run.recorder.record("scale/objective", objective, step: iteration)
      phase.advance()
    }
    (self.iterations, self.objectives) = (iterations, objectives)
    objective = objectives.last ?? .nan
    accuracy = solution.network().accuracies(split.biasedTest, targets: split.testLabels)[0]
    let steps = min(options.adamSteps, 300)
    let training = NonConvexTraining(problem, neurons: 2 * patterns.count, steps: steps)
    adamAccuracy = training.train(seeds: [run.seed]).accuracies(split.biasedTest, targets: split.testLabels)
    (examples, features) = (problem.count, problem.width - 1)
  }
}
