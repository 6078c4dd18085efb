import Datasets
import Foundation
import Shallow
import Tensors
import Training

/// Two classes of the given data, as -1 and 1 with scaled features.
struct ConvexReLUData {
  let name: String
  let isGenerated: Bool
  let isPictures: Bool
  /// The classes as 1 and -1 in this order.
  let classNames: [String]
  private let training: Dataset
  private let test: Dataset
  private let options: ConvexReLUOptions

  /// - Throws: `FileAccessError`, `FileFormatError`; `StudyError` for data without the two classes.
  init(_ nameOrPath: String?, _ options: ConvexReLUOptions, seed: Int) throws {
    let location = nameOrPath ?? Handwriting.Characters.digits.rawValue
    let needed = max(options.trainingExamples, options.scaleExamples)
    // Of ten digits two are kept.
    let source = try Dataset.open(
      location,
      options: OpenOptions(
        roles: Table.Roles(missing: .dropRows), generatedTraining: 6 * needed, generatedTest: 6 * options.testExamples, seed: seed))
    let all = source.training
    guard all.classCount >= 2, all.hasFeatures else {
      throw StudyError(
        "\(location) holds \(source.kind.rawValue) without classes", because: .data,
        advice: "give pictures with classes, or a table whose label is a class")
    }
    let names = all.classCount == 2 && !options.classes.allSatisfy(all.classNames.contains) ? all.classNames : options.classes
    let indices = names.compactMap { all.classNames.firstIndex(of: $0) }
    guard indices.count == 2 else {
      throw StudyError(
        "\(location) has the classes \(all.classNames.prefix(20).joined(separator: ", ")), not \(names.joined(separator: " and "))",
        because: .data, advice: "choose two of them with --set classes=")
    }
    classNames = names
    let parts = source.splits(testFraction: 0.5, seed: seed)
    func kept(_ set: Dataset) -> Dataset { set.subset(set.classLabels.indices.filter { indices.contains(set.classLabels[$0]) }) }
    training = kept(parts.training)
    test = kept(parts.test)
    guard training.count >= 4, test.count >= 2 else {
      throw StudyError(
        "\(location) has \(training.count) and \(test.count) examples of \(names.joined(separator: " and ")) to learn from and to judge by",
        because: .data, advice: "give at least 4 and 2")
    }
    isPictures = source.kind != .table && all.hasImages
    name = source.kind == .generated ? "generated \(location)" : URL(fileURLWithPath: location).lastPathComponent
    isGenerated = source.kind == .generated
    self.options = options
  }

  /// One split: features without a bias column, labels -1 and 1.
  struct Split {
    let features: Tensor
    let labels: Tensor
    let testFeatures: Tensor
    let testLabels: Tensor
    let scaler: FeatureScaler

    func problem(_ loss: OutputLoss, beta: Double) throws -> ConvexReLUProblem {
      try ConvexReLUProblem(features: features, targets: labels, loss: loss, regularization: beta, addingBias: true)
    }
    /// Test features with the bias column.
    var biasedTest: Tensor {
      Tensor.concatenate([testFeatures, Tensor.ones([testFeatures.shape[0], 1], dtype: .float64)], axis: 1)
    }
  }

  /// - Parameters:
  ///   - examples: to learn from, at most, half of each class.
  ///   - side: pixels a side of pictures; nil keeps their size.
  func split(seed: Int, examples: Int, side: Int?) throws -> Split {
    let first = training.classNames.firstIndex(of: classNames[0])!
    let shuffled = training.shuffled(seed: seed)
    let half = [true, false].map { wantsFirst in
      shuffled.classLabels.indices.filter { (shuffled.classLabels[$0] == first) == wantsFirst }.prefix((examples + 1) / 2)
    }
    guard half.allSatisfy({ !$0.isEmpty }) else {
      throw StudyError("\(name) has one of the classes \(classNames.joined(separator: " and ")) only", because: .data)
    }
    let learned = shuffled.subset((half[0] + half[1]).sorted())
    let judged = test.shuffled(seed: seed).prefix(options.testExamples)
    func labels(_ set: Dataset) -> Tensor { Tensor(set.classLabels.map { $0 == first ? 1.0 : -1 }) }
    let raw = Self.flat(learned, side: side)
    let scaler = FeatureScaler(fitting: raw, scaling: options.scaling, isPictures: isPictures)
    let (features, testFeatures) = (scaler(raw), scaler(Self.flat(judged, side: side)))
    evaluate(features, testFeatures)
    return Split(features: features, labels: labels(learned), testFeatures: testFeatures, testLabels: labels(judged), scaler: scaler)
  }

  /// (n, features) in double precision; pictures reduced to `side` pixels.
  static func flat(_ set: Dataset, side: Int?) -> Tensor { flat(set.features, isPictures: set.hasImages, side: side) }

  static func flat(_ features: Tensor, isPictures: Bool, side: Int?) -> Tensor {
    var values = features.cast(to: .float32)
    if isPictures, let side, values.shape[1] != side || values.shape[2] != side {
      values = side < values.shape[1] ? values.adaptiveAveragePooled(to: [side, side]) : values.resized(to: [side, side])
    }
    return values.flattened(from: 1).cast(to: .float64)
  }

  func summary(_ split: Split) -> DataSummary {
    DataSummary(
      name, isGenerated: isGenerated, trainingExamples: split.labels.elementCount, testExamples: split.testLabels.elementCount, classes: 2,
      shape: "\(split.features.shape[1])")
  }
}

/// Brings features to a common scale, as measured on the training examples.
struct FeatureScaler: Codable, Equatable {
  let offset: [Double]
  let scale: [Double]

  init(fitting features: Tensor, scaling: ConvexReLUOptions.Scaling, isPictures: Bool) {
    let width = features.shape[1]
    if scaling == .range || (scaling == .automatic && isPictures) {
      let largest = isPictures ? 255 : max(features.abs().max().scalar(as: Double.self), .leastNormalMagnitude)
      offset = [Double](repeating: 0, count: width)
      scale = [Double](repeating: largest, count: width)
    } else {
      offset = features.mean(axes: [0]).array(of: Double.self)
      // A constant column stays zero.
      scale = features.standardDeviation(axes: [0]).array(of: Double.self).map { $0 > 1e-12 ? $0 : 1 }
    }
  }

  func callAsFunction(_ features: Tensor) -> Tensor { (features - Tensor(offset)) / Tensor(scale) }
}
