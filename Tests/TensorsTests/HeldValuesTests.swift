import Tensors
import TestSupport
import Testing

/// What somebody holds keeps its value, whatever is evaluated afterwards and in whoever's memory.
@Suite struct HeldValuesTests {
  /// The leaf itself is forgotten, but a view of it is kept: the memory lives on as that view's.
  @Test func aViewKeepsTheMemoryOfAForgottenLeaf() {
    for dtype in [DType.float32, .float64] {
      let numbers = (0..<2048).map { Double($0) / 100 }
      var leaf: Tensor? = Tensor(numbers, shape: [32, 64]).cast(to: dtype)
      evaluate(leaf!)
      let view = leaf!.reshaped(to: [64, 32])
      leaf = nil
      evaluate(view.exp())
      #expect(view.cast(to: .float64).array(of: Double.self).elementsEqual(numbers) { abs($0 - $1) < 1e-5 })
      evaluate(view * 2, -view)
      #expect(view.cast(to: .float64).array(of: Double.self).elementsEqual(numbers) { abs($0 - $1) < 1e-5 })
    }
  }

  /// Random graphs in which some values are held, some forgotten, evaluated one after the other.
  @Test(arguments: 0..<20) func laterEvaluationsLeaveHeldValuesAlone(chunk: Int) {
    for index in 0..<15 {
      let seed = UInt64(chunk * 15 + index + 1)
      var random = TestRandom(seed: seed)
      var held: [(tensor: Tensor, value: [Double])] = []
      for _ in 0..<4 {
        grow(&held, &random)
        guard let asked = held.randomElement(using: &random) else { continue }
        evaluate(asked.tensor)
        for (position, entry) in held.enumerated() {
          let worst = worstDifference(entry.tensor.doubles, entry.value)
          #expect(worst <= 1e-4, "seed \(seed): held value \(position) of shape \(entry.tensor.shape) changed by \(worst)")
        }
      }
    }
  }

  /// Adds values that hang on one another and on new leaves, and forgets most of them.
  private func grow(_ held: inout [(tensor: Tensor, value: [Double])], _ random: inout TestRandom) {
    let shape: Shape = [32, 48]
    var pool = held.suffix(3).map(\.tensor)
    for _ in 0..<2 { pool.append(Tensor(random.normal(shape.elementCount).map { Float($0) }, shape: shape)) }
    for _ in 0..<Int.random(in: 3...9, using: &random) {
      let x = pool.randomElement(using: &random)!.reshaped(to: shape)
      let y = pool.randomElement(using: &random)!.reshaped(to: shape)
      switch Int.random(in: 0..<9, using: &random) {
      case 0: pool.append(x.reshaped(to: [48, 32]))
      case 1: pool.append(x.reshaped(to: [1536]))
      case 2: pool.append(x.tanh())
      case 3: pool.append((x + y) * 0.5)
      case 4: pool.append(x.transposed())
      case 5: pool.append(x.matmul(y.transposed()).tanh().matmul(y) * 0.05)
      case 6: pool.append(x.softmax())
      case 7: pool.append(x.layerNormalized(epsilon: 0.1))
      default: pool.append(Tensor.select(x .> y, x, y))
      }
    }
    let kept = pool.filter { _ in Int.random(in: 0..<3, using: &random) == 0 }
    let values = Reference.evaluate(kept)
    held += zip(kept, values).map { ($0, $1) }
  }
}
