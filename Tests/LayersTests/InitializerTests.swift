import Layers
import Tensors
import Testing

@Suite struct InitializerTests {
  static let shape: Shape = [200, 300]
  static let fans = Fans(input: 200, output: 300)

  static func draw(_ initializer: Initializer, seed: Int = 1) -> Tensor {
    var random = RandomStream(seed: seed)
    return initializer(shape, fans: fans, random: &random)
  }

  /// Moments of 60000 draws lie within five standard errors of the distribution's.
  @Test(
    arguments: [
      (.uniform(from: -1, to: 3), 1, 4.0 / 3), (.normal(mean: 2, standardDeviation: 0.5), 2, 0.25),
      (.glorotUniform(), 0, 2.0 / 500), (.glorotNormal(gain: 2), 0, 4 * 2.0 / 500), (.heUniform(), 0, 2.0 / 200),
      (.heNormal(fan: .output), 0, 2.0 / 300), (.heNormal(fan: .average, gain: 1), 0, 1.0 / 250), (.standard, 0, 1.0 / 600),
      // Of a standard normal cut off at 2: 1 - 2 * 2 phi(2) / (2 Phi(2) - 1).
      (.truncatedNormal(standardDeviation: 3), 0, 9 * 0.7737413),
    ] as [(Initializer, Double, Double)]) func moments(_ initializer: Initializer, mean: Double, variance: Double)
  {
    let drawn = Self.draw(initializer)
    let foundMean = Double(drawn.mean().scalar())
    let foundVariance = Double(drawn.variance().scalar())
    #expect(abs(foundMean - mean) < 5 * (variance / 60000).squareRoot())
    // The fourth moment of a normal distribution bounds the others'.
    #expect(abs(foundVariance / variance - 1) < 5 * (2.0 / 60000).squareRoot())
    #expect(Self.draw(initializer).array(of: Float.self) == drawn.array(of: Float.self))
    #expect(Self.draw(initializer, seed: 2).array(of: Float.self) != drawn.array(of: Float.self))
  }

  @Test func boundsHold() {
    let bound = Float((3.0 / 200 / 3).squareRoot())
    #expect(Self.draw(.standard).abs().max().scalar() <= bound)
    let cut = Self.draw(.truncatedNormal(mean: 1, standardDeviation: 2, limit: 1.5))
    #expect(cut.min().scalar() >= -2 && cut.max().scalar() <= 4)
    #expect(cut.max().scalar() > 3.9)
    #expect(Self.draw(.zeros).abs().max().scalar() == 0)
    #expect(Self.draw(.constant(0.25)).mean().scalar() == 0.25)
  }

  @Test func lstmForgetGateBeginsOpen() {
    var first = RandomStream(seed: 1)
    var second = RandomStream(seed: 1)
    let plain = LSTM(inputs: 2, hidden: 3, random: &first).layers[0].inputBias!.value
    let open = LSTM(inputs: 2, hidden: 3, forgetBias: 1, random: &second).layers[0].inputBias!.value
    expectClose(open - plain, Tensor([Float(0), 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]), "forget bias", tolerance: 1e-6)
  }

  @Test func paddingRowsBeginAtZeroAndStayThere() {
    var random = RandomStream(seed: 1)
    let layer = Embedding(count: 4, features: 3, paddingIndex: 2, random: &random)
    #expect(layer.weight.value[2].array(of: Float.self) == [0, 0, 0])
    let optimizer = SGD(layer.parameters, learningRate: 1)
    _ = optimizer.minimize((layer(Tensor([Int64(2), 1])) - 1).square().sum()).scalar()
    #expect(layer.weight.value[2].array(of: Float.self) == [0, 0, 0])
  }
}
