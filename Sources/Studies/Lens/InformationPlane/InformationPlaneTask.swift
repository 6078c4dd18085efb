import Datasets
import Foundation
import Lens
import Tensors
import Training

/// Patterns with labels, of which all informations are measured.
struct InformationPlaneTask {
  let name: String
  let isGenerated: Bool
  /// (n, features), float32.
  let inputs: Tensor
  let labels: [Int]
  let classNames: [String]
  /// The same for equal inputs; nil where all differ.
  let inputNumbers: [Int]?
  /// Whether these are the 4096 patterns of the symmetric rule.
  var isRule: Bool { isGenerated }
  var classCount: Int { classNames.count }
  var width: Int { inputs.shape[1] }

  static func rule() -> InformationPlaneTask {
    InformationPlaneTask(
      name: "symmetric rule of 12 bits", isGenerated: true,
      inputs: Tensor(SymmetricRule.patterns, shape: [SymmetricRule.patternCount, SymmetricRule.bitCount]), labels: SymmetricRule.labels,
      classNames: ["0", "1"], inputNumbers: nil)
  }

  /// What `--data` names: a table whose last column is the class, or pictures with classes.
  /// - Throws: `FileAccessError`, `FileFormatError`; `StudyError` for data without classes.
  static func source(_ location: String, _ options: InformationPlaneOptions, seed: Int) throws -> DataSource {
    let source = try Dataset.open(
      location,
      options: OpenOptions(
        roles: Table.Roles(missing: .dropRows), generatedTraining: options.pictures, generatedTest: max(options.kernelSamples, 256),
        seed: seed))
    guard source.training.hasFeatures, source.training.classCount >= 2 else {
      throw StudyError(
        "\(location) holds \(source.kind.rawValue) without classes", because: .data,
        advice: "give a table whose label is a class, or pictures with classes")
    }
    return source
  }

  /// The rows of a table.
  /// - Throws: `StudyError` for one class only.
  init(_ source: DataSource, at location: String, _ options: InformationPlaneOptions, seed: Int) throws {
    let all = source.training
    let chosen = all.count > options.examples ? all.shuffled(seed: seed).prefix(options.examples) : all
    var features = chosen.features.cast(to: .float32).flattened(from: 1)
    let deviation = features.standardDeviation(axes: [0])
    features = (features - features.mean(axes: [0])) / Tensor.select(deviation .> 1e-9, deviation, Tensor(1))
    evaluate(features)
    let labels = chosen.classLabels
    // Classes that the chosen examples lack are left out.
    let present = Set(labels).sorted()
    guard present.count >= 2 else {
      throw StudyError("\(location) has one class only", because: .data, advice: "give at least two")
    }
    self.init(
      name: source.kind == .generated ? "generated \(location)" : URL(fileURLWithPath: location).lastPathComponent,
      isGenerated: false, inputs: features, labels: labels.map { present.firstIndex(of: $0)! },
      classNames: present.map { chosen.classNames[$0] },
      inputNumbers: BinnedInformation.inputNumbers(of: features.array(of: Float.self), width: features.shape[1]))
  }

  init(name: String, isGenerated: Bool, inputs: Tensor, labels: [Int], classNames: [String], inputNumbers: [Int]?) {
    self.name = name
    self.isGenerated = isGenerated
    self.inputs = inputs
    self.labels = labels
    self.classNames = classNames
    self.inputNumbers = inputNumbers
  }

  var summary: DataSummary {
    DataSummary(name, isGenerated: isGenerated, trainingExamples: labels.count, classes: classCount, shape: String(width))
  }
}
