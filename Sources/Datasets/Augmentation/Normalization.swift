import Tensors

/// (x - mean) / standardDeviation for every position of the last axis: channels of an image, columns of a table.
///
/// It is fitted to the training part only and saved beside the weights.
public struct Normalization: Codable, Hashable, Sendable {
  public let mean: [Float]
  public let standardDeviation: [Float]

  /// - Parameter standardDeviation: positive numbers, as many as `mean`.
  public init(mean: [Float], standardDeviation: [Float]) {
    precondition(
      mean.count == standardDeviation.count && !mean.isEmpty,
      "Normalization: \(mean.count) means and \(standardDeviation.count) standard deviations")
    precondition(standardDeviation.allSatisfy { $0 > 0 }, "Normalization: standard deviations must be positive, found \(standardDeviation)")
    self.mean = mean
    self.standardDeviation = standardDeviation
  }

  /// Mean and standard deviation of a data set's features, uint8 images counted as [0, 1]. What is constant keeps its scale.
  public init(fitting dataset: Dataset) {
    let features = dataset.features
    precondition(
      features.rank >= 2 && dataset.count > 0, "Normalization: features of shape \(features.shape) have no axis to normalise along")
    let width = features.shape[features.rank - 1]
    let rowCount = dataset.featureShape.elementCount
    var sum = [Double](repeating: 0, count: width)
    var squares = sum
    var row = [Float](repeating: 0, count: rowCount)
    // Two passes: the difference of two large sums would lose what a small deviation is made of.
    for pass in 0..<2 {
      for index in 0..<dataset.count {
        row.withUnsafeMutableBufferPointer { features.readRow(index, into: $0) }
        for start in stride(from: 0, to: rowCount, by: width) {
          for position in 0..<width {
            let value = Double(row[start + position])
            if pass == 0 { sum[position] += value } else { squares[position] += (value - sum[position]) * (value - sum[position]) }
          }
        }
      }
      if pass == 0 { for position in 0..<width { sum[position] /= Double(dataset.count * rowCount / width) } }
    }
    mean = sum.map { Float($0) }
    standardDeviation = squares.map {
      let deviation = Float(($0 / Double(dataset.count * rowCount / width)).squareRoot())
      return deviation > 1e-7 ? deviation : 1
    }
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    mean = try container.decode([Float].self, forKey: .mean)
    standardDeviation = try container.decode([Float].self, forKey: .standardDeviation)
    guard mean.count == standardDeviation.count, !mean.isEmpty, standardDeviation.allSatisfy({ $0 > 0 }) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "normalisation needs as many positive standard deviations as means"))
    }
  }

  /// Of a tensor whose last axis has as many positions as there are means.
  public func callAsFunction(_ features: Tensor) -> Tensor { (features - Tensor(mean)) / Tensor(standardDeviation) }

  /// Takes the normalisation back.
  public func inverted(_ features: Tensor) -> Tensor { features * Tensor(standardDeviation) + Tensor(mean) }

  func apply(to values: UnsafeMutableBufferPointer<Float>) {
    let width = mean.count
    precondition(values.count % width == 0, "Normalization: \(width) means do not fit samples of \(values.count) values")
    if width == 1 {
      let (mean, scale) = (mean[0], 1 / standardDeviation[0])
      for position in values.indices { values[position] = (values[position] - mean) * scale }
      return
    }
    for start in stride(from: 0, to: values.count, by: width) {
      for position in 0..<width { values[start + position] = (values[start + position] - mean[position]) / standardDeviation[position] }
    }
  }
}
