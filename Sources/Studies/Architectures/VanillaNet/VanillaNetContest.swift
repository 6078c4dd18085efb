import Training

extension VanillaNetStudy: ComparableStudy {
  /// VanillaNet as it is deployed, beside the same network trained without its two tricks and a residual network of as many multiply-adds.
  static func contend(_ contest: Contest, _ run: StudyRun) throws -> [Contender] {
    var options = VanillaNetOptions.reduced
    options.variants = [.vanillanet, .plain, .residual]
    options.seeds = 1
    options.epochs = contest.epochs
    options.batchSize = contest.batchSize
    let training = VanillaNetTraining(options: options, data: VanillaNetData(contest.images), run: run, seed: contest.seed)
    return try options.variants.map { variant in
      let (result, cost) = try StepCost.measured { try training.train(variant) }
      return Contender(
        name: variant.title, role: variant.role, accuracy: result.deployedAccuracy, cost: cost,
        parameterCount: result.network.deployed.parameterCount)
    }
  }
}
