/// Zeros around the spatial axes of a convolution's input.
public enum Padding: Sendable, Hashable, Codable {
  /// None: the kernel stays inside the input.
  case valid
  /// As many as keep the extents for strides of 1: dilation * (kernel - 1) in all, the smaller half before.
  case same
  /// As many before as after each axis.
  case symmetric([Int])
  /// A number before and one after each axis.
  case explicit(before: [Int], after: [Int])

  func widths(kernel: [Int], dilations: [Int]) -> [(before: Int, after: Int)] {
    switch self {
    case .valid: return kernel.map { _ in (0, 0) }
    case .same:
      return zip(kernel, dilations).map { kernel, dilation in
        let total = dilation * (kernel - 1)
        return (total / 2, total - total / 2)
      }
    case .symmetric(let widths):
      precondition(widths.count == kernel.count, "Padding: \(widths) needs one entry for each axis of the kernel \(kernel)")
      return widths.map { ($0, $0) }
    case .explicit(let before, let after):
      precondition(
        before.count == kernel.count && after.count == kernel.count,
        "Padding: \(before) and \(after) need one entry for each axis of the kernel \(kernel)")
      return zip(before, after).map { (before: $0, after: $1) }
    }
  }
}
