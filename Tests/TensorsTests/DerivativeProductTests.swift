import Tensors
import Testing

/// Products with Jacobians and Hessians, against central differences on the reference.
@Suite struct DerivativeProductTests {
  private let x = Tensor([0.5, 1.5, -0.7, 0.2, 0.9, -1.1], shape: [2, 3])
  private let y = Tensor([0.3, -0.4, 0.8])

  /// A function of two variables with several outputs.
  private func value(_ x: Tensor, _ y: Tensor) -> Tensor {
    Tensor.concatenate([(x * y).sin().matmul(x.transposed()), (x.exp() + y).sum(axes: [1], keepingAxes: true)], axis: 1)
  }

  private func scalar(_ x: Tensor, _ y: Tensor) -> Tensor { (value(x, y).square() * 0.3).tanh().sum() }

  /// The derivative of `build` along a direction, by central differences of fourth order.
  private func along(_ build: (Tensor, Tensor) -> Tensor, _ u: Tensor, _ v: Tensor) -> [Double] {
    let result = build(x, y)
    func at(_ step: Double) -> [Double] {
      let (x0, y0, u0, v0) = (x.doubles, y.doubles, u.doubles, v.doubles)
      return Reference.evaluate([result], replacing: [(x, zip(x0, u0).map { $0 + step * $1 }), (y, zip(y0, v0).map { $0 + step * $1 })])[0]
    }
    let h = 1e-3
    let (a, b, c, d) = (at(-2 * h), at(-h), at(h), at(2 * h))
    return a.indices.map { (8 * (c[$0] - b[$0]) - (d[$0] - a[$0])) / (12 * h) }
  }

  private var directions: (Tensor, Tensor) {
    (Tensor([2, -1, 0.5, 0.3, 1, -0.2], shape: [2, 3]), Tensor([-0.6, 0.4, 1.2]))
  }

  @Test func jacobianVectorProducts() {
    let (u, v) = directions
    let product = jacobianVectorProduct(of: value(x, y), variables: [x, y], tangents: [u, v])
    #expect(product.shape == [2, 3])
    #expect(worstDifference(product.doubles, along(value, u, v)) < 1e-8)
    let unrelated = jacobianVectorProduct(of: y.exp(), variables: [x], tangents: [u])
    #expect(unrelated.doubles == [0, 0, 0])
  }

  @Test func vectorJacobianProductsAreTheTranspose() {
    let (u, v) = directions
    let cotangent = Tensor([1, -2, 0.5, 0.7, 0.1, -0.3], shape: [2, 3])
    let parts = vectorJacobianProduct(of: value(x, y), variables: [x, y], cotangent: cotangent)
    let left = (parts[0] * u).sum() + (parts[1] * v).sum()
    let right = (jacobianVectorProduct(of: value(x, y), variables: [x, y], tangents: [u, v]) * cotangent).sum()
    #expect(abs(left.scalar(as: Double.self) - right.scalar(as: Double.self)) < 1e-10)
  }

  @Test func jacobians() {
    let matrix = jacobian(of: value(x, y), withRespectTo: x)
    #expect(matrix.shape == [2, 3, 2, 3])
    let (u, _) = directions
    let product = (matrix * u).sum(axes: [2, 3])
    #expect(worstDifference(product.doubles, along(value, u, Tensor.zeros([3], dtype: .float64))) < 1e-8)
  }

  @Test func hessianVectorProducts() {
    let (u, v) = directions
    let products = hessianVectorProduct(of: scalar(x, y), variables: [x, y], vectors: [u, v])
    let expected = [
      along({ self.scalar($0, $1).gradients(withRespectTo: [$0])[0] }, u, v),
      along({ self.scalar($0, $1).gradients(withRespectTo: [$1])[0] }, u, v),
    ]
    for (product, numbers) in zip(products, expected) { #expect(worstDifference(product.doubles, numbers) < 1e-7) }
    let matrix = hessian(of: scalar(x, y), withRespectTo: y)
    #expect(matrix.shape == [3, 3])
    #expect((matrix - matrix.transposed()).abs().max().scalar(as: Double.self) < 1e-12)
    let alone = hessianVectorProduct(of: scalar(x, y), variables: [y], vectors: [v])[0]
    #expect(worstDifference(matrix.matmul(v).doubles, alone.doubles) < 1e-10)
  }
}
