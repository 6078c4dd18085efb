import Architectures
import Layers
import Tensors
import Testing

@Suite struct AssociationTests {
  private func normal(_ shape: Shape, _ seed: Int, dtype: DType = .float64) -> Tensor {
    var random = RandomStream(seed: seed)
    let value = Tensor.normal(shape, key: random.next(), dtype: dtype)
    evaluate(value)
    return value
  }

  private func largest(_ a: Tensor, _ b: Tensor) -> Double { (a - b).abs().max().cast(to: .float64).scalar(as: Double.self) }

  private func layer(_ configuration: AssociationConfiguration, seed: Int = 1) throws -> Hopfield {
    var random = RandomStream(seed: seed)
    let layer = try Hopfield(configuration, random: &random)
    layer.association.convert(to: .float64)
    // Larger than the published start, so that what is compared is no average of everything.
    for parameter in layer.parameters {
      parameter.assign(Tensor.normal(parameter.shape, key: random.next(), standardDeviation: 0.4, dtype: .float64))
    }
    layer.materialize()
    return layer
  }

  @Test func `without updates and norms it is multi-head attention`() throws {
    var configuration = try AssociationConfiguration(width: 12, heads: 3)
    configuration.setAll { $0.isNormalized = false }
    let layer = try layer(configuration)
    let x = normal([2, 5, 12], 3)
    let core = layer.association

    var random = RandomStream(seed: 2)
    let attention = MultiHeadAttention(features: 12, heads: 3, random: &random)
    let projections = [core.stateProjection!, core.storedProjection!, core.patternProjection!]
    attention.inputWeight!.assign(Tensor.concatenate(projections.map(\.weight.value), axis: 1))
    attention.inputBias!.assign(Tensor.concatenate(projections.map { $0.bias!.value }))
    attention.outputWeight.assign(core.outputProjection!.weight.value)
    attention.outputBias!.assign(core.outputProjection!.bias!.value)
    #expect(largest(layer(x), attention(x)) < 1e-6)

    let hidden = Tensor([false, false, false, false, true, false, false, true, false, true], shape: [2, 5])
    let masked = try layer.associate(x, mask: AssociationMask(padding: hidden)).output
    #expect(largest(masked, attention(x, keyMask: .!hidden)) < 1e-6)
  }

  @Test func `each head has its own inverse temperature`() throws {
    let x = normal([1, 4, 6], 4)
    let both = try layer(AssociationConfiguration(width: 6, heads: 2, scaling: .perHead([0.3, 2]), updates: 2, projectsOutput: false))
    let first = try layer(AssociationConfiguration(width: 6, heads: 2, scaling: .uniform(0.3), updates: 2, projectsOutput: false))
    let second = try layer(AssociationConfiguration(width: 6, heads: 2, scaling: .uniform(2), updates: 2, projectsOutput: false))
    #expect(largest(both(x)[.ellipsis, 0..<3], first(x)[.ellipsis, 0..<3]) < 1e-8)
    #expect(largest(both(x)[.ellipsis, 3..<6], second(x)[.ellipsis, 3..<6]) < 1e-8)
  }

  @Test func `a large inverse temperature retrieves the nearest pattern`() throws {
    let stored = normal([1, 6, 16], 5)
    let state = stored[.all, 2..<4] + normal([1, 2, 16], 6) * 0.1
    let layer = try Hopfield.memory(width: 16, scaling: .uniform(200))
    #expect(layer.parameters.isEmpty)
    let result = try layer.associate(stored: stored, state: state)
    #expect(largest(result.output, stored[.all, 2..<4]) < 1e-6)
    // What is looked up may be something else.
    let names = normal([1, 6, 16], 7)
    #expect(largest(try layer.associate(stored: stored, state: state, projection: names).output, names[.all, 2..<4]) < 1e-6)
  }

  @Test func `without a limit the updates go on until the associations rest`() throws {
    let configuration = try AssociationConfiguration(width: 6, heads: 2, scaling: .perHead([0.5, 3]), updates: nil, tolerance: 1e-9)
    let x = normal([3, 5, 6], 8)
    let free = try layer(configuration)
    var count = 0
    var last: Tensor?
    let result = try free.association.associate(state: x, stored: x, projection: x) { update, _, weights in
      count = update
      last = weights
    }
    #expect(count > 2 && largest(last!, result.weights) == 0)
    // One more update changes nothing; as many updates with a limit give the same.
    var limited = configuration
    limited.updates = count
    let same = try layer(limited)
    #expect(largest(try same.associate(x).output, result.output) < 1e-12)
    limited.updates = count + 5
    #expect(largest(try layer(limited).associate(x).output, result.output) < 1e-7)

    // Gradients flow through all updates, and through what was computed before the layer.
    let before = x * 1.5
    let loss = free(before).square().sum()
    let gradient = loss.gradients(withRespectTo: [x])[0]
    let direction = normal([3, 5, 6], 9)
    let h = 1e-5
    func value(_ x: Tensor) -> Double { free(x * 1.5).square().sum().scalar(as: Double.self) }
    let numeric = (value(x + direction * h) - value(x - direction * h)) / (2 * h)
    let analytic = (gradient * direction).sum().scalar(as: Double.self)
    #expect(abs(numeric - analytic) < 1e-4 * abs(numeric), "\(numeric) \(analytic)")
  }

  @Test func `heads rest each on its own, and a resting head keeps its association`() throws {
    // With this tolerance the head of small beta rests at once.
    let configuration = try AssociationConfiguration(
      width: 6, heads: 2, scaling: .perHead([1e-4, 2]), updates: 6, tolerance: 1e-3, projectsOutput: false)
    let x = normal([2, 4, 6], 10)
    let layer = try layer(configuration)
    var trace: [Tensor] = []
    _ = try layer.association.associate(state: x, stored: x, projection: x) { _, _, weights in trace.append(weights) }
    evaluate(trace)
    #expect(trace.count == 7)
    for later in trace.dropFirst(2) { #expect(largest(later[.all, 0], trace[1][.all, 0]) == 0) }
    #expect(largest(trace[2][.all, 1], trace[1][.all, 1]) > 1e-3)
  }

  @Test func `zero and bias patterns are seen by every state`() throws {
    let x = normal([2, 3, 4], 11)
    let plain = try layer(AssociationConfiguration(width: 4, projectsOutput: false))
    let zero = try layer(AssociationConfiguration(width: 4, projectsOutput: false, addsZeroAssociation: true))
    let result = try zero.associate(x, mask: AssociationMask(padding: Tensor([true, true, true, false, false, true], shape: [2, 3])))
    #expect(result.weights.shape == [2, 1, 3, 4])
    // Everything else is hidden, so the zero pattern is all that is found.
    #expect(largest(result.output[0], Tensor.zeros([3, 4], dtype: .float64)) < 1e-12)
    // With logits l the zero pattern has weight 1 / (1 + sum exp l).
    let (q, k) = (plain.association.stateProjection!, plain.association.storedProjection!)
    let logits = q(plain.association.stateNorm!(x)).matmul(k(plain.association.storedNorm!(x)).transposed()) * 0.5
    let expected = 1 / (logits.exp().sum(axes: [-1]) + 1)
    #expect(largest(try zero.associate(x).weights[.all, 0, .all, 3], expected) < 1e-12)

    var random = RandomStream(seed: 1)
    let bias = try Hopfield(AssociationConfiguration(width: 4, heads: 2, addsBiasPattern: true), random: &random)
    #expect(bias.association.biasStored!.shape == [2, 1, 2])
    let y = normal([2, 3, 4], 12, dtype: .float32)
    let loss = try bias.associate(y).output.square().sum()
    let gradients = loss.gradients(withRespectTo: [bias.association.biasStored!.value, bias.association.biasPattern!.value])
    for gradient in gradients { #expect(gradient.abs().max().scalar(as: Double.self) > 0) }
  }

  @Test func `masks add, hide, and hide nothing`() throws {
    let x = normal([2, 3, 4], 13)
    let layer = try layer(AssociationConfiguration(width: 4, heads: 2, updates: 2))
    let additive = normal([3, 3], 14)
    let hidden = Tensor([false, true, false, false, false, true, true, false, false], shape: [3, 3])
    let byNumbers = try layer.associate(
      x, mask: AssociationMask(association: Tensor.select(hidden, Tensor(-.infinity, dtype: .float64), additive)))
    let weights = byNumbers.weights
    for head in 0..<2 {
      #expect((weights[.all, head] * hidden.cast(to: .float64)).max().scalar(as: Double.self) == 0)
    }
    let broad = Tensor.stack([additive, additive])
    #expect(
      largest(
        try layer.associate(x, mask: AssociationMask(association: additive)).output,
        try layer.associate(x, mask: AssociationMask(association: broad)).output) == 0)
    let nothing = Tensor(repeating: 0, shape: [3, 3], dtype: .bool)
    #expect(largest(try layer.associate(x, mask: AssociationMask(association: nothing)).output, layer(x)) < 1e-12)
  }

  @Test func `pooling does not see order, nor padding`() throws {
    var random = RandomStream(seed: 3)
    let pooling = try HopfieldPooling(
      AssociationConfiguration(width: 6, heads: 2, headWidth: 4, outputWidth: 5, scaling: .uniform(2), updates: 1), quantity: 3,
      random: &random)
    let x = normal([2, 4, 6], 15, dtype: .float32)
    let y = pooling(x)
    #expect(y.shape == [2, 15])
    #expect(largest(y, pooling(x.gathered(Tensor([2, 0, 3, 1] as [Int64]), axis: 1))) < 1e-6)
    let longer = Tensor.concatenate([x, normal([2, 2, 6], 16, dtype: .float32)], axis: 1)
    let padding = Tensor([false, false, false, false, true, true, false, false, false, false, true, true], shape: [2, 6])
    #expect(largest(y, try pooling.pool(longer, padding: padding).output) < 1e-6)
    var frozen = RandomStream(seed: 3)
    let fixed = try HopfieldPooling(AssociationConfiguration(width: 6), isTrainable: false, random: &frozen)
    #expect(!fixed.trainableParameters.contains { $0 === fixed.pooling })
  }

  @Test func `a look-up of stored examples gives their labels`() throws {
    var random = RandomStream(seed: 4)
    var configuration = try AssociationConfiguration.memory(width: 5, scaling: .uniform(2000), updates: 0)
    configuration.projection.width = 5
    // Of one length: each is then most like itself.
    let drawn = normal([7, 5], 17, dtype: .float32)
    let examples = drawn / drawn.square().sum(axes: [1], keepingAxes: true).sqrt()
    let labels = Tensor([0, 1, 2, 0, 1, 2, 3] as [Int64]).oneHot(5)
    let layer = try HopfieldLayer(
      configuration, quantity: 7, separatesTargets: true, isLookupTrainable: false, areTargetsTrainable: false, random: &random)
    try layer.store(examples, targets: labels)
    #expect(layer.trainableParameters.isEmpty)
    #expect(largest(layer(examples.expandingShape(at: 0)).squeezed(0), labels) < 1e-3)
  }

  @Test func `blocks keep their shape and train`() throws {
    var random = RandomStream(seed: 5)
    let configuration = try AssociationConfiguration(width: 8, heads: 2, updates: 1)
    let encoder = try HopfieldEncoderBlock(configuration, innerWidth: 16, random: &random)
    let decoder = try HopfieldDecoderBlock(
      configuration, memory: AssociationConfiguration(width: 8, storedWidth: 6, heads: 2), innerWidth: 16, random: &random)
    let x = normal([2, 4, 8], 18, dtype: .float32)
    let memory = normal([2, 5, 6], 19, dtype: .float32)
    let y = try withContext(.training, random: random) { try decoder.decode(encoder.encode(x), memory: memory) }
    #expect(y.shape == [2, 4, 8])
    let parameters = encoder.parameters + decoder.parameters
    let gradients = (y * normal([2, 4, 8], 20, dtype: .float32)).sum().gradients(withRespectTo: parameters.map(\.value))
    #expect(gradients.allSatisfy { $0.isFinite().all().scalar(as: Bool.self) })
    #expect(throws: HopfieldError.self) {
      try HopfieldEncoderBlock(AssociationConfiguration(width: 8, outputWidth: 4), random: &random)
    }
  }

  // MARK: Refusals

  private func refused(_ words: String, _ body: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation) {
    do {
      try body()
      Issue.record("nothing was thrown", sourceLocation: sourceLocation)
    } catch { #expect("\(error)".contains(words), "\(error)", sourceLocation: sourceLocation) }
  }

  @Test func `wrong settings are refused by name`() {
    refused("heads is 4; allowed: a divisor of the width 6") { _ = try AssociationConfiguration(width: 6, heads: 4) }
    refused("tolerance is 0.0") { _ = try AssociationConfiguration(width: 6, tolerance: 0) }
    refused("tolerance is -1.0") { _ = try AssociationConfiguration(width: 6, tolerance: -1) }
    refused("updates is -2; allowed: at least 0, or no limit") { _ = try AssociationConfiguration(width: 6, updates: -2) }
    refused("dropout is 1.5") { _ = try AssociationConfiguration(width: 6, dropout: 1.5) }
    refused("scaling is 2") { _ = try AssociationConfiguration(width: 6, heads: 3, scaling: .perHead([1, 2])) }
    refused("scaling is -1.0") { _ = try AssociationConfiguration(width: 6, scaling: .uniform(-1)) }
    refused("patternWidth is 5") {
      _ = try AssociationConfiguration(width: 6, heads: 2, headWidth: 4, patternWidth: 5, connectsPatternProjection: true)
    }
    refused("quantity is 0") {
      var random = RandomStream(seed: 1)
      _ = try HopfieldPooling(AssociationConfiguration(width: 6), quantity: 0, random: &random)
    }
    refused("inverseTemperature is 0.0") { _ = try HopfieldMemory(patterns: .ones([2, 3]), inverseTemperature: 0) }
  }

  @Test func `wrong inputs are refused by name`() throws {
    var random = RandomStream(seed: 1)
    let layer = try Hopfield(AssociationConfiguration(width: 4, heads: 2), random: &random)
    let x = normal([2, 3, 4], 21, dtype: .float32)
    refused("state has the shape") { _ = try layer.associate(x[.all, .all, 0..<3]) }
    refused("mask.association has the shape [3, 4]") {
      _ = try layer.associate(x, mask: AssociationMask(association: Tensor(repeating: 0, shape: [3, 4], dtype: .bool)))
    }
    refused("mask.padding has the shape [2, 2]") {
      _ = try layer.associate(x, mask: AssociationMask(padding: Tensor(repeating: 0, shape: [2, 2], dtype: .bool)))
    }
    refused("state pattern 0 of batch entry 1") {
      _ = try layer.associate(x, mask: AssociationMask(padding: Tensor([false, false, true, true, true, true], shape: [2, 3])))
    }
    refused("state pattern 1 of batch entry 0") {
      let mask = Tensor([0, 0, 0, -.infinity, -.infinity, -.infinity, 0, 0, 0] as [Float], shape: [3, 3])
      _ = try layer.associate(x, mask: AssociationMask(association: mask))
    }
    let broken = Tensor([.nan] + [Float](repeating: 1, count: 23), shape: [2, 3, 4])
    refused("state holds NaN") { _ = try layer.associate(broken) }
    refused("stored holds NaN") { _ = try layer.associate(stored: broken, state: x) }
    refused("cues holds NaN") {
      _ = try HopfieldMemory(patterns: .ones([2, 4]), inverseTemperature: 1).retrieve(broken[0])
    }
    refused("updates is -1") { _ = try HopfieldMemory(patterns: .ones([2, 4]), inverseTemperature: 1).retrieve(x[0], updates: -1) }
  }
}
