import Tensors

/// In which element type the operands of matrix products and convolutions meet.
public enum Precision: String, Sendable, Hashable, Codable {
  /// As the operands are.
  case full
  /// Rounded to bfloat16; sums, results and everything else stay in float32.
  case mixed
}
