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

  /// The rule, or a table whose last column is the class, or pictures with classes.
  /// - Throws: `FileAccessError`, `FileFormatError`; `StudyError` for data without classes, or with an empty one.
  static func open(_ nameOrPath: String?, _ options: InformationPlaneOptions, seed: Int) throws -> InformationPlaneTask {
    guard let location = nameOrPath else { return rule() }
    let source = try Dataset.open(
      location,
      options: OpenOptions(roles: Table.Roles(missing: .dropRows), generatedTraining: options.examples, generatedTest: 1, seed: seed))
    let all = source.training
    guard all.hasFeatures, all.classCount >= 2 else {
      throw StudyError(
        "\(location) holds \(source.kind.rawValue) without classes", because: .data,
        advice: "give a table whose label is a class, or pictures with classes")
    }
    let chosen = all.count > options.examples ? all.shuffled(seed: seed).prefix(options.examples) : all
    var features = chosen.features.cast(to: .float32).flattened(from: 1)
    if chosen.hasImages {
      features = features / 255
    } else {
      let deviation = features.standardDeviation(axes: [0])
      features = (features - features.mean(axes: [0])) / Tensor.select(deviation .> 1e-9, deviation, Tensor(1))
    }
    evaluate(features)
    let labels = chosen.classLabels
    // Classes that the chosen examples lack are left out.
    let present = Set(labels).sorted()
    guard present.count >= 2 else {
      throw StudyError("\(location) has one class only", because: .data, advice: "give at least two")
    }
    return InformationPlaneTask(
      name: source.kind == .generated ? "generated \(location)" : URL(fileURLWithPath: location).lastPathComponent,
      isGenerated: false, inputs: features, labels: labels.map { present.firstIndex(of: $0)! },
      classNames: present.map { chosen.classNames[$0] },
      inputNumbers: BinnedInformation.inputNumbers(of: features.array(of: Float.self), width: features.shape[1]))
  }

  var summary: DataSummary {
    DataSummary(name, isGenerated: isGenerated, trainingExamples: labels.count, classes: classCount, shape: String(width))
  }
}
