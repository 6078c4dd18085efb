import Datasets
import Layers
import Lens
import Tensors
import Training

/// Networks that are watched while they learn pictures.
public enum PictureNetwork: String, OptionValue, Codable, CaseIterable {
  /// 784-50-20-10 on MNIST, tanh.
  case perceptron
  /// Two convolutions with pooling and a dense layer, rectified.
  case convolutional

  var title: String { self == .perceptron ? "tanh perceptron" : "convolutional network" }

  /// As a layer is called, from 0.
  func layerName(_ layer: Int, of count: Int) -> String {
    if layer == count - 1 { return "softmax" }
    if self == .convolutional { return layer == count - 2 ? "dense" : "convolution \(layer + 1)" }
    return "layer \(layer + 1)"
  }

  func fresh(for shape: Shape, classes: Int, seed: Int) -> LayeredClassifier {
    var random = RandomStream(seed: seed, step: -24)
    return switch self {
    case .perceptron: .perceptron(inputs: shape.elementCount, classes: classes, random: &random)
    case .convolutional: .convolutional(height: shape[0], width: shape[1], channels: shape[2], classes: classes, random: &random)
    }
  }
}

/// Pictures to learn from, and others on which layers are watched.
struct PictureTask {
  let name: String
  let kind: DataSource.Kind
  let training: Dataset
  /// (n, height, width, channels) in 0 ... 1.
  let watched: Tensor
  let watchedLabels: [Int]
  let test: Dataset
  var classCount: Int { training.classCount }
  var shape: Shape { training.featureShape }

  /// - Throws: `StudyError` for pictures that are too small, classes that the watched pictures lack, or too few pictures.
  init(_ source: DataSource, name: String, _ options: InformationPlaneOptions, seed: Int) throws {
    let parts = source.splits(testFraction: 0.2, seed: seed)
    func chosen(_ data: Dataset, _ count: Int) -> Dataset { data.count > count ? data.shuffled(seed: seed).prefix(count) : data }
    training = chosen(parts.training, options.pictures)
    test = chosen(parts.test, options.pictures)
    self.name = name
    kind = source.kind
    let shape = parts.training.featureShape
    guard shape[0] >= 4, shape[1] >= 4 else {
      throw StudyError(
        "\(name) holds pictures of \(shape[0]) x \(shape[1])", because: .data, advice: "give pictures of at least 4 x 4")
    }
    let few = chosen(test, options.kernelSamples)
    guard few.count >= 16 else {
      throw StudyError("\(name) has \(few.count) pictures to watch layers on", because: .data, advice: "give at least 80 in all")
    }
    watchedLabels = few.classLabels
    guard Set(watchedLabels).count >= 2 else {
      throw StudyError("the watched pictures of \(name) have one class only", because: .data, advice: "give at least two")
    }
    watched = few.features.cast(to: .float32) / 255
    evaluate(watched)
  }

  var summary: DataSummary {
    DataSummary(
      name, isGenerated: kind == .generated, trainingExamples: training.count, testExamples: test.count, classes: classCount,
      shape: shape.map(String.init).joined(separator: " x "))
  }
}
