import Tensors

/// Products in the precision of the context.
enum Product {
  static func matmul(_ a: Tensor, _ b: Tensor) -> Tensor { rounding(a, b) { $0.matmul($1) } }

  static func convolution(
    _ input: Tensor, _ weight: Tensor, strides: [Int], padding: [(before: Int, after: Int)], dilations: [Int], groups: Int
  ) -> Tensor {
    rounding(input, weight) { $0.convolution($1, strides: strides, padding: padding, dilations: dilations, groups: groups) }
  }

  static func transposedConvolution(
    _ input: Tensor, _ weight: Tensor, strides: [Int], padding: [(before: Int, after: Int)], outputPadding: [Int], dilations: [Int],
    groups: Int
  ) -> Tensor {
    rounding(input, weight) {
      $0.transposedConvolution(
        $1, strides: strides, padding: padding, outputPadding: outputPadding, dilations: dilations, groups: groups)
    }
  }

  private static func rounding(_ a: Tensor, _ b: Tensor, _ product: (Tensor, Tensor) -> Tensor) -> Tensor {
    guard Context.current.precision == .mixed, a.dtype == .float32, b.dtype == .float32 else { return product(a, b) }
    return product(a.cast(to: .bfloat16), b.cast(to: .bfloat16)).cast(to: .float32)
  }
}
