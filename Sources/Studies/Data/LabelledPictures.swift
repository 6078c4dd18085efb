import Datasets
import Foundation
import Tensors
import Training

/// Pictures with classes, one part to learn from and one to judge by.
protocol LabelledPictures {
  /// As it stands in reports.
  var name: String { get }
  var isGenerated: Bool { get }
  /// Features (count, height, width, channels) with class labels.
  var training: Dataset { get }
  var test: Dataset { get }
}

extension LabelledPictures {
  var classCount: Int { training.classCount }
  /// Height, width, channels.
  var imageShape: [Int] { Array(training.featureShape) }

  var summary: DataSummary {
    DataSummary(
      name, isGenerated: isGenerated, trainingExamples: training.count, testExamples: test.count, classes: classCount,
      shape: imageShape.map(String.init).joined(separator: " x "))
  }
}

/// What `--data` names, opened: whole, in its order, as uint8. What a study takes of it is its own affair.
struct OpenedPictures: LabelledPictures {
  let name: String
  let isGenerated: Bool
  let training: Dataset
  let test: Dataset

  /// A set without a part for testing is split, a fifth for testing.
  /// - Throws: `FileAccessError`, `FileFormatError`; `StudyError` for data that are no labelled images.
  init(_ location: String, _ options: OpenOptions, seed: Int) throws {
    let source = try Dataset.open(location, options: options)
    guard source.training.hasImages, source.training.classCount >= 2 else {
      throw StudyError(
        "\(location) holds \(source.kind.rawValue) without labelled images", because: .data,
        advice: "give pictures with classes: an IDX or CIFAR folder, or one folder of pictures a class")
    }
    (training, test) = source.splits(testFraction: 0.2, seed: seed)
    isGenerated = source.kind == .generated
    name = isGenerated ? "generated \(location)" : URL(fileURLWithPath: location).lastPathComponent
  }

  /// Pictures that the study draws itself.
  init(drawn name: String, training: Dataset, test: Dataset) {
    (self.name, self.training, self.test) = (name, training, test)
    isGenerated = true
  }
}

extension Dataset {
  /// The same examples as float32 in [0, 1], each changed by `change`, some at a time: a whole set as float32 is four times its size, and twice in
  /// passing.
  func converted(_ change: (Tensor) -> Tensor) -> Dataset {
    let parts = stride(from: 0, to: count, by: 1000).map { start in
      let part = change(features[start..<min(start + 1000, count)].cast(to: .float32) / 255)
      evaluate(part)
      return part
    }
    let whole = Tensor.concatenate(parts)
    evaluate(whole)
    return Dataset(name: name, features: whole, labels: labels!, classNames: classNames)
  }
}
