import Layers
import Tensors

/// The part of a shared tensor that one architecture uses: a range of each axis.
public struct ParameterSlice: Sendable {
  public let parameter: Parameter
  public let ranges: [Range<Int>]

  init(_ parameter: Parameter, _ ranges: [Range<Int>]) {
    precondition(
      ranges.count == parameter.shape.rank && zip(ranges, parameter.shape).allSatisfy { $0.lowerBound >= 0 && $0.upperBound <= $1 },
      "ParameterSlice: \(ranges) of a tensor of shape \(parameter.shape)")
    self.parameter = parameter
    self.ranges = ranges
  }

  /// The first entries of each axis.
  init(_ parameter: Parameter, first extents: [Int]) { self.init(parameter, extents.map { 0..<$0 }) }

  /// The values; their derivative flows into the shared tensor, zero outside.
  public var value: Tensor {
    var value = parameter.value
    for (axis, range) in ranges.enumerated() where range.count != value.shape[axis] {
      value = value.slice(axis: axis, from: range.lowerBound, count: range.count)
    }
    return value
  }

  /// Ones inside the slice, zeros outside, of the shape of the shared tensor.
  public var indicator: Tensor {
    Tensor.ones(Shape(ranges.map(\.count)), dtype: parameter.dtype)
      .padded(zip(ranges, parameter.shape).map { (before: $0.lowerBound, after: $1 - $0.upperBound) })
  }
}
