import Layers
import Tensors

/// K networks of one hidden ReLU layer and one output, f(x) = sum_j alpha_j (u_j x)_+, computed together.
public struct ReLUNetworks: Sendable {
  /// u, (K, d, m).
  public let hidden: Tensor
  /// alpha, (K, m).
  public let output: Tensor

  public init(hidden: Tensor, output: Tensor) {
    precondition(
      hidden.rank == 3 && output.shape == [hidden.shape[0], hidden.shape[2]],
      "ReLUNetworks: hidden weights \(hidden.shape) and output weights \(output.shape), expected (K, d, m) and (K, m)")
    self.hidden = hidden
    self.output = output
  }

  /// K.
  public var count: Int { hidden.shape[0] }
  /// m.
  public var neuronCount: Int { hidden.shape[2] }

  /// f(x), (K, n), for rows x of (n, d), the same for all networks, or of (K, n, d).
  public func outputs(_ features: Tensor) -> Tensor {
    let activations = features.matmul(hidden).relu()
    return activations.matmul(output.expandingShape(at: 2)).squeezed(2)
  }

  /// sum_j ||u_j||^2 + alpha_j^2, (K).
  public var squaredNorm: Tensor { hidden.square().sum(axes: [1, 2]) + output.square().sum(axes: [1]) }

  /// One of the networks.
  public subscript(index: Int) -> ReLUNetworks {
    ReLUNetworks(hidden: hidden[index..<index + 1], output: output[index..<index + 1])
  }

  /// The network as ordinary layers, which take features without the column of ones where there is one.
  /// - Parameter hasBias: the last row of u belongs to a column of ones.
  public func layers(_ index: Int = 0, hasBias: Bool, dtype: DType = .float32) -> Sequential {
    let weight = hidden[index].cast(to: dtype)
    let inputs = weight.shape[0]
    let first =
      hasBias ? Dense(weight: weight[0..<(inputs - 1)], bias: weight[inputs - 1]) : Dense(weight: weight)
    return Sequential(first, Activation(.relu), Dense(weight: output[index].expandingShape(at: 1).cast(to: dtype)))
  }
}
