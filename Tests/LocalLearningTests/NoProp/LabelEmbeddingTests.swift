import Layers
import LocalLearning
import Tensors
import Testing

@Suite struct LabelEmbeddingTests {
  @Test func `one-hot is the fixed identity`() {
    let embedding = LabelEmbedding.oneHot(classCount: 3)
    #expect(embedding.weight.value.array(of: Float.self) == [1, 0, 0, 0, 1, 0, 0, 0, 1])
    #expect(!embedding.weight.isTrainable)
    #expect(embedding.trainableParameters.isEmpty)
    #expect(embedding(Tensor([Int64(2), 0])).array(of: Float.self) == [0, 0, 1, 1, 0, 0])
  }

  @Test(arguments: [(4, 20), (30, 20), (5, 5)]) func `orthogonal starts are orthonormal along the shorter side`(classes: Int, width: Int) {
    var random = RandomStream(seed: 1)
    let w = LabelEmbedding.orthogonal(classCount: classes, width: width, random: &random).weight.value.cast(to: .float64)
    let gram = classes <= width ? w.matmul(w.transposed()) : w.transposed().matmul(w)
    let identity = Tensor.range(min(classes, width), dtype: .int64).oneHot(min(classes, width), dtype: .float64)
    #expect((gram - identity).abs().max().scalar(as: Double.self) < 1e-6)
  }

  @Test func `a prototype is the image nearest to its class by the median`() throws {
    // Class 0 on a line at 0, 1, 2, 10, 11: the medians of distances to the others are 6 (of 1, 2, 10, 11), 5, 5, 8.5, 9.5.
    let images = Tensor([0, 1, 2, 10, 11, 5, 100, 101].map { Float($0) }, shape: [8, 1])
    let labels = Tensor([0, 0, 0, 0, 0, 2, 1, 1].map { Int64($0) })
    let embedding = try LabelEmbedding.prototypes(images: images, labels: labels, classCount: 3)
    #expect(embedding.weight.value.array(of: Float.self) == [1, 100, 5])
    #expect(embedding.weight.isTrainable)
    #expect(throws: NoPropError.emptyClass(3)) { try LabelEmbedding.prototypes(images: images, labels: labels, classCount: 4) }
  }

  @Test func `the median decides, not the mean`() throws {
    // Distances of 0: 1, 1, 50 (median 1); of 1 and -1: 1, 2, 49 or 51 (median 2). By the mean, 1 would win.
    let images = Tensor([1, -1, 0, 50].map { Float($0) }, shape: [4, 1])
    let embedding = try LabelEmbedding.prototypes(images: images, labels: Tensor([Int64](repeating: 0, count: 4)), classCount: 1)
    #expect(embedding.weight.value.array(of: Float.self) == [0])
  }

  @Test func `nearest embedding`() throws {
    let embedding = try LabelEmbedding(Tensor([0, 0, 3, 4].map { Float($0) }, shape: [2, 2]), classCount: 2, isTrainable: false)
    #expect(embedding.squaredDistances(Tensor([Float(3), 0], shape: [1, 2])).array(of: Float.self) == [9, 16])
    #expect(embedding.meanNorm == 2.5)
  }

  @Test func `what does not fit is refused`() throws {
    #expect(throws: NoPropError.embeddingRows(found: 3, expected: 4)) {
      try LabelEmbedding(Tensor.zeros([3, 2]), classCount: 4, isTrainable: false)
    }
    let embedding = LabelEmbedding.oneHot(classCount: 3)
    #expect(throws: NoPropError.label(3, position: 1, classCount: 3)) { try embedding.validate(Tensor([Int64(0), 3])) }
    #expect(throws: NoPropError.label(-1, position: 0, classCount: 3)) { try embedding.validate(Tensor([Int64(-1)])) }
    #expect(throws: Never.self) { try embedding.validate(Tensor([Int64(0), 2])) }

    let chain = try NoPropFixtures.chain(steps: 2)
    #expect(throws: NoPropError.blockCount(found: 1, expected: 2)) {
      try DiscreteTimeNoProp(
        schedule: chain.schedule, embedding: chain.embedding, blocks: Array(chain.blocks.prefix(1)), readout: chain.readout)
    }
    #expect(throws: NoPropError.embeddingWidth(part: "the readout", found: 4, expected: 3)) {
      try DiscreteTimeNoProp(
        schedule: chain.schedule, embedding: NoPropFixtures.learnedEmbedding(), blocks: chain.blocks, readout: chain.readout)
    }
    #expect(throws: NoPropError.denoisingWeight(-0.1)) {
      try DiscreteTimeTrainer(chain, options: .init(weight: -0.1), random: RandomStream(seed: 1))
    }
    let block = NoPropFixtures.timedBlock()
    #expect(throws: NoPropError.denoisingWeight(-1)) {
      try ContinuousTimeNoProp(
        schedule: NoPropFixtures.schedule(), embedding: chain.embedding, block: block, readout: chain.readout, settings: .init(weight: -1))
    }
    #expect(throws: NoPropError.stepCount(0)) {
      try FlowMatchingNoProp(embedding: chain.embedding, block: block, readout: chain.readout, settings: .init(steps: 0))
    }
    #expect(throws: NoPropError.stepCount(0)) {
      try BackpropagationChain(embedding: chain.embedding, blocks: [PerceptronBlock](), readout: chain.readout)
    }
    #expect(NoPropError.denoisingWeight(-1).description.contains("eta is -1.0"))
  }
}
