import Layers
import Tensors

/// What state patterns may not be associated with.
public struct AssociationMask: Sendable {
  /// bool, true where a state pattern must not be associated with a stored pattern; or floating point, added to beta q k^T.
  /// (L, S), (N, L, S) or (N, H, L, S).
  public var association: Tensor?
  /// bool (N, S), true where a stored pattern is padding.
  public var padding: Tensor?

  public static let none = AssociationMask()

  public init(association: Tensor? = nil, padding: Tensor? = nil) {
    self.association = association
    self.padding = padding
  }
}

extension AssociationMask {
  /// Masks as they apply to logits of shape (N, H, L, S).
  struct Applied {
    /// Added to the logits; nil where nothing is.
    var addend: Tensor?
    /// True where a stored pattern is out of sight.
    var hidden: Tensor?
  }

  /// - Parameter extraPatterns: stored patterns that the module adds at the end, which every state sees.
  func applied(batch: Int, heads: Int, states: Int, stored: Int, extraPatterns: Int) throws(HopfieldError) -> Applied {
    var result = Applied()
    if let association {
      let shape = Array(association.shape)
      guard [[states, stored], [batch, states, stored], [batch, heads, states, stored]].contains(shape) else {
        throw .shape(
          argument: "mask.association", found: association.shape,
          expected: "(\(states), \(stored)), (\(batch), \(states), \(stored)) or (\(batch), \(heads), \(states), \(stored))")
      }
      guard association.dtype == .bool || association.dtype.isFloatingPoint else {
        throw .setting(name: "mask.association", value: "\(association.dtype)", allowed: "bool or floating point")
      }
      let broad = association.reshaped(
        to: shape.count == 2 ? [1, 1, states, stored] : shape.count == 3 ? [batch, 1, states, stored] : shape)
      if association.dtype == .bool {
        result.hidden = broad.extended(extraPatterns)
      } else {
        guard !association.isNaN().any().scalar(as: Bool.self) else { throw .notFinite(argument: "mask.association") }
        let isHidden = broad .< -1e29
        result.hidden = isHidden.extended(extraPatterns)
        result.addend = Tensor.select(isHidden, Tensor(0, dtype: broad.dtype), broad).padded(last: extraPatterns)
      }
    }
    if let padding {
      guard padding.dtype == .bool else { throw .setting(name: "mask.padding", value: "\(padding.dtype)", allowed: "bool") }
      guard Array(padding.shape) == [batch, stored] else {
        throw .shape(argument: "mask.padding", found: padding.shape, expected: "(\(batch), \(stored))")
      }
      let broad = padding.reshaped(to: [batch, 1, 1, stored]).extended(extraPatterns)
      result.hidden = result.hidden.map { $0 .| broad } ?? broad
    }
    if let hidden = result.hidden, extraPatterns == 0 { try Self.requireSight(hidden) }
    return result
  }

  /// Refuses a row that is hidden from end to end: its softmax would be of nothing.
  private static func requireSight(_ hidden: Tensor) throws(HopfieldError) {
    let isBlind = hidden.all(axes: [-1])
    guard keepingHistory({ isBlind.any().scalar(as: Bool.self) }) else { return }
    let shape = isBlind.shape
    let position = keepingHistory { isBlind.cast(to: .uint8).flattened().array(of: UInt8.self) }.firstIndex { $0 != 0 }!
    throw .maskedRow(batch: position / (shape[1] * shape[2]), row: position % shape[2])
  }
}

extension Tensor {
  /// A mask with `count` further columns that hide nothing.
  fileprivate func extended(_ count: Int) -> Tensor {
    count == 0 ? self : Tensor.concatenate([self, Tensor(repeating: 0, shape: Shape(shape.dropLast() + [count]), dtype: .bool)], axis: -1)
  }

  fileprivate func padded(last count: Int) -> Tensor {
    count == 0 ? self : Tensor.concatenate([self, Tensor.zeros(Shape(shape.dropLast() + [count]), dtype: dtype)], axis: -1)
  }
}
