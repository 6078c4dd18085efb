import Tensors
import TestSupport

/// A graph drawn from a seed: a pool of tensors grows by random operations on random members.
struct RandomGraph {
  /// A way to grow: nil where it does not suit the tensor.
  struct Step: Sendable {
    let name: String
    let build: @Sendable (inout RandomGraph, Tensor) -> Tensor?

    init(_ name: String, _ build: @escaping @Sendable (inout RandomGraph, Tensor) -> Tensor?) {
      self.name = name
      self.build = build
    }
  }

  /// Every kind of operation takes part.
  static let steps: [Step] =
    elementwise + combining + reductions + movement + products + linearAlgebra + normalizations + ordering + indexed + spatial + spectral

  private(set) var leaves: [Tensor] = []
  private(set) var outputs: [Tensor] = []
  private(set) var recipe = ""
  /// The steps that were taken.
  private(set) var taken: Set<String> = []
  private var pool: [Tensor] = []
  var random: TestRandom

  init(seed: UInt64) {
    random = TestRandom(seed: seed &* 0x51_7c_c1_b7)
    for _ in 0..<Int.random(in: 2...4, using: &random) {
      let rank = Int.random(in: 0...4, using: &random)
      let shape = Shape((0..<rank).map { _ in [1, 2, 3, 4, 6].randomElement(using: &random)! })
      let leaf = Tensor(random.normal(shape.elementCount).map { Float($0) }, shape: shape)
      leaves.append(leaf)
      pool.append(leaf)
    }
    for _ in 0..<Int.random(in: 3...20, using: &random) { grow() }
    outputs = [pool.last!]
    for _ in 0..<Int.random(in: 0...2, using: &random) { outputs.append(pool.randomElement(using: &random)!) }
  }

  /// Some steps suit few tensors, so several are tried.
  private mutating func grow() {
    for _ in 0..<6 {
      let x = pick()
      let step = Self.steps.randomElement(using: &random)!
      guard let next = step.build(&self, x), next.elementCount <= 3000, next.rank <= 5 else { continue }
      recipe += "\(step.name) \(x.shape) -> \(next.shape); "
      taken.insert(step.name)
      pool.append(next)
      return
    }
  }

  // MARK: - What steps use

  /// A recent tensor more often than an old one, so that graphs grow deep.
  mutating func pick() -> Tensor {
    let share = random.uniform(0...1)
    return pool[Swift.max(0, pool.count - 1 - Int(Double(pool.count) * share * share))]
  }

  mutating func axis(of tensor: Tensor) -> Int { Int.random(in: 0..<tensor.rank, using: &random) }

  mutating func flip() -> Bool { Bool.random(using: &random) }

  mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

  mutating func indices(_ shape: Shape, below count: Int) -> Tensor {
    Tensor((0..<shape.elementCount).map { _ in Int64.random(in: 0..<Int64(count), using: &random) }, shape: shape)
  }

  /// Weights of any shape that depend on the first leaf, in -1 ... 1.
  func weights(_ shape: Shape) -> Tensor {
    let source = pool[0].flattened().tanh()
    let needed = shape.elementCount
    let copies = Array(repeating: source, count: (needed + source.elementCount - 1) / source.elementCount)
    // No two elements are alike, or extremes and orders would depend on rounding.
    let spread = Tensor((0..<needed).map { Float(($0 * 37 + 11) % 101) / 101 - 0.5 })
    return (Tensor.concatenate(copies).slice(axis: 0, from: 0, count: needed) * 0.5 + spread).reshaped(to: shape)
  }

  /// The tensor with elements that differ by more than rounding, for operations whose choices depend on which is larger.
  func spread(_ x: Tensor) -> Tensor {
    let count = x.elementCount
    let offsets = Tensor((0..<count).map { Float(($0 * 7919 + 13) % 10007) / 10007 * 3 }, shape: x.shape)
    return x.tanh() * 0.61 + offsets
  }
}
