import Tensors

/// Products in the precision of the context.
enum Product {
  static func matmul(_ a: Tensor, _ b: Tensor) -> Tensor { a.matmul(b) }

  static func convolution(
    _ input: Tensor, _ weight: Tensor, strides: [Int], padding: [(before: Int, after: Int)], dilations: [Int], groups: Int
  ) -> Tensor {
    input.convolution(weight, strides: strides, padding: padding, dilations: dilations, groups: groups)
  }
}
