import Tensors
import Testing

@Suite struct FourierTests {
  @Test(arguments: cases) func operation(_ testCase: OperationCase) { check(testCase) }

  private static func parts(_ numbers: ComplexTensor) -> Tensor { Tensor.stack([numbers.real, numbers.imaginary]) }

  static let cases: [OperationCase] = [
    OperationCase("fft, six points", [[2, 6], [2, 6]], checksSecondDerivative: true) {
      parts(ComplexTensor(real: $0[0], imaginary: $0[1]).fft()).square()
    },
    OperationCase("fft, seven points, first axis", [[7, 2], [7, 2]]) {
      parts(ComplexTensor(real: $0[0], imaginary: $0[1]).fft(axes: [0])).square()
    },
    OperationCase("inverse fft, two axes, unitary", [[2, 3, 4], [2, 3, 4]], dtype: .float64, tolerance: 1e-10) {
      parts(ComplexTensor(real: $0[0], imaginary: $0[1]).inverseFft(axes: [2, 0], scaling: .unitary)).square()
    },
    OperationCase("real fft, even", [[2, 6]], checksSecondDerivative: true) { parts($0[0].realFft()).square() },
    OperationCase("real fft, odd, first axis", [[5, 2]]) { parts($0[0].realFft(axes: [0])).square() },
    OperationCase("real fft, two axes", [[4, 2, 3]], dtype: .float64, tolerance: 1e-10) {
      parts($0[0].realFft(axes: [2, 0], scaling: .forward)).square()
    },
    OperationCase("inverse real fft, even", [[2, 4], [2, 4]], checksSecondDerivative: true) {
      ComplexTensor(real: $0[0], imaginary: $0[1]).inverseRealFft(length: 6).square()
    },
    OperationCase("inverse real fft, odd, two axes", [[3, 4], [3, 4]]) {
      ComplexTensor(real: $0[0], imaginary: $0[1]).inverseRealFft(length: 7, axes: [0, 1], scaling: .unitary).square()
    },
    OperationCase("fft of one point", [[3, 1]]) { parts($0[0].realFft()) + parts(ComplexTensor(real: $0[0]).fft()) },
    OperationCase("complex arithmetic", [[2, 3], [2, 3]], checksSecondDerivative: true) {
      let z = ComplexTensor(real: $0[0], imaginary: $0[1])
      return (z * z.conjugate - z * 2).magnitude + z.phase + z.squaredMagnitude
    },
  ]

  @Test(arguments: [FourierScaling.inverse, .unitary, .forward]) func inversesUndo(_ scaling: FourierScaling) {
    var stream = RandomStream(seed: 4)
    let x = Tensor.normal([3, 10, 7, 4], key: stream.next(), dtype: .float64)
    let y = Tensor.normal([3, 10, 7, 4], key: stream.next(), dtype: .float64)
    let z = ComplexTensor(real: x, imaginary: y)
    let there = z.fft(axes: [1, 2, 3], scaling: scaling).inverseFft(axes: [1, 2, 3], scaling: scaling)
    let half = x.realFft(axes: [2, 1], scaling: scaling).inverseRealFft(length: 10, axes: [2, 1], scaling: scaling)
    for difference in [there.real - x, there.imaginary - y, half - x] { #expect(difference.abs().max().scalar(as: Double.self) < 1e-12) }
  }

  @Test func convolutionTheorem() {
    let a = Tensor([1, 2, 3, 4, 0, 0, 0, 0] as [Double])
    let b = Tensor([1, -1, 2, 0, 0, 0, 0, 0] as [Double])
    let product = (a.realFft() * b.realFft()).inverseRealFft(length: 8).array(of: Double.self)
    for (value, expected) in zip(product, [1, 1, 3, 5, 2, 8, 0, 0] as [Double]) { #expect(abs(value - expected) < 1e-12) }
  }
}
