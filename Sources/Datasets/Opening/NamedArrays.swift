import Foundation
import Tensors

/// Arrays whose names say what they are: features and labels, of a training and perhaps a test part.
struct NamedArrays {
  let arrays: [String: Tensor]
  let path: String
  let classNames: [String]?

  private static let roles: [String: String] = [
    "features": Dataset.Name.features, "x": Dataset.Name.features, "images": Dataset.Name.features, "data": Dataset.Name.features,
    "inputs": Dataset.Name.features, "labels": Dataset.Name.labels, "y": Dataset.Name.labels, "label": Dataset.Name.labels,
    "targets": Dataset.Name.labels, "target": Dataset.Name.labels, "groups": Dataset.Name.groups, "group": Dataset.Name.groups,
    "writers": Dataset.Name.groups,
  ]

  init(_ arrays: [String: Tensor], path: String, classNames: [String]? = nil) {
    self.arrays = arrays
    self.path = path
    self.classNames = classNames
  }

  func datasets() throws -> (training: Dataset, test: Dataset?) {
    var parts: [Bool: [(name: String, array: String, tensor: Tensor)]] = [:]
    for (name, tensor) in arrays.sorted(by: { $0.key < $1.key }) {
      var words = name.lowercased().split(whereSeparator: { "_-./ ".contains($0) }).map(String.init)
      let isTest = words.contains("test")
      if words.count > 1 { words.removeAll { $0 == "train" || $0 == "training" || $0 == "test" } }
      let plain = words.joined(separator: " ")
      parts[isTest, default: []].append((Self.roles[plain] ?? plain, name, tensor))
    }
    let training = try parts[false].map { try dataset($0, part: "training") }
    let test = try parts[true].map { try dataset($0, part: "test") }
    guard var first = training ?? test else { throw FileFormatError(path: path, found: "no arrays", expected: "an array named features") }
    guard training != nil, var second = test else { return (try named(&first), nil) }
    guard first.featureShape == second.featureShape, first.features.dtype == second.features.dtype else {
      throw FileFormatError(
        path: path, found: "test features of \(second.features.dtype)\(second.features.shape)",
        expected: "\(first.features.dtype) of \(first.featureShape) a sample, as for training")
    }
    let count = max(classCount(first), classCount(second))
    return (try named(&first, count), try named(&second, count))
  }

  private func dataset(_ columns: [(name: String, array: String, tensor: Tensor)], part: String) throws -> Dataset {
    guard let features = columns.first(where: { $0.name == Dataset.Name.features }) else {
      let found = columns.map { "\($0.array) \($0.tensor.dtype)\($0.tensor.shape)" }.joined(separator: ", ")
      throw FileFormatError(
        path: path, found: found, expected: "an array named features, x, images, data or inputs, and labels or y where there are labels",
        advice: "rename the arrays")
    }
    guard features.tensor.rank >= 1, let count = features.tensor.shape.first, count > 0 else {
      throw FileFormatError(
        path: path, at: .field(features.array), found: "the shape \(features.tensor.shape)", expected: "at least one sample")
    }
    var result: [(name: String, column: Dataset.Column)] = []
    for (name, array, tensor) in [features] + columns.filter({ $0.array != features.array }) {
      func failure(_ found: String, _ expected: String) -> FileFormatError {
        FileFormatError(path: path, at: .field(array), found: found, expected: expected, advice: "")
      }
      guard !result.contains(where: { $0.name == name }) else { throw failure("a second array for \(name)", "one") }
      guard tensor.rank >= 1, tensor.shape[0] == count else {
        throw failure("the shape \(tensor.shape)", "\(count) rows, as \(features.array) has")
      }
      var tensor = tensor
      switch name {
      case Dataset.Name.features:
        if tensor.rank == 1 { tensor = tensor.reshaped(to: [count, 1]) }
        tensor = tensor.withChannels
      case Dataset.Name.labels:
        if tensor.rank == 2, tensor.shape[1] == 1 { tensor = tensor.reshaped(to: [count]) }
        if tensor.dtype.isFloatingPoint {
          tensor = tensor.cast(to: .float32)
        } else {
          guard tensor.rank == 1 else {
            throw failure("labels of shape \(tensor.shape)", "one class number a sample, or numbers of a floating type")
          }
          let values = tensor.array(of: Int.self)
          let limit = classNames?.count ?? Dataset.maximumClassCount
          if let row = values.firstIndex(where: { $0 < 0 || $0 >= limit }) {
            throw failure("the label \(values[row]) of sample \(row)", "class numbers in 0 ..< \(limit)")
          }
          tensor = Tensor(values.map { Int32($0) })
        }
      case Dataset.Name.groups:
        guard tensor.rank == 1, !tensor.dtype.isFloatingPoint else {
          throw failure("groups of \(tensor.dtype)\(tensor.shape)", "one number a sample")
        }
        tensor = tensor.cast(to: .int32)
      default: break
      }
      result.append((name, .tensor(tensor)))
    }
    return Dataset(
      name: "\(URL(fileURLWithPath: path).lastPathComponent) \(part)", columns: result, classNames: [], featureNames: [])
  }

  private func classCount(_ dataset: Dataset) -> Int {
    guard let labels = dataset.labels, !labels.dtype.isFloatingPoint else { return 0 }
    return (labels.array(of: Int.self).max() ?? -1) + 1
  }

  private func named(_ dataset: inout Dataset, _ count: Int? = nil) throws -> Dataset {
    let count = count ?? classCount(dataset)
    if count > 0 { dataset.classNames = classNames ?? (0..<count).map(String.init) }
    return dataset
  }
}
