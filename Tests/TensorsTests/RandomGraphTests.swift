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
      let free = parts(seed)
      evaluate(free)
      let tight = parts(seed)
      withMemoryBudget(bytes: 0) { evaluate(tight) }
      for (index, pair) in zip(free, tight).enumerated() {
        let worst = worstDifference(pair.1.doubles, pair.0.doubles)
        #expect(worst <= 1e-3, "random graph with seed \(seed): part \(index) differs by \(worst) under a memory budget")
      }
    }
  }

  /// No kind of operation is left out by chance.
  @Test func everyStepIsTaken() {
    let taken = (1...600).reduce(into: Set<String>()) { $0.formUnion(RandomGraph(seed: UInt64($1)).taken) }
    let missing = Set(RandomGraph.steps.map(\.name)).subtracting(taken)
    #expect(missing.isEmpty, "no graph takes the steps \(missing.sorted())")
  }

  /// Derivatives of a scalar of everything, and that scalar.
  private func parts(_ seed: UInt64) -> [Tensor] {
    let graph = RandomGraph(seed: seed)
    let total = graph.outputs.filter { $0.dtype == .float32 }.reduce(Tensor(0)) { $0 + $1.tanh().sum() }
    return total.gradients(withRespectTo: graph.leaves) + [total]
  }

  private func checkGraph(seed: UInt64) {
    let expected = Reference.evaluate(RandomGraph(seed: seed).outputs)
    let graph = RandomGraph(seed: seed)
    evaluate(graph.outputs)
    for (index, output) in graph.outputs.enumerated() {
      let worst = worstDifference(output.doubles, expected[index])
      #expect(worst <= 5e-3, "random graph with seed \(seed): output \(index) of \(graph.recipe) differs by \(worst)")
    }
    let symbolic = Reference.evaluate(parts(seed))
    let compiled = parts(seed)
    evaluate(compiled)
    for (index, part) in compiled.enumerated() {
      let worst = worstDifference(part.doubles, symbolic[index])
      #expect(worst <= 2e-2, "random graph with seed \(seed): derivative \(index) of \(graph.recipe) differs by \(worst)")
    }
  }
}
