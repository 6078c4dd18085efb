import Layers
import LocalLearning
import Tensors
import Testing

@Suite struct NoPropTrainingTests {
  private let batches: [(images: Tensor, labels: Tensor)] = (0..<6).map { NoPropFixtures.data(32, seed: 40 + $0) }

  /// Trains a fresh chain by blocks alone, visiting blocks in the order that `visits` gives, and returns its bytes.
  private func trained(_ visits: (DiscreteTimeTrainer<ConvolutionalBlock>) -> Void) throws -> [String: [UInt8]] {
    let model = try convolutionalChain()
    visits(try DiscreteTimeTrainer(model, random: RandomStream(seed: 50)))
    return model.bytes.filter { $0.key.hasPrefix("blocks.") }
  }

  private func convolutionalChain(steps: Int = 4) throws -> DiscreteTimeNoProp<ConvolutionalBlock> {
    var random = RandomStream(seed: 51)
    let configuration = BlockConfiguration(
      imageShape: [4, 4, 1], classCount: 4, embeddingWidth: 4,
      convolutions: [.init(channels: 4, pools: true, dropout: 0.2)], hidden: 16, headHidden: 8)
    return try DiscreteTimeNoProp(
      schedule: .cosine(steps: steps), embedding: .oneHot(classCount: 4),
      blocks: (0..<steps).map { _ in ConvolutionalBlock(configuration, random: &random) },
      readout: ClassReadout(width: 4, classCount: 4, random: &random))
  }

  /// The same batches as small images.
  private var pictures: [(images: Tensor, labels: Tensor)] {
    batches.map { batch in
      let padded = batch.images.padded([(0, 0), (0, 10)]).reshaped(to: [32, 4, 4, 1] as Shape)
      evaluate(padded)
      return (padded, batch.labels)
    }
  }

  @Test func `blocks come out the same in any order, together and concurrently`() async throws {
    let pictures = pictures
    let forward = try trained { trainer in
      for t in 1...4 { for batch in pictures { trainer.stepAlone(block: t, images: batch.images, labels: batch.labels) } }
    }
    let backward = try trained { trainer in
      for t in (1...4).reversed() { for batch in pictures { trainer.stepAlone(block: t, images: batch.images, labels: batch.labels) } }
    }
    #expect(backward == forward)
    let together = try trained { trainer in
      for batch in pictures { trainer.stepAlone(blocks: 1...4, images: batch.images, labels: batch.labels) }
    }
    #expect(together == forward)
    let asInThePaper = try trained { trainer in
      for t in 1...4 { for batch in pictures { trainer.step(block: t, images: batch.images, labels: batch.labels) } }
    }
    #expect(asInThePaper == forward, "the readout trains beside the blocks and does not reach them")

    let model = try convolutionalChain()
    var random = RandomStream(seed: 50)
    let streams = (1...4).map { _ in random.split() }
    await withTaskGroup(of: Void.self) { group in
      for t in 1...4 {
        group.addTask {
          guard let trainer = try? BlockTrainer(model, block: t, options: .init(), random: streams[t - 1]) else { return }
          for batch in pictures { evaluate(trainer.step(images: batch.images, labels: batch.labels)) }
        }
      }
    }
    #expect(model.bytes.filter { $0.key.hasPrefix("blocks.") } == forward)
  }

  @Test func `a step leaves the other blocks and their statistics alone`() throws {
    let model = try convolutionalChain()
    let trainer = try DiscreteTimeTrainer(model, options: .init(weightDecay: 0.1), random: RandomStream(seed: 52))
    let before = model.bytes
    for batch in pictures { trainer.step(block: 2, images: batch.images, labels: batch.labels) }
    let changed = Set(model.bytes.filter { before[$0.key] != $0.value }.keys)
    #expect(!changed.isEmpty)
    #expect(changed.allSatisfy { $0.hasPrefix("blocks.1.") || $0.hasPrefix("readout.") })
    #expect(changed.contains { $0.hasPrefix("readout.") })
    #expect(changed.filter { $0.contains("unning") }.count == 12, "mean and variance of the six normalisations of block 2")
    #expect(model.blocks[1].namedParameters.allSatisfy { changed.contains("blocks.1.\($0.name)") })
  }

  @Test func `flow matching without anchor leaves the readout alone`() throws {
    let embedding = LabelEmbedding.oneHot(classCount: NoPropFixtures.classes)
    let model = try FlowMatchingNoProp(
      embedding: embedding, block: NoPropFixtures.timedBlock(), readout: NoPropFixtures.readout(embedding))
    #expect(!model.usesAnchor)
    let before = model.bytes
    let trainer = ClassifierTrainer(model, random: RandomStream(seed: 53)) { AdamW($0, weightDecay: 0.1) }
    for batch in batches { trainer.step(images: batch.images, labels: batch.labels) }
    let changed = Set(model.bytes.filter { before[$0.key] != $0.value }.keys)
    #expect(!changed.isEmpty && changed.allSatisfy { $0.hasPrefix("block.") })
  }

  @Test func `equal seeds train equal models`() throws {
    func run() throws -> [String: [UInt8]] {
      let model = try NoPropFixtures.chain(steps: 3, embedding: NoPropFixtures.learnedEmbedding())
      let trainer = try DiscreteTimeTrainer(model, options: .init(fixesTarget: true), random: RandomStream(seed: 54))
      for batch in batches { for t in 1...3 { trainer.step(block: t, images: batch.images, labels: batch.labels) } }
      return model.bytes
    }
    #expect(try run() == run())
  }

  @Test func `steps of one kind are compiled once`() throws {
    let model = try NoPropFixtures.chain(steps: 6)
    let trainer = try DiscreteTimeTrainer(model, random: RandomStream(seed: 55))
    let batch = batches[0]
    // Round by round, so that the steps the optimisers have taken coincide here only, where equal numbers are one.
    for _ in 0..<2 { for t in 1...6 { trainer.step(block: t, images: batch.images, labels: batch.labels) } }
    let statistics = EngineStatistics.during {
      for _ in 0..<3 { for t in 1...6 { trainer.step(block: t, images: batch.images, labels: batch.labels) } }
    }
    #expect(statistics.evaluations == 18)
    #expect(statistics.compiledPlans == 0)
  }

  /// Every variant and every baseline learns a problem that is easy.
  @Test func `all learn`() throws {
    let test = NoPropFixtures.data(400, seed: 60)
    func accuracy(_ model: some Classifier) -> Double {
      var random = RandomStream(seed: 61)
      return (model.logits(of: test.images, random: &random).argMax() .== test.labels).cast(to: .float32).mean().scalar(as: Double.self)
    }
    func train(_ model: some TrainableClassifier, epochs: Int) -> Double {
      let trainer = ClassifierTrainer(model, random: RandomStream(seed: 62)) { Adam($0, learningRate: 5e-3) }
      for _ in 0..<epochs { for batch in batches { trainer.step(images: batch.images, labels: batch.labels) } }
      return accuracy(model)
    }

    let chain = try NoPropFixtures.chain(steps: 4)
    let trainer = try DiscreteTimeTrainer(chain, options: .init(learningRate: 5e-3), random: RandomStream(seed: 63))
    for _ in 0..<30 { for t in 1...4 { for batch in batches { trainer.step(block: t, images: batch.images, labels: batch.labels) } } }
    #expect(accuracy(chain) > 0.95)
    var random = RandomStream(seed: 64)
    let byBlock = chain.blockAccuracies(images: test.images, labels: test.labels, random: &random)
    #expect(byBlock.count == 4 && byBlock.allSatisfy { $0 > 0.9 })

    let embedding = LabelEmbedding.oneHot(classCount: NoPropFixtures.classes)
    var seeds = RandomStream(seed: 65)
    let continuous = try ContinuousTimeNoProp(
      schedule: LearnedNoiseSchedule(units: 16, ends: -4...4, random: &seeds), embedding: embedding, block: NoPropFixtures.timedBlock(),
      readout: NoPropFixtures.readout(embedding), settings: .init(steps: 50))
    #expect(train(continuous, epochs: 80) > 0.9)
    let flow = try FlowMatchingNoProp(
      embedding: embedding, block: NoPropFixtures.timedBlock(), readout: NoPropFixtures.readout(embedding), settings: .init(steps: 50))
    #expect(train(flow, epochs: 80) > 0.9)
    // From a random readout two classes may want one corner of the simplex, which saturated softmaxes do not undo: head = W^T here.
    let chained = train(
      try BackpropagationChain(
        embedding: embedding, blocks: NoPropFixtures.chain(steps: 4, seed: 66).blocks, readout: NoPropFixtures.transposedReadout(embedding)),
      epochs: 40)
    #expect(chained > 0.95)
    let adjoint = try NeuralODEClassifier(
      embedding: embedding, block: NoPropFixtures.timedBlock(), readout: NoPropFixtures.transposedReadout(embedding), solver: .heun,
      steps: 5)
    #expect(train(adjoint, epochs: 20) > 0.95)
  }

  @Test func `training one block holds a fraction of what training the chain holds`() throws {
    var random = RandomStream(seed: 67)
    let configuration = BlockConfiguration.reduced(imageShape: [14, 14, 1], classCount: 10, embeddingWidth: 10)
    let blocks = (0..<10).map { _ in ConvolutionalBlock(configuration, random: &random) }
    let embedding = LabelEmbedding.oneHot(classCount: 10)
    let readout = try ClassReadout(width: 10, classCount: 10, random: &random)
    let images = Tensor.uniform([128, 14, 14, 1], key: random.next())
    let labels = Tensor.integers([128], in: 0..<10, key: random.next())
    evaluate(images, labels)
    let chain = try DiscreteTimeNoProp(schedule: .cosine(steps: 10), embedding: embedding, blocks: blocks, readout: readout)
    let one = try DiscreteTimeTrainer(chain, random: random).plan(block: 5, images: images, labels: labels)
    let all = ClassifierTrainer(try BackpropagationChain(embedding: embedding, blocks: blocks, readout: readout), random: random) {
      AdamW($0)
    }
    .plan(images: images, labels: labels)
    #expect(Double(one.temporaryBytes) <= 0.25 * Double(all.temporaryBytes), "\(one.temporaryBytes) and \(all.temporaryBytes) bytes")
    #expect(Double(one.peakBytes) <= 0.25 * Double(all.peakBytes), "\(one.peakBytes) and \(all.peakBytes) bytes")
  }
}
