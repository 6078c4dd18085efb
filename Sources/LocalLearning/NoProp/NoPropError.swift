/// Settings or data that NoProp cannot work with.
public enum NoPropError: Error, Equatable, Sendable {
  /// A chain needs at least one block.
  case stepCount(Int)
  /// The number of blocks is not the number of steps of the schedule.
  case blockCount(found: Int, expected: Int)
  /// abar_t must lie in (0, 1) and increase with t; `step` is the first t where it does not.
  case signalNotIncreasing(step: Int, value: Double, previous: Double)
  /// The weight eta of the denoising term is negative.
  case denoisingWeight(Double)
  /// A label outside 0 ..< classCount.
  case label(Int, position: Int, classCount: Int)
  /// W must have one row a class.
  case embeddingRows(found: Int, expected: Int)
  /// A part that has to have the width of the label embedding has another.
  case embeddingWidth(part: String, found: Int, expected: Int)
  /// No training image of a class, so it has no prototype.
  case emptyClass(Int)
  /// A setting outside its range.
  case setting(name: String, value: Double, allowed: String)
}

extension NoPropError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .stepCount(let count): "NoProp: T is \(count); a chain has at least 1 block"
    case .blockCount(let found, let expected):
      "NoProp: \(found) blocks for a noise schedule of T = \(expected) steps; give one block a step"
    case .signalNotIncreasing(let step, let value, let previous):
      "NoProp: abar_\(step) is \(value) after \(previous); abar must lie in (0, 1) and increase with t"
        + " (a cosine schedule of many steps needs a smaller clip)"
    case .denoisingWeight(let eta): "NoProp: eta is \(eta); the weight of the denoising term must be at least 0"
    case .label(let label, let position, let count):
      "NoProp: label \(label) of example \(position) is not one of the \(count) classes 0 ... \(count - 1)"
    case .embeddingRows(let found, let expected):
      "NoProp: the label embedding has \(found) rows for \(expected) classes; give one row a class"
    case .embeddingWidth(let part, let found, let expected):
      "NoProp: \(part) is \(found) wide, the label embedding \(expected); they must agree"
    case .emptyClass(let label): "NoProp: no training image shows class \(label), so it has no prototype"
    case .setting(let name, let value, let allowed): "NoProp: \(name) is \(value); allowed: \(allowed)"
    }
  }
}
