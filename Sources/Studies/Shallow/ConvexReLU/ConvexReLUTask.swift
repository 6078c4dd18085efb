import Shallow
import Tensors
import Training

/// Every way of training on one split of the data, judged with and without an attack.
struct ConvexReLUTask {
  struct Entry {
    let name: String
    let role: SeriesRole
    /// In percent; one value a network.
    let clean: [Double]
    let attacked: [Double]
  }

  let entries: [Entry]
  let robust: RobustADMM.Solution
  let plain: RobustADMM.Solution
  /// The robust network's mean hinge on attacked training examples.
  let attackedLoss: Double
  /// Of the squared loss on the same patterns.
  let certificate: OptimalityCertificate
  let sampledCertificate: OptimalityCertificate

  static let robustName = "robust convex"
  static let plainName = "convex"

  init(_ options: ConvexReLUOptions, split: ConvexReLUData.Split, run: StudyRun, seed: Int) throws {
    let problem = try split.problem(.hinge, beta: options.beta)
    var random = RandomStream(seed: seed, step: -16)
    let patterns = ActivationPatterns.robust(
      features: problem.features, directions: options.directions, corners: options.corners, radius: options.epsilon,
      perturbable: problem.perturbable, random: &random)
    func solved(_ radius: Double) throws -> RobustADMM.Solution {
      try RobustADMM(
        RobustConvexProgram(problem, patterns: patterns, radius: radius), settings: .init(maximumIterations: options.robustIterations)
      ).solve()
    }
    robust = try solved(options.epsilon)
    plain = try solved(0)
    let attack = ProjectedGradientAttack(radius: options.epsilon, steps: options.attackSteps)
    let test = split.biasedTest
    func judged(_ name: String, _ role: SeriesRole, _ networks: ReLUNetworks) -> Entry {
      let moved = attack.perturbed(
        test, targets: split.testLabels, networks: networks, perturbable: problem.perturbable, random: &random)
      return Entry(
        name: name, role: role, clean: networks.accuracies(test, targets: split.testLabels).map { 100 * $0 },
        attacked: networks.accuracies(moved, targets: split.testLabels).map { 100 * $0 })
    }
    var entries = [
      judged(Self.robustName, .method, robust.network), judged(Self.plainName, .method, plain.network),
    ]
    let strong = robust.plain.network(threshold: 0)
    let moved = attack.perturbed(
      problem.features, targets: problem.targets, networks: strong, perturbable: problem.perturbable, random: &random)
    attackedLoss = strong.losses(.hinge, moved, targets: problem.targets)[0]

    let squared = try split.problem(.squared, beta: options.beta * Double(problem.count))
    certificate = try ConvexADMM(
      squared, patterns: patterns, settings: .init(maximumIterations: 8000, primalTolerance: 1e-10, dualTolerance: 1e-10)
    ).solve()
      .certificate()
    let directions = SampledConvexProgram.directions(width: problem.width, count: options.sampledNeurons, random: &random)
    let smooth = try split.problem(.squaredHinge, beta: options.beta * Double(problem.count))
    let sampled = try SampledConvexProgram(smooth, directions: directions).solve()
    sampledCertificate = sampled.certificate
    entries.append(judged("sampled convex program", .method, sampled.network()))

    let seeds = (0..<options.adamSeeds).map { seed * 1000 + $0 }
    let attacks: [(String, NonConvexTraining.Examples)] = [
      ("Adam", .clean), ("Adam on FGSM examples", .attacked(.fastGradientSign(radius: options.epsilon))),
      ("Adam on PGD examples", .attacked(ProjectedGradientAttack(radius: options.epsilon, steps: options.attackSteps))),
    ]
    for (name, examples) in attacks {
      let training = NonConvexTraining(
        problem, neurons: 2 * patterns.count, steps: examples == .clean ? options.adamSteps : options.adversarialSteps, examples: examples)
      entries.append(judged(name, .baseline, training.train(seeds: seeds)))
    }
    self.entries = entries
  }
}
