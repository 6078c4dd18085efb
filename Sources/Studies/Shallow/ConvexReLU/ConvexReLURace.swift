import Foundation
import Shallow
import Tensors
import Training

/// A race to the global optimum on n points whose patterns are all enumerated: ADMM, sampled programs, and Adam from many starts.
struct ConvexReLURace {
  struct Optimum {
    let count: Int
    let objective: Double
    let certificate: OptimalityCertificate
  }

  struct Adam {
    let neurons: Int
    /// The value of (N) at the end, one a start.
    let objectives: [Double]
    /// By step.
    let steps: [Int]
    let curves: [[Double]]
  }

  let problem: ConvexReLUProblem
  let exact: ConvexSolution
  let exactCertificate: OptimalityCertificate
  /// The value of the program at v by iteration.
  let iterations: [Int]
  let objectives: [Double]
  let byPatterns: [Optimum]
  let byNeurons: [Optimum]
  let adams: [Adam]

  init(_ options: ConvexReLUOptions, run: StudyRun) throws {
    var random = RandomStream(seed: run.seed, step: -11)
    let x = Tensor.normal([options.racePoints, 2], key: random.next(), dtype: .float64)
    let y = (x[.all, 0] * 2).sin() + x[.all, 1].square()
    let problem = try ConvexReLUProblem(features: x, targets: y, regularization: options.raceBeta, addingBias: true)
    self.problem = problem
    let all = try ActivationPatterns.enumerated(features: problem.features)
    // In a random order, so that the first few are a sample of all.
    let order = Tensor.permutation(all.count, key: random.next())
    let patterns = ActivationPatterns(matrix: all.matrix.gathered(order, axis: 1), directions: all.directions.gathered(order, axis: 1))

    let counts = options.patternCounts.filter { $0 < patterns.count }.sorted() + [patterns.count]
    let phase = run.progress.phase("race", of: counts.count + options.neuronCounts.count + options.adamNeurons.count)
    defer { phase.finish() }
    var (iterations, objectives): ([Int], [Double]) = ([], [])
    var byPatterns: [Optimum] = []
    var last: ConvexSolution?
    for count in counts {
      let settings = ConvexADMM.Settings(
        penalty: options.racePenalty, maximumIterations: options.raceIterations, primalTolerance: 1e-8, dualTolerance: 1e-8,
        checkInterval: 10)
      let admm = try ConvexADMM(problem, patterns: patterns.prefix(count), settings: settings)
      let solution = try admm.solve { iteration, objective in
        guard count == patterns.count else { return }
        iterations.append(iteration)
        objectives.append(objective)
        run.recorder.record("race/objective", objective, step: iteration)
      }.polished()
      byPatterns.append(Optimum(count: count, objective: solution.objective, certificate: solution.certificate()))
      last = solution
      phase.advance()
    }
    exact = last!
    exactCertificate = byPatterns.last!.certificate
    (self.iterations, self.objectives, self.byPatterns) = (iterations, objectives, byPatterns)

    let neurons = options.neuronCounts.sorted()
    let directions = SampledConvexProgram.directions(width: problem.width, count: neurons.last!, random: &random)
    byNeurons = try neurons.map { count in
      defer { phase.advance() }
      let solution = try SampledConvexProgram(problem, directions: directions[.all, 0..<count]).solve()
      return Optimum(count: count, objective: solution.objective, certificate: solution.certificate)
    }

    adams = options.adamNeurons.map { neurons in
      defer { phase.advance() }
      var (steps, curves): ([Int], [[Double]]) = ([], [[Double]](repeating: [], count: options.adamSeeds))
      let networks = NonConvexTraining(problem, neurons: neurons, steps: options.adamSteps).train(seeds: run.seeds(options.adamSeeds)) {
        step, values in
        steps.append(step)
        for (index, value) in values.enumerated() { curves[index].append(value) }
      }
      return Adam(neurons: neurons, objectives: problem.objective(of: networks), steps: steps, curves: curves)
    }
  }

  /// How the largest difference of iterates between the two factorisations compares.
  static func factorizationDifference(_ problem: ConvexReLUProblem, patterns: ActivationPatterns) throws -> Double {
    let few = patterns.prefix(20)
    let one = try ConvexADMM(problem, patterns: few, settings: .init(update: .woodbury))
    let other = try ConvexADMM(problem, patterns: few, settings: .init(update: .cholesky))
    var (a, b) = (one.initialState(), other.initialState())
    var largest = 0.0
    for _ in 0..<50 {
      (a, b) = (one.step(a), other.step(b))
      largest = max(largest, (a.u - b.u).abs().max().scalar(as: Double.self))
    }
    return largest
  }

  /// Trials in which one more draw after those that theorem A asks for improves the optimum by more than 1e-6 of it.
  static func improvements(trials: Int, seed: Int) throws -> Double {
    guard trials > 0 else { return .nan }
    var improved = 0
    for trial in 0..<trials {
      var random = RandomStream(seed: seed + trial, step: -12)
      let x = Tensor.normal([8, 2], key: random.next(), dtype: .float64)
      let y = (x[.all, 0] * 2).sin() + x[.all, 1].square()
      let problem = try ConvexReLUProblem(features: x, targets: y, regularization: 0.1, addingBias: true)
      let draws = try ActivationPatterns.required(examples: 8, improvement: 0.2, risk: 0.1)
      let directions = Tensor.normal([3, draws + 1], key: random.next(), dtype: .float64)
      let before = ActivationPatterns(of: directions[.all, 0..<draws], features: problem.features)
      let after = ActivationPatterns(of: directions, features: problem.features)
      // A pattern drawn before improves nothing.
      guard after.count > before.count else { continue }
      func optimum(_ patterns: ActivationPatterns) throws -> Double {
        let settings = ConvexADMM.Settings(maximumIterations: 500)
        return try ConvexADMM(problem, patterns: patterns, settings: settings).solve().polished().objective
      }
      let (one, two) = (try optimum(before), try optimum(after))
      if two < one * (1 - 1e-6) { improved += 1 }
    }
    return Double(improved) / Double(trials)
  }

  /// Work of an iteration by the number of patterns, for both factorisations.
  static func work(_ counts: [Int]) throws -> [(update: String, flops: [Double])] {
    var random = RandomStream(seed: 0, step: -13)
    let x = Tensor.normal([64, 7], key: random.next(), dtype: .float64)
    let problem = try ConvexReLUProblem(features: x, targets: x[.all, 0], regularization: 0.1, addingBias: true)
    let patterns = try ActivationPatterns.sampled(features: problem.features, count: counts.max()!, random: &random)
    return try [("Woodbury", ConvexADMM.Update.woodbury), ("Cholesky of 2Pd x 2Pd", .cholesky)].map { name, update in
      let flops = try counts.map { count in
        try ConvexADMM(problem, patterns: patterns.prefix(count), settings: .init(update: update)).iterationPlan().flops
      }
      return (name, flops)
    }
  }
}
