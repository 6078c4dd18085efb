import Tensors

/// An elementwise nonlinearity without weights.
public struct Activation: Layer, ConfiguredModule {
  public enum Function: Sendable, Hashable, Codable {
    case identity
    case relu
    case relu6
    case leakyRelu(slope: Double = 0.01)
    case elu(alpha: Double = 1)
    case selu
    case gelu
    /// GELU by the hyperbolic tangent.
    case geluTanh
    case silu
    case mish
    case softplus
    case softsign
    case sigmoid
    case tanh
    case hardSwish
    case hardSigmoid
    case softmax
    case logSoftmax

    public func callAsFunction(_ x: Tensor) -> Tensor {
      switch self {
      case .identity: x
      case .relu: x.relu()
      case .relu6: x.relu6()
      case .leakyRelu(let slope): x.leakyRelu(slope: slope)
      case .elu(let alpha): x.elu(alpha: alpha)
      // Constants of Klambauer et al. (2017).
      case .selu: x.elu(alpha: 1.6732632423543772) * 1.0507009873554805
      case .gelu: x.gelu()
      case .geluTanh: x * 0.5 * (((x + x * x * x * 0.044715) * (2 / Double.pi).squareRoot()).tanh() + 1)
      case .silu: x.silu()
      case .mish: x * x.softplus().tanh()
      case .softplus: x.softplus()
      case .softsign: x / (x.abs() + 1)
      case .sigmoid: x.sigmoid()
      case .tanh: x.tanh()
      case .hardSwish: x.hardSwish()
      case .hardSigmoid: (x + 3).relu6() * (1.0 / 6)
      case .softmax: x.softmax()
      case .logSoftmax: x.logSoftmax()
      }
    }
  }

  public let configuration: Function
  private let identity = LayerIdentity()

  public init(_ function: Function) { configuration = function }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    recorded(configuration(input), of: input, by: identity, as: name)
  }

  private var name: String {
    let described = String(describing: configuration).prefix { $0 != "(" }
    return described.prefix(1).uppercased() + described.dropFirst()
  }
}
