import Layers
import LocalLearning
import Tensors
import Testing

@Suite struct NoPropGradientTests {
  private let images: Tensor
  private let labels: Tensor
  private let noise: [Tensor]
  private let time: Tensor

  init() {
    (images, labels) = NoPropFixtures.data(7, seed: 31, dtype: .float64)
    var random = RandomStream(seed: 32)
    noise = (0..<2).map { _ in Tensor.normal([7, 3], key: random.next(), dtype: .float64) }
    time = Tensor.uniform([7], key: random.next(), dtype: .float64)
    evaluate(noise + [time])
  }

  @Test(arguments: [1, 3]) func `discrete time`(t: Int) throws {
    let model = try NoPropFixtures.chain(steps: 3, embedding: NoPropFixtures.learnedEmbedding()).converted()
    let error = largestGradientError(model.blocks[t - 1].parameters + model.readout.parameters + [model.embedding.weight]) {
      model.objective(
        block: t, images: images, labels: labels, noise: noise[0], finalNoise: noise[1], weight: 0.1, fixesTarget: false
      ).total
    }
    #expect(error < 1e-5)
  }

  @Test func `discrete time with a radial readout`() throws {
    let embedding = NoPropFixtures.learnedEmbedding()
    let chain = try NoPropFixtures.chain(steps: 2, embedding: embedding)
    let model = try DiscreteTimeNoProp(
      schedule: chain.schedule, embedding: embedding, blocks: chain.blocks,
      readout: NoPropFixtures.readout(embedding, radialDeviation: 0.8)
    ).converted()
    let error = largestGradientError(model.readout.parameters + [embedding.weight]) {
      let terms = model.sharedTerms(labels: labels, noise: noise[0])
      return terms.crossEntropy + terms.divergence
    }
    #expect(error < 1e-5)
    let probabilities = model.readout.logits(noise[0], embedding).exp().sum(1).array(of: Double.self)
    #expect(probabilities.allSatisfy { abs($0 - 1) < 1e-12 })
  }

  @Test func `continuous time, the schedule included`() throws {
    let embedding = NoPropFixtures.learnedEmbedding()
    let model = try ContinuousTimeNoProp(
      schedule: NoPropFixtures.schedule(), embedding: embedding, block: NoPropFixtures.timedBlock(width: 3),
      readout: NoPropFixtures.readout(embedding), settings: .init(endLimit: nil)
    ).converted()
    let error = largestGradientError(model.trainableParameters) {
      model.objective(images: images, labels: labels, time: time, noise: noise[0], finalNoise: noise[1]).total
    }
    #expect(error < 1e-5)
  }

  @Test(arguments: [0, 0.3]) func `flow matching with the anchor`(deviation: Double) throws {
    let embedding = NoPropFixtures.learnedEmbedding()
    let model = try FlowMatchingNoProp(
      embedding: embedding, block: NoPropFixtures.timedBlock(width: 3), readout: NoPropFixtures.readout(embedding),
      settings: .init(deviation: deviation)
    ).converted()
    #expect(model.usesAnchor)
    let error = largestGradientError(model.trainedParameters) {
      model.objective(images: images, labels: labels, start: noise[0], time: time, noise: noise[1]).total
    }
    #expect(error < 1e-5)
  }

  @Test func `back-propagation through the chain`() throws {
    let embedding = NoPropFixtures.learnedEmbedding()
    let chain = try NoPropFixtures.chain(steps: 3, embedding: embedding)
    let model = try BackpropagationChain(embedding: embedding, blocks: chain.blocks, readout: chain.readout).converted()
    let error = largestGradientError(model.trainableParameters) {
      model.readout.logits(model.state(images: images, start: noise[0]), embedding).softmaxCrossEntropy(labels: labels).mean()
    }
    #expect(error < 1e-5)
  }

  @Test func `adjoint gradients approach those of the exact solution`() throws {
    let embedding = NoPropFixtures.learnedEmbedding()
    let model = try NeuralODEClassifier(
      embedding: embedding, block: NoPropFixtures.timedBlock(width: 3), readout: NoPropFixtures.readout(embedding), steps: 40
    ).converted()
    var random = RandomStream(seed: 33)
    let start = Tensor.normal([labels.shape[0], 3], key: random.next(), dtype: .float64)
    evaluate(start)
    let gradients = model.lossAndGradients(images: images, labels: labels, start: start, layers: random).gradients
    func loss() -> Tensor {
      let end = model.solve(features: model.block.features(of: images), start: start)
      return model.readout.crossEntropy(end, labels, embedding)
    }
    // The fast waves of the time features make the field rough; what is left is the solvers' error, not a wrong derivative.
    let error = largestGradientError(model.trainedParameters, gradients: gradients, loss: loss)
    #expect(error < 2e-3)
  }

  @Test func `a fixed target lets W learn through the prediction and the readout alone`() throws {
    let embedding = NoPropFixtures.learnedEmbedding()
    let model = try NoPropFixtures.chain(steps: 3, embedding: embedding).converted()
    let w = embedding.weight.value
    func gradient(_ isFixed: Bool, of prediction: (Tensor) -> Tensor) -> [Double] {
      prediction(
        model.denoisingTerm(block: 3, images: images, labels: labels, noise: noise[0], weight: 0.1, fixesTarget: isFixed)
      ).gradients(withRespectTo: [w])[0].array(of: Double.self)
    }
    let fixed = gradient(true) { $0 }
    #expect(fixed != gradient(false) { $0 })
    #expect(fixed.contains { $0 != 0 })
    // The same by hand, with the embeddings as plain numbers.
    let clean = Tensor(embedding(labels).array(of: Double.self), shape: [7, 3])
    let predicted = model.prediction(block: 3, images: images, state: model.noised(clean, at: 2, noise: noise[0]))
    let gain = model.schedule.signalToNoise(3) - model.schedule.signalToNoise(2)
    let byHand = ((predicted - clean).square().sum(1).mean() * (1.5 * 0.1 * gain)).gradients(withRespectTo: [w])[0].array(of: Double.self)
    for (a, b) in zip(fixed, byHand) { #expect(abs(a - b) < 1e-9 * max(1, abs(b))) }
  }
}
