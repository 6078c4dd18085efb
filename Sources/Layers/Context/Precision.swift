import Tensors

/// In which element type the operands of matrix products and convolutions meet.
public enum Precision: String, Sendable, Hashable, Codable {
  /// As the operands are.
  case full
  /// Rounded to bfloat16. Sums run in float32; weights, their updates and all else stay in float32.
  case mixed
}

/// Runs `body` with the operands of dense layers, convolutions, attention and recurrent layers rounded to bfloat16, forward and backward.
///
/// Weights and optimiser state stay float32. This halves what products read; it is faster only on processors that multiply bfloat16
/// natively (AVX512-BF16, AMX).
public func withMixedPrecision<Result>(_ body: () throws -> Result) rethrows -> Result {
  var context = Context.current
  context.precision = .mixed
  return try context.scoped(body)
}
