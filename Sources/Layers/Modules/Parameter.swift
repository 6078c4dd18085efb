import Synchronization
import Tensors

/// A tensor that a model owns: a weight to be learnt, or a statistic kept beside the weights.
///
/// Its identity is what sharing means: two layers that hold one object share one value, as tied embeddings and the sub-networks of a
/// supernet do. A part of it, `parameter.value[0..<8]`, is an ordinary tensor whose derivative flows back to the whole.
public final class Parameter: Sendable {
  public enum Role: Sendable, Hashable, Codable {
    /// Changed by optimisers.
    case weight
    /// Saved with the weights and kept up by its layer, but never optimised: the running mean of a batch normalisation.
    case statistic
  }

  private struct State {
    var value: Tensor
    var isTrainable: Bool
  }

  public let role: Role
  private let state: Mutex<State>

  /// Creates a parameter; a statistic is never trainable.
  public init(_ value: Tensor, role: Role = .weight, isTrainable: Bool = true) {
    self.role = role
    state = Mutex(State(value: value, isTrainable: isTrainable && role == .weight))
  }

  /// The present value.
  ///
  /// Setting it records an update of the same shape and element type and computes nothing: whatever next reads something that needs
  /// the old value performs the update along with it, in the old value's memory.
  public var value: Tensor {
    get { state.withLock { $0.value } }
    set {
      let old = value
      precondition(
        newValue.shape == old.shape && newValue.dtype == old.dtype,
        "Parameter: an update must be \(old.dtype) of shape \(old.shape), got \(newValue.dtype) of shape \(newValue.shape); assign(_:) replaces"
      )
      attachUpdate(of: old, to: newValue)
      state.withLock { $0.value = newValue }
    }
  }

  /// Sets a value that has nothing to do with the present one, of any shape and element type.
  public func assign(_ value: Tensor) { state.withLock { $0.value = value } }

  /// Whether optimisers change it. A statistic stays untrainable.
  public var isTrainable: Bool {
    get { state.withLock { $0.isTrainable } }
    set { state.withLock { $0.isTrainable = newValue && role == .weight } }
  }

  public var shape: Shape { value.shape }
  public var dtype: DType { value.dtype }
  public var elementCount: Int { value.elementCount }
}

/// A parameter and the name it has in a model.
public struct NamedParameter: Sendable {
  public let name: String
  public let parameter: Parameter
}
