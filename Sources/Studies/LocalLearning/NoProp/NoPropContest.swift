import Training

extension NoPropStudy: ComparableStudy {
  /// NoProp-DT and NoProp-FM beside back-propagation through the same blocks and a plain network.
  static func contend(_ contest: Contest, _ run: StudyRun) throws -> [Contender] {
    var options = NoPropOptions(variants: [.discrete, .flow, .backpropagation, .convolutional])
    options.seeds = 1
    options.epochs = contest.epochs
    options.flowEpochs = contest.epochs
    options.batchSize = contest.batchSize
    let training = NoPropTraining(options: options, data: contest.images, run: run, seed: contest.seed)
    return try options.variants.map { variant in
      let (result, cost) = try StepCost.measured { try training.train(variant) }
      return Contender(
        name: variant.title, role: variant.role, accuracy: result.accuracy, cost: cost, parameterCount: result.classifier.parameterCount)
    }
  }
}
