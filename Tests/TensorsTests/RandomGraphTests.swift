import Tensors
import Testing

/// Random graphs over all kinds of operations: what the compiler makes of them, against the reference.
@Suite struct RandomGraphTests {
  /// 40 chunks of 15 graphs each; a failure prints its seed, which reproduces the graph alone.
  @Test(arguments: 0..<40) func compiledEqualsReference(chunk: Int) {
    for index in 0..<15 { checkGraph(seed: UInt64(chunk * 15 + index + 1)) }
  }

  /// Computing things twice to save memory changes no value.
  @Test(arguments: 0..<10) func repetitionsChangeNothing(chunk: Int) {
    for index in 0..<12 {
      let seed = UInt64(chunk * 12 + index + 1001)
      func parts() -> [Tensor] {
        let graph = RandomGraph(seed: seed)
        let total = graph.outputs.filter { $0.dtype == .float32 }.reduce(Tensor(0)) { $0 + $1.tanh().sum() }
        return total.gradients(withRespectTo: graph.leaves) + [total]
      }
      let free = parts()
      evaluate(free)
      let tight = parts()
      withMemoryBudget(bytes: 0) { evaluate(tight) }
      for (index, pair) in zip(free, tight).enumerated() {
        let worst = worstDifference(pair.1.doubles, pair.0.doubles)
        #expect(worst <= 1e-3, "random graph with seed \(seed): part \(index) differs by \(worst) under a memory budget")
      }
    }
  }

  private func checkGraph(seed: UInt64) {
    let expected = Reference.evaluate(RandomGraph(seed: seed).outputs)
    let graph = RandomGraph(seed: seed)
    evaluate(graph.outputs)
    for (index, output) in graph.outputs.enumerated() {
      let worst = worstDifference(output.doubles, expected[index])
      #expect(worst <= 5e-3, "random graph with seed \(seed): output \(index) of \(graph.recipe) differs by \(worst)")
    }
    // Derivatives of what is smooth, compiled against the reference.
    let again = RandomGraph(seed: seed)
    let total = again.outputs.filter { $0.dtype == .float32 }.reduce(Tensor(0)) { $0 + $1.tanh().sum() }
    let symbolic = Reference.evaluate(total.gradients(withRespectTo: again.leaves))
    let third = RandomGraph(seed: seed)
    let compiledTotal = third.outputs.filter { $0.dtype == .float32 }.reduce(Tensor(0)) { $0 + $1.tanh().sum() }
    let gradients = compiledTotal.gradients(withRespectTo: third.leaves)
    evaluate(gradients + [compiledTotal])
    for (index, gradient) in gradients.enumerated() {
      let worst = worstDifference(gradient.doubles, symbolic[index])
      #expect(worst <= 2e-2, "random graph with seed \(seed): gradient \(index) of \(graph.recipe) differs by \(worst)")
    }
  }
}

/// A graph drawn from a seed: a pool of tensors grows by random operations on random members.
struct RandomGraph {
  private(set) var leaves: [Tensor] = []
  private(set) var outputs: [Tensor] = []
  private(set) var recipe = ""
  private var pool: [Tensor] = []
  private var random: TestRandom

  init(seed: UInt64) {
    random = TestRandom(seed: seed &* 0x51_7c_c1_b7)
    for _ in 0..<Int.random(in: 2...4, using: &random) {
      let rank = Int.random(in: 0...4, using: &random)
      let shape = Shape((0..<rank).map { _ in [1, 2, 3, 4, 6].randomElement(using: &random)! })
      let leaf = Tensor(random.normal(shape.elementCount).map { Float($0) }, shape: shape)
      leaves.append(leaf)
      pool.append(leaf)
    }
    for _ in 0..<Int.random(in: 3...24, using: &random) {
      guard let next = step(), next.elementCount <= 3000 else { continue }
      pool.append(next)
    }
    outputs = [pool.last!]
    for _ in 0..<Int.random(in: 0...2, using: &random) { outputs.append(pool.randomElement(using: &random)!) }
  }

  private mutating func note(_ name: String) { recipe += name + "; " }

  private mutating func axis(of tensor: Tensor) -> Int { Int.random(in: 0..<tensor.rank, using: &random) }

  /// A recent tensor more often than an old one, so that graphs grow deep.
  private mutating func pick() -> Tensor {
    let back = Int(Double(pool.count) * pow2(random.uniform(0...1)))
    return pool[Swift.max(0, pool.count - 1 - back)]
  }
  private func pow2(_ value: Double) -> Double { value * value }

  private mutating func step() -> Tensor? {
    let x = pick()
    let choice = Int.random(in: 0..<34, using: &random)
    switch choice {
    case 0: note("tanh"); return x.tanh()
    case 1: note("sigmoid"); return x.sigmoid()
    case 2: note("relu"); return x.relu()
    case 3: note("exp(tanh)"); return x.tanh().exp()
    case 4: note("sin"); return x.sin()
    case 5: note("square(tanh)"); return x.tanh().square()
    case 6: note("* 0.7 + 0.1"); return x * 0.7 + 0.1
    case 7: note("softplus"); return x.softplus()
    case 8...11:
      let y = pick()
      guard x.shape.broadcast(with: y.shape) != nil else { return nil }
      switch choice {
      case 8: note("add"); return x + y
      case 9: note("multiply"); return x.tanh() * y
      case 10: note("divide"); return x / (y.square() + 1)
      default: note("select"); return Tensor.select(x .> y, x, y * 0.5)
      }
    case 12...14:
      guard x.rank > 0 else { return nil }
      let axes = Array(Set((0..<Int.random(in: 1...x.rank, using: &random)).map { _ in axis(of: x) })).sorted()
      let keeps = Bool.random(using: &random)
      switch choice {
      case 12: note("sum \(axes)"); return x.sum(axes: axes, keepingAxes: keeps) * 0.3
      case 13: note("max \(axes)"); return x.max(axes: axes, keepingAxes: keeps)
      default: note("mean \(axes)"); return x.mean(axes: axes, keepingAxes: keeps)
      }
    case 15: note("transpose"); return x.transposed(permutation: Array(0..<x.rank).shuffled(using: &random))
    case 16: note("flatten"); return x.flattened()
    case 17:
      guard x.rank > 0 else { return nil }
      let axis = axis(of: x)
      note("split off \(axis)")
      return x.shape[axis] % 2 == 0 ? x.reshaped(to: Array(x.shape[..<axis]) + [2, -1] + Array(x.shape[(axis + 1)...])).squeezedIfTooDeep() : x
    case 18:
      guard x.rank > 0 else { return nil }
      let axis = axis(of: x)
      let from = Int.random(in: 0..<x.shape[axis], using: &random)
      note("slice \(axis) from \(from)")
      return x.slice(axis: axis, from: from, count: x.shape[axis] - from)
    case 19:
      guard x.rank > 0 else { return nil }
      let axis = axis(of: x)
      note("concatenate \(axis)")
      return Tensor.concatenate([x, x.flipped(axis), x * 2], axis: axis)
    case 20: note("pad"); return x.padded(x.shape.map { _ in (before: Int.random(in: 0...1, using: &random), after: Int.random(in: 0...2, using: &random)) }, with: 0.5)
    case 21: note("flip"); return x.rank > 0 ? x.flipped(axis(of: x)) : nil
    case 22:
      guard x.rank < 5 else { return nil }
      note("broadcast")
      return x.broadcast(to: Shape([2] + x.shape.dimensions))
    case 23...24:
      guard x.rank >= 2 else { return nil }
      let columns = Int.random(in: 1...5, using: &random)
      let weights = pool[0].flattened()
      let needed = x.shape[x.rank - 1] * columns
      let repeated = Tensor.concatenate(Array(repeating: weights, count: (needed + weights.elementCount - 1) / weights.elementCount))
        .slice(axis: 0, from: 0, count: needed).reshaped(to: [x.shape[x.rank - 1], columns])
      note("matmul to \(columns)")
      return choice == 23 ? x.matmul(repeated) * 0.4 : (x.matmul(repeated) + repeated[0]).relu() * 0.3
    case 25:
      guard x.rank >= 2 else { return nil }
      note("x x^T")
      return x.matmul(x.transposed()) * 0.2
    case 26: note("softmax"); return x.rank > 0 ? x.softmax(axis: axis(of: x)) : nil
    case 27: note("log softmax"); return x.rank > 0 ? x.logSoftmax() * 0.3 : nil
    case 28: note("layer norm"); return x.rank > 0 && x.shape.last! > 1 ? x.layerNormalized(epsilon: 0.1) : nil
    case 29: note("batch norm"); return x.rank >= 2 && x.shape.dropLast().reduce(1, *) > 1 ? x.batchNormalized(epsilon: 0.1).output : nil
    case 30: note("cumulative sum"); return x.rank > 0 ? x.cumulativeSum(axis: axis(of: x)) * 0.3 : nil
    case 31:
      guard x.rank > 0 else { return nil }
      let axis = axis(of: x)
      let indices = (0..<3).map { _ in Int64.random(in: 0..<Int64(x.shape[axis]), using: &random) }
      note("gather \(indices) along \(axis)")
      return x.gathered(Tensor(indices), axis: axis)
    case 32:
      guard x.rank == 3 || x.rank == 4 else { return nil }
      note("convolution")
      let channels = x.shape[x.rank - 1]
      let kernel = Shape([2] + Array(repeating: 1, count: x.rank - 2) + [channels])
      let weights = Tensor((0..<kernel.elementCount).map { Float($0 % 5) * 0.2 - 0.4 }, shape: kernel)
      return x.convolution(weights, padding: Array(repeating: (1, 0), count: x.rank - 2))
    default:
      guard x.rank == 4 else { return nil }
      note("max pool")
      return x.maxPooled(window: [1, 1], strides: [2, 1])
    }
  }
}

extension Tensor {
  fileprivate func squeezedIfTooDeep() -> Tensor { rank > 5 ? flattened() : self }
}
