import Datasets
import Shallow
import Tensors
import Training

extension ConvexReLUStudy: ComparableStudy {
  /// One convex program a class against the others. An iteration of its ADMM reads every picture once, and there are as many iterations as the other
  /// methods make steps.
  static func contend(_ contest: Contest, _ run: StudyRun) throws -> [Contender] {
    let images = contest.images
    /// A row a picture, with a column of ones behind it for the bias.
    func rows(_ set: Dataset) -> Tensor {
      let flat = set.features.reshaped(to: [set.count, -1]).cast(to: .float64)
      return Tensor.concatenate([flat, Tensor.ones([set.count, 1], dtype: .float64)], axis: 1)
    }
    let features = rows(images.training)
    var random = RandomStream(seed: contest.seed)
    let patterns = try ActivationPatterns.sampled(features: features, count: Self.patternCount, random: &random)
    let iterations = contest.epochs * max(1, images.training.count / contest.batchSize)
    let (model, cost) = try StepCost.measured {
      try StepCost.counted {
        try OneVersusRest(
          features: features, labels: images.training.labels!, classCount: images.classCount, patterns: patterns, regularization: 1e-3,
          lastColumnIsBias: true, settings: ConvexADMM.Settings(maximumIterations: iterations))
      }
    }
    let accuracy = 100 * model.scores(rows(images.test)).accuracy(images.test.labels!)
    return [
      Contender(
        name: "convex program, \(Self.patternCount) patterns a class", role: .method, accuracy: accuracy, cost: cost,
        parameterCount: model.layers().parameterCount)
    ]
  }

  private static let patternCount = 16
}
