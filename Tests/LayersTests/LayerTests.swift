import Layers
import Tensors
import Testing

/// Layers without weights of their own, masks, and summaries.
@Suite struct LayerTests {
  @Test func activationsMatchTheirFormulas() {
    let x = Tensor([-4.0, -1.5, -0.2, 0.0, 0.3, 1, 2.5, 7])
    let formulas: [(Activation.Function, Tensor)] = [
      (.identity, x), (.relu, x.maximum(0)), (.relu6, x.clamped(0, 6)), (.leakyRelu(slope: 0.2), x.maximum(0) + x.minimum(0) * 0.2),
      (.elu(alpha: 2), x.maximum(0) + (x.minimum(0).exp() - 1) * 2),
      (.selu, (x.maximum(0) + (x.minimum(0).exp() - 1) * 1.6732632423543772) * 1.0507009873554805),
      (.gelu, x * ((x / 2.0.squareRoot()).erf() + 1) / 2),
      (.geluTanh, x * (((x + x.pow(3.0) * 0.044715) * (2 / Double.pi).squareRoot()).tanh() + 1) / 2), (.silu, x / ((-x).exp() + 1)),
      (.mish, x * (x.exp() + 1).log().tanh()), (.softplus, (x.exp() + 1).log()), (.softsign, x / (x.abs() + 1)),
      (.sigmoid, 1 / ((-x).exp() + 1)), (.tanh, (x.exp() - (-x).exp()) / (x.exp() + (-x).exp())),
      (.hardSwish, x * (x + 3).clamped(0, 6) / 6), (.hardSigmoid, (x / 6 + 0.5).clamped(0, 1)), (.softmax, x.exp() / x.exp().sum()),
      (.logSoftmax, x - x.exp().sum().log()),
    ]
    for (function, expected) in formulas { expectClose(Activation(function)(x), expected, "\(function)", tolerance: 1e-12) }
  }

  @Test func poolingAgreesWithHandComputedWindows() {
    let x = Tensor.range(16, dtype: .float32).reshaped(to: [1, 4, 4, 1])
    #expect(MaxPool(window: [2, 2])(x).array(of: Float.self) == [5, 7, 13, 15])
    #expect(AveragePool(window: [2, 2])(x).array(of: Float.self) == [2.5, 4.5, 10.5, 12.5])
    #expect(
      AveragePool(window: [3, 3], strides: [3, 3], padding: .symmetric([1, 1]), countsPadding: false)(x)[0, 0, 0, 0].scalar() == 2.5)
    #expect(GlobalAveragePool()(x).array(of: Float.self) == [7.5])
    #expect(GlobalMaxPool()(x).array(of: Float.self) == [15])
    #expect(AdaptivePool(to: [2, 1])(x).array(of: Float.self) == [3.5, 11.5])
    #expect(AdaptivePool(.maximum, to: [1, 2])(x).array(of: Float.self) == [13, 15])
    #expect(MaxPool(window: [3, 3], strides: [2, 2], padding: .same)(x).shape == [1, 2, 2, 1])
  }

  @Test func flatteningOrders() {
    let x = Tensor.range(8, dtype: .float32).reshaped(to: [1, 2, 2, 2])
    #expect(Flatten()(x).array(of: Float.self) == [0, 1, 2, 3, 4, 5, 6, 7])
    #expect(Flatten(order: .channelsFirst)(x).array(of: Float.self) == [0, 2, 4, 6, 1, 3, 5, 7])
  }

  @Test func depthwiseTreatsChannelsAlone() {
    var random = RandomStream(seed: 1)
    let layer = Convolution.depthwise(channels: 3, multiplier: 2, kernel: [3, 3], random: &random)
    let input = Tensor.normal([1, 5, 5, 3], key: random.next())
    let output = layer(input)
    #expect(output.shape == [1, 5, 5, 6])
    var changed = input
    changed[.ellipsis, 1] = .zeros([1, 5, 5])
    let difference = (layer(changed) - output).abs().sum(0, 1, 2).array(of: Float.self)
    #expect(difference[0] == 0 && difference[1] == 0 && difference[2] > 0 && difference[3] > 0 && difference[4] == 0)
  }

  @Test func residualAddsItsShortcut() {
    let doubling = Dense(weight: Tensor([Float(2), 0, 0, 2], shape: [2, 2]))
    let x = Tensor([Float(1), -3], shape: [1, 2])
    #expect(Residual(doubling)(x).array(of: Float.self) == [3, -9])
    #expect(Residual(doubling, shortcut: doubling, activation: Activation(.relu))(x).array(of: Float.self) == [4, 0])
  }

  @Test func sequencesAreWrittenDownInABlock() {
    var random = RandomStream(seed: 1)
    let deep = true
    let layers = (0..<2).map { _ in Dense(inputs: 3, outputs: 3, random: &random) }
    let model = Sequential {
      layers[0]
      if deep { Activation(.relu) }
      for layer in layers { Residual(layer) }
    }
    #expect(model.layers.count == 4)
    // The first layer is used twice and counted once.
    #expect(model.parameters.count == 4)
    #expect(model(.ones([2, 3])).shape == [2, 3])
  }

  @Test func causalAttentionIgnoresTheFuture() {
    var random = RandomStream(seed: 2)
    let layer = MultiHeadAttention(features: 8, heads: 2, random: &random)
    let input = Tensor.normal([2, 5, 8], key: random.next())
    var changed = input
    changed[.all, 3...] = .zeros([2, 2, 8])
    let a = layer(input, isCausal: true)
    let b = layer(changed, isCausal: true)
    #expect(a[.all, ..<3].array(of: Float.self) == b[.all, ..<3].array(of: Float.self))
    #expect(a[.all, 3...].array(of: Float.self) != b[.all, 3...].array(of: Float.self))
    let weights = layer.attend(input, isCausal: true).weights
    expectClose(weights.sum(axes: [-1]), .ones([2, 2, 5]), "weights", tolerance: 1e-5)
    #expect(weights[.ellipsis, 0, 1...].abs().max().scalar() == 0)
  }

  @Test func queriesWithoutKeysGiveZeroWeights() {
    var random = RandomStream(seed: 3)
    let layer = MultiHeadAttention(features: 4, heads: 1, hasBias: false, random: &random)
    let input = Tensor.normal([1, 3, 4], key: random.next())
    let (output, weights) = layer.attend(input, keyMask: Tensor(repeating: 0, shape: [1, 3], dtype: .bool))
    let gradient = output.sum().gradients(withRespectTo: [input])[0]
    #expect(weights.abs().max().scalar() == 0)
    #expect(output.abs().max().scalar() == 0)
    #expect(gradient.isFinite().all().array(of: Bool.self) == [true])
  }

  @Test func attentionDropsWeightsInTrainingOnly() {
    var random = RandomStream(seed: 4)
    let block = TransformerBlock(features: 4, heads: 2, hidden: 8, dropout: 0.5, random: &random)
    let input = Tensor.normal([1, 3, 4], key: random.next())
    let calm = block(input).array(of: Float.self)
    #expect(calm == block(input).array(of: Float.self))
    let first = withContext(.training, random: RandomStream(seed: 1)) { block(input) }.array(of: Float.self)
    #expect(first != calm)
    #expect(first == withContext(.training, random: RandomStream(seed: 1)) { block(input) }.array(of: Float.self))
  }

  @Test func recurrentNetworksContinueFromTheirState() {
    var random = RandomStream(seed: 5)
    let input = Tensor.normal([2, 6, 3], key: random.next())
    let lstm = LSTM(inputs: 3, hidden: 4, layers: 2, random: &random)
    let whole = lstm(input)
    let (first, state) = lstm(input[.all, ..<2], state: nil)
    let (second, _) = lstm(input[.all, 2...], state: state)
    expectClose(Tensor.concatenate([first, second], axis: 1), whole, "LSTM", tolerance: 1e-6)
    let gru = GRU(inputs: 3, hidden: 4, random: &random)
    let (half, hidden) = gru(input[.all, ..<3], state: nil)
    let (rest, _) = gru(input[.all, 3...], state: hidden)
    expectClose(Tensor.concatenate([half, rest], axis: 1), gru(input), "GRU", tolerance: 1e-6)
  }

  @Test func summariesNameEveryLayerAndComputeNothing() {
    var random = RandomStream(seed: 6)
    let shared = Dense(inputs: 10, outputs: 10, random: &random)
    let model = Sequential(
      Convolution(inputs: 1, outputs: 2, kernel: [3, 3], padding: .same, random: &random), BatchNorm(features: 2), Activation(.relu),
      MaxPool(window: [2, 2]), Flatten(), Dense(inputs: 8, outputs: 10, random: &random), shared, Residual(shared))
    model[0].freeze()
    let statistics = EngineStatistics.during {
      let summary = model.summary(inputShape: [1, 4, 4, 1])
      #expect(summary.rows.map(\.name) == ["0", "1", "2", "3", "4", "5", "6", "6"])
      #expect(summary.rows.map(\.kind) == ["Convolution", "BatchNorm", "Relu", "MaxPool", "Flatten", "Dense", "Dense", "Dense"])
      #expect(summary.rows[0].output == [1, 4, 4, 2])
      #expect(summary.rows.map(\.parameters) == [20, 4, 0, 0, 0, 90, 110, 0])
      #expect(summary.rows[0].multiplyAdds == 16 * 2 * 9 && summary.rows[5].multiplyAdds == 80)
      #expect(summary.rows[0].activationBytes == 128)
      #expect(summary.parameters == 224 && summary.trainableParameters == 204)
      #expect(summary.flops >= Double(2 * summary.rows[0].multiplyAdds))
      #expect(summary.description.contains("Convolution"))
      #expect(summary.description.contains("1 x 4 x 4 x 2"))
    }
    #expect(statistics.evaluations == 0)
  }
}
