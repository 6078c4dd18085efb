import Tensors
import Testing

@Suite struct SamplingTests {
  @Test(arguments: resizing) func resize(_ testCase: OperationCase) { check(testCase) }
  @Test(arguments: sampling) func sample(_ testCase: OperationCase) { check(testCase) }

  static let resizing: [OperationCase] = [
    OperationCase("resize 1-d, linear", [[2, 4, 3]], checksSecondDerivative: true) { $0[0].resized(to: [7]).square() },
    OperationCase("resize 2-d, larger", [[2, 3, 4, 5]]) { $0[0].resized(to: [6, 7]).square() },
    OperationCase("resize 2-d, smaller", [[1, 6, 7, 2]]) { $0[0].resized(to: [3, 4]).square() },
    OperationCase("resize 2-d, aligning corners", [[1, 3, 5, 70]]) { $0[0].resized(to: [5, 3], aligningCorners: true).square() },
    OperationCase("resize 2-d to one position", [[1, 3, 3, 1]]) { $0[0].resized(to: [1, 1], aligningCorners: true).square() },
    OperationCase("resize 3-d", [[1, 2, 3, 2, 2]], dtype: .float64, tolerance: 1e-10) { $0[0].resized(to: [3, 4, 4]).square() },
    OperationCase("resize 2-d, nearest, larger", [[1, 3, 2, 17]]) { $0[0].resized(to: [6, 5], .nearest).square() },
    OperationCase("resize 2-d, nearest, smaller", [[2, 5, 7, 2]]) { $0[0].resized(to: [2, 3], .nearest).square() },
  ]

  private static func sampled(
    _ name: String, _ image: Shape, _ grid: Shape, second: Bool = false, _ build: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) -> OperationCase {
    // Evenly spread points lie on no line where the derivative jumps.
    OperationCase(
      name, [.init(shape: image), .init(shape: grid, range: -1.37...1.41)], dtype: .float64, tolerance: 1e-9, checksSecondDerivative: second
    ) { [build($0[0], $0[1])] }
  }

  static let sampling: [OperationCase] = [
    sampled("sample, zeros", [2, 4, 5, 3], [2, 3, 2, 2], second: true) { $0.sampled(at: $1).square() },
    sampled("sample, zeros, aligning corners", [1, 4, 5, 20], [1, 3, 4, 2]) { $0.sampled(at: $1, aligningCorners: true).square() },
    sampled("sample, border", [1, 4, 3, 2], [1, 3, 2, 2], second: true) { $0.sampled(at: $1, padding: .border) },
    sampled("sample, reflection", [1, 4, 3, 2], [1, 3, 2, 2]) { $0.sampled(at: $1 * 2, padding: .reflection) },
    sampled("sample, reflection, aligning corners", [1, 4, 3, 2], [1, 3, 2, 2]) {
      $0.sampled(at: $1 * 2, padding: .reflection, aligningCorners: true)
    },
    sampled("sample, nearest", [1, 4, 3, 2], [1, 3, 2, 2]) { $0.sampled(at: $1, .nearest, padding: .border).square() },
    OperationCase("sample in single precision", [.init(shape: [3, 6, 5, 33]), .init(shape: [3, 4, 4, 2], range: -1.3...1.3)]) {
      [$0[0].sampled(at: $0[1])]
    },
    OperationCase("affine grid", [[2, 2, 3]]) { Tensor.affineGrid($0[0], height: 3, width: 4).square() },
    OperationCase("affine grid, aligning corners", [[2, 2, 3]]) {
      Tensor.affineGrid($0[0], height: 3, width: 1, aligningCorners: true).square()
    },
  ]

  @Test func identityGridsReproduceTheImage() {
    let image = Tensor.normal([2, 5, 4, 3], key: Tensor([1, 2] as [Int64]))
    let identity = Tensor([1, 0, 0, 0, 1, 0] as [Float], shape: [1, 2, 3]).broadcast(to: [2, 2, 3])
    for aligns in [false, true] {
      let grid = Tensor.affineGrid(identity, height: 5, width: 4, aligningCorners: aligns)
      #expect((image.sampled(at: grid, aligningCorners: aligns) - image).abs().max().scalar() < 1e-5)
    }
    #expect(image.resized(to: [5, 4]).array(of: Float.self) == image.array(of: Float.self))
  }

  /// NumPy's `pad` with mode "symmetric" mirrors about outer edges: 0 1 2 | 2 1 0 | 0 1 2.
  @Test func reflectionMirrorsOverAndOver() {
    let image = Tensor([0, 1, 2] as [Float], shape: [1, 1, 3, 1])
    let places = (-9...11).map { [Float((Double($0) + 0.5) / 3 * 2 - 1), 0] }
    let grid = Tensor(places.flatMap { $0 }, shape: [1, 1, 21, 2])
    let values = image.sampled(at: grid, padding: .reflection).array(of: Float.self)
    let mirrored: [Float] = [2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1, 2, 2, 1, 0]
    for (value, expected) in zip(values, mirrored) { #expect(abs(value - expected) < 1e-4) }
  }

  @Test func pointsThatAreNotNumbersAreOutside() {
    let image = Tensor.ones([1, 3, 3, 2])
    let grid = Tensor([.nan, 0, .infinity, 0, 0, 0, -1e30, 1e30] as [Float], shape: [1, 1, 4, 2])
    #expect(image.sampled(at: grid).array(of: Float.self) == [0, 0, 0, 0, 1, 1, 0, 0])
  }
}
