import Tensors

/// Settings or inputs that a Hopfield network cannot work with. Each names the setting or argument at fault.
public enum HopfieldError: Error, Equatable, Sendable {
  /// A setting outside its range.
  case setting(name: String, value: String, allowed: String)
  /// An argument of another shape than is needed.
  case shape(argument: String, found: Shape, expected: String)
  /// A number of an argument is NaN or infinite.
  case notFinite(argument: String)
  /// The masks leave a state pattern nothing that it could be associated with.
  case maskedRow(batch: Int, row: Int)
  /// The updates did not come to rest.
  case noConvergence(updates: Int)
}

extension HopfieldError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .setting(let name, let value, let allowed): "Hopfield: \(name) is \(value); allowed: \(allowed)"
    case .shape(let argument, let found, let expected): "Hopfield: \(argument) has the shape \(found); expected: \(expected)"
    case .notFinite(let argument): "Hopfield: \(argument) holds NaN or infinity; expected: finite numbers"
    case .maskedRow(let batch, let row):
      "Hopfield: the masks hide every stored pattern from state pattern \(row) of batch entry \(batch); leave at least one in sight"
    case .noConvergence(let updates):
      "Hopfield: the associations still change after \(updates) updates; give a larger tolerance or a limit of updates"
    }
  }
}
