import Layers
import Search
import Tensors
import TestSupport
import Testing

@Suite struct ChoiceTests {
  @Test func `soft choices are weighted sums, and a closed gate is nothing`() throws {
    var random = RandomStream(seed: 1)
    let layer = ChoiceLayer([Dense(inputs: 4, outputs: 3, random: &random), Dense(inputs: 4, outputs: 3, random: &random)], hasGate: true)
    let x = Tensor.normal([5, 4], key: random.next())
    #expect(layer(x, .hard(0)) == nil)
    let (one, other) = (layer(x, .hard(1))!, layer(x, .hard(2))!)
    let mixed = layer(x, .soft(Tensor([Float(0.5), 0.25, 0.25])))!
    #expect(SearchFixtures.difference(mixed, one * 0.25 + other * 0.25) < 1e-6)
    let known = Tensor([Float(0), 0, 1])
    evaluate(known)
    #expect(SearchFixtures.difference(layer(x, .soft(known))!, other) < 1e-6)
  }

  @Test func `the straight-through choice is one-hot and has the derivative of the soft one`() throws {
    let scores = Tensor([0.3, -0.2, 1.1])
    evaluate(scores)
    let cotangent = Tensor([1.0, 2, -1])
    var counts = [0, 0, 0]
    for seed in 0..<200 {
      var random = RandomStream(seed: seed)
      let (theta, choice) = Selection.gumbel(scores, temperature: 0.7, key: random.next())
      if seed < 5 {
        let direct = (choice * cotangent).sum().gradients(withRespectTo: [scores])[0]
        let soft = (theta * cotangent).sum().gradients(withRespectTo: [scores])[0]
        #expect(SearchFixtures.difference(direct, soft) < 1e-12)
      }
      let values = choice.array(of: Double.self)
      #expect(values.map { $0.rounded() }.reduce(0, +) == 1 && values.allSatisfy { abs($0 - $0.rounded()) < 1e-9 })
      counts[values.firstIndex { $0 > 0.5 }!] += 1
    }
    // Probabilities 0.26, 0.16 and 0.58.
    #expect(counts[2] > counts[0] && counts[0] > counts[1], "\(counts)")
  }

  @Test func `attention with fewer heads and entries is that of the cut weights`() throws {
    var random = RandomStream(seed: 3)
    let layer = ElasticAttention(embedding: 8, heads: 4, headWidth: 2, random: &random)
    let tokens = Tensor.normal([2, 5, 6], key: random.next())
    let pass = ForwardPass()
    let output = layer(tokens, heads: 2, pass)
    func cut(_ dense: ElasticDense, _ outputs: Int, _ inputs: Int) -> Dense {
      Dense(weight: dense.weight.value[0..<outputs, 0..<inputs].transposed(), bias: dense.bias!.value[0..<outputs])
    }
    func heads(_ dense: ElasticDense) -> Tensor {
      cut(dense, 4, 6)(tokens).reshaped(to: [2, 5, 2, 2]).transposed(permutation: [0, 2, 1, 3])
    }
    let attended = Tensor.attention(query: heads(layer.query), key: heads(layer.key), value: heads(layer.value))
    let expected = cut(layer.projection, 6, 4)(attended.transposed(permutation: [0, 2, 1, 3]).reshaped(to: [2, 5, 4]))
    #expect(SearchFixtures.difference(output, expected) < 1e-5)
    #expect(pass.slices.contains { $0.parameter === layer.query.weight && $0.ranges == [0..<4, 0..<6] })
    let feedForward = ElasticFeedForward(embedding: 8, hidden: 16, random: &random)
    #expect(feedForward(tokens.reshaped(to: [10, 6]), hidden: 5, ForwardPass()).shape == [10, 6])
  }
}
