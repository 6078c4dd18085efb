import Datasets
import Foundation
import Search
import Tensors
import Training

/// Labelled pictures as supernets see them: float32, each channel normalised; a part of the training pictures is set apart for choosing architectures.
struct SupernetData {
  let name: String
  let isGenerated: Bool
  let training: Dataset
  /// From the training pictures; never the test ones.
  let validation: Dataset
  let test: Dataset
  let normalization: Normalization

  /// How many pictures to take.
  struct Sizes {
    var training: Int
    var validation: Int
    var test: Int
    /// Of what is drawn when no data are given.
    var drawnTraining: Int { training + validation }
  }

  /// Takes the first training pictures, and validation pictures from five sixths of the training set on (50,000 of 60,000).
  /// - Throws: `FileAccessError`, `FileFormatError`; `StudyError` for data that are no labelled images.
  init(_ location: String?, _ sizes: Sizes, seed: Int) throws {
    let training: Dataset
    let test: Dataset
    if let location {
      let source = try Dataset.open(
        location, options: OpenOptions(generatedTraining: sizes.drawnTraining, generatedTest: sizes.test, seed: seed))
      guard source.training.hasImages, source.training.classCount >= 2 else {
        throw StudyError(
          "\(location) holds \(source.kind.rawValue) without labelled images", because: .data,
          advice: "give pictures with classes: an IDX or CIFAR folder, or one folder of pictures a class")
      }
      (training, test) = source.splits(testFraction: 0.2, seed: seed)
      name = source.kind == .generated ? "generated \(location)" : URL(fileURLWithPath: location).lastPathComponent
      isGenerated = source.kind == .generated
    } else {
      training = GratingImages.dataset(count: sizes.drawnTraining, seed: seed)
      test = GratingImages.dataset(count: sizes.test, seed: seed &+ 1_000_003)
      name = "generated \(GratingImages.name)"
      isGenerated = true
    }
    let start = min(training.count * 5 / 6, max(0, training.count - sizes.validation))
    guard start >= 2, test.count >= 1 else {
      throw StudyError(
        "\(location ?? name) has \(training.count) training and \(test.count) test pictures", because: .data, advice: "give more pictures")
    }
    let ordered = location == nil ? training : Self.spread(training)
    let learnt = ordered.subset(Array(0..<min(sizes.training, start)))
    normalization = Normalization(fitting: learnt)
    self.training = Self.prepared(learnt, normalization)
    validation = Self.prepared(ordered.subset(Array(start..<min(start + sizes.validation, ordered.count))), normalization)
    self.test = Self.prepared(Self.spread(test).prefix(sizes.test), normalization)
  }

  /// Sets that lie sorted by class are mixed; others stay in their order, so that "the first pictures" means the same everywhere.
  private static func spread(_ set: Dataset) -> Dataset {
    let labels = set.classLabels
    let changes = zip(labels, labels.dropFirst()).count { $0 != $1 }
    return changes < labels.count / 4 ? set.shuffled(seed: 1) : set
  }

  private static func prepared(_ set: Dataset, _ normalization: Normalization) -> Dataset {
    // Some at a time: a whole set as float32 is four times its size, and twice in passing.
    let parts = stride(from: 0, to: set.count, by: 1000).map { start in
      let part = normalization(set.features[start..<min(start + 1000, set.count)].cast(to: .float32) / 255)
      evaluate(part)
      return part
    }
    let features = Tensor.concatenate(parts)
    evaluate(features)
    return Dataset(name: set.name, features: features, labels: set.labels!, classNames: set.classNames)
  }

  var classCount: Int { training.classCount }
  var channels: Int { training.featureShape[2] }

  var summary: DataSummary {
    DataSummary(
      name, isGenerated: isGenerated, trainingExamples: training.count, testExamples: test.count, classes: classCount,
      shape: training.featureShape.map(String.init).joined(separator: " x "))
  }

  /// Measures on the test pictures, or on those set apart for choosing; calibrated on the first training pictures.
  func evaluator(calibrationImages: Int, onValidation: Bool = false) -> SubnetEvaluator {
    let judged = onValidation ? validation : test
    return SubnetEvaluator(
      calibration: training.features[0..<min(calibrationImages, training.count)], images: judged.features, labels: judged.labels!)
  }
}

extension Tensor {
  /// A batch of pictures with two pixels of padding cropped at one random place for all, and each flipped with a chance of one half.
  func augmented(using random: inout SplitMix64) -> Tensor {
    let (height, width) = (shape[1], shape[2])
    let padded = padded([(0, 0), (2, 2), (2, 2), (0, 0)])
    let (row, column) = (random.integer(below: 5), random.integer(below: 5))
    let cropped = padded.slice(axis: 1, from: row, count: height).slice(axis: 2, from: column, count: width)
    let flips = Tensor((0..<shape[0]).map { _ in random.bernoulli(0.5) }).reshaped(to: [shape[0], 1, 1, 1])
    return Tensor.select(flips, cropped.flipped(2), cropped)
  }
}
