import Search

/// A family of networks that a study can take.
package protocol SupernetSpace: OptionValue {
  func configuration(channels: Int, classes: Int) -> SupernetConfiguration
  /// What the spaces for photographs take; nil where it is as the pictures are.
  var channels: Int? { get }
}

/// What can be set about every study that trains a supernet: pictures, networks to judge by, and what all trainings have in common.
package protocol SupernetOptions: StudyOptions {
  associatedtype Space: SupernetSpace

  var space: Space { get set }
  var seeds: Int { get set }
  var trainingExamples: Int { get set }
  var validationExamples: Int { get set }
  var testExamples: Int { get set }
  var batchSize: Int { get set }
  var augmentation: PictureVariation { get set }
  var smoothing: Double { get set }
  var dropout: Double { get set }
  var weightDecay: Double { get set }
  var calibrationImages: Int { get set }
  var references: Int { get set }
  var latencyRuns: Int { get set }
}

extension SupernetOptions {
  static var spaceFields: [Field] {
    [
      Field("space", \.space, "the networks that share weights"),
      Field("seeds", \.seeds, "repetitions with other initial weights, orders and networks drawn", in: 1...100),
    ]
  }

  static var pictureFields: [Field] {
    [
      Field("trainingExamples", \.trainingExamples, "pictures to learn from: the first ones", in: 20...10_000_000),
      Field("validationExamples", \.validationExamples, "training pictures set apart for choosing networks", in: 10...1_000_000),
      Field("testExamples", \.testExamples, "pictures to judge by", in: 10...10_000_000),
      Field("batchSize", \.batchSize, "pictures a step", in: 2...100_000),
      Field("augmentation", \.augmentation, "how pictures are varied in training"),
    ]
  }

  static var lossFields: [Field] {
    [
      Field("smoothing", \.smoothing, "share of a label spread over the classes", in: 0...0.9),
      Field("dropout", \.dropout, "before the classifier, in training", in: 0...0.9),
      Field("weightDecay", \.weightDecay, "of kernels and matrices", in: 0...1),
    ]
  }

  static var judgementFields: [Field] {
    [
      Field("calibrationImages", \.calibrationImages, "training pictures for statistics", in: 2...1_000_000),
      Field("references", \.references, "random networks judged beside smallest, middle and largest", in: 0...1000),
      Field("latencyRuns", \.latencyRuns, "timed runs of each block or network", in: 5...10_000),
    ]
  }

  /// Drawn gratings in numbers that take seconds.
  mutating func takeFewPictures() {
    seeds = 1
    trainingExamples = 1500
    validationExamples = 400
    testExamples = 500
    batchSize = 25
    calibrationImages = 400
    references = 3
  }

  /// ImageNet, 10,000 training pictures set apart.
  mutating func takeImageNet() {
    seeds = 1
    trainingExamples = 1_271_167
    validationExamples = 10_000
    testExamples = 50_000
    augmentation = .resizedCrop
  }
}
