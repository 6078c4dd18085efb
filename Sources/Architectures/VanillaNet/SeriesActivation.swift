import Layers
import Tensors

/// The series-informed activation (section 3.3): a learnt sum of ReLUs shifted in space,
/// `sum over i, j in -n ... n of a[c, i, j] ReLU(x)[h + i, w + j]`.
///
/// As computed, it is a ReLU and a depthwise convolution of (2n + 1) x (2n + 1) with n zeros around the map. It differs from a depthwise separable
/// block in its place: it stands where a network would have its activation, behind the only product of its layer. n terms on either side of the
/// centre make the kernel 2n + 1 wide; it costs height x width x channels x (2n + 1)^2 multiplications.
public struct SeriesActivation: Layer {
  /// Where the bias of the paper's equation is.
  public enum Form: String, Sendable, Hashable, Codable, CaseIterable {
    /// Behind the sum, as the shift of a batch normalisation: the published code.
    case normalized
    /// Within each ReLU, `ReLU(x + b[c])`, and no normalisation: the paper's equation.
    case shifted
  }

  public let form: Form
  /// a, (channels, 2n + 1, 2n + 1, 1).
  public let kernel: Convolution
  /// Of the sum; nil in the shifted form.
  public let norm: BatchNorm?
  /// b, (channels), within the ReLU; nil in the normalised form.
  public let shift: Parameter?

  /// - Parameter terms: n, at least 0; 0 is a ReLU that is scaled by channel.
  init(channels: Int, terms: Int, form: Form, epsilon: Double, momentum: Double, random: inout RandomStream) {
    self.form = form
    let extent = 2 * terms + 1
    let deviation = form == .normalized ? VanillaNet.initialDeviation : 1 / Double(extent)
    kernel = Convolution(
      inputs: channels, outputs: channels, kernel: [extent, extent], padding: .symmetric([terms, terms]), groups: channels, hasBias: false,
      weights: .normal(standardDeviation: deviation), random: &random)
    norm = form == .normalized ? BatchNorm(features: channels, epsilon: epsilon, momentum: momentum) : nil
    shift = form == .shifted ? Parameter(.zeros([channels])) : nil
  }

  /// n.
  public var terms: Int { kernel.configuration.kernel[0] / 2 }

  /// - Parameter input: (batch, height, width, channels).
  /// - Returns: the same shape.
  public func callAsFunction(_ input: Tensor) -> Tensor {
    let shifted = shift.map { input + $0.value } ?? input
    let sum = kernel(shifted.relu())
    return norm?(sum) ?? sum
  }
}
