import Architectures
import Layers
import Tensors
import Testing

@Suite struct DeepRCTests {
  private struct Sequences: DeepRC.Bag {
    let sequences: [[UInt8]]
    let encoding = SequenceEncoding()
    var count: Int { sequences.count }
    func encoded(_ indices: [Int]) -> SequenceEncoding.Encoded {
      let lengths = sequences.map(\.count)
      return encoding.encode(
        indices.map { sequences[$0][...] }, deviation: encoding.standardDeviation(lengths: lengths), length: lengths.max()!)
    }
  }

  private func sequences(_ count: Int, seed: UInt64 = 1) -> Sequences {
    var state = seed
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    return Sequences(sequences: (0..<count).map { _ in (0..<(5 + next(12))).map { _ in UInt8(next(20)) } })
  }

  private func model(share: Double = 0.1, chunk: Int = 50_000) throws -> DeepRC {
    var random = RandomStream(seed: 2)
    let model = DeepRC(try DeepRC.Configuration(keptShare: share, chunk: chunk), random: &random)
    model.materialize()
    return model
  }

  @Test func `positions say start, middle and end`() {
    let five = SequenceEncoding.positions(length: 5)
    #expect(five.map(\.start) == [1, 0.5, 0, 0, 0])
    #expect(five.map(\.end) == [0, 0, 0, 0.5, 1])
    #expect(five.map(\.middle) == [0, 0.5, 1, 0.5, 0])
    let encoding = SequenceEncoding()
    let deviation = encoding.standardDeviation(lengths: [3, 3])
    let encoded = encoding.encode([[0, 5, 19], [1, 1, 2]], deviation: deviation, length: 3)
    #expect(encoded.features.shape == [2, 3, 23])
    #expect(abs(encoded.features.standardDeviation(correction: 1).scalar() - 1) < 1e-5)
    let counted = encoding.encode([[0, 5, 19], [1, 1, 2]], counts: [1, 10], deviation: 1, length: 4).features
    #expect(counted[0].abs().max().scalar() == 0 && abs(counted[1].max().scalar() - 2.302585) < 1e-5)
    #expect(counted[1, 3].abs().max().scalar() == 0)
  }

  @Test func `chunks do not show`() throws {
    let bag = sequences(60)
    let (whole, parts) = (try model(), try model(chunk: 7))
    #expect(whole.mostAttended(of: bag) == parts.mostAttended(of: bag))
    #expect(whole.mostAttended(of: bag).count == 6)
    let (a, b) = (whole.score(of: bag), parts.score(of: bag))
    #expect(abs(a.logit - b.logit) < 1e-5)
    #expect(zip(a.attention, b.attention).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(abs(a.attention.reduce(0, +) - 1) < 1e-6)
    // Where everything is kept, training sees the whole bag.
    #expect(abs(Double(try model(share: 1).trainingScore(of: bag).scalar()) - a.logit) < 1e-5)
  }

  @Test func `padding does not show`() throws {
    let bag = sequences(10)
    let model = try model()
    let encoding = SequenceEncoding()
    let all = bag.sequences.map { $0[...] }
    let short = encoding.encode(all, deviation: 1, length: 16)
    let long = encoding.encode(all, deviation: 1, length: 24)
    #expect((model.embedded(short) - model.embedded(long)).abs().max().scalar() < 1e-6)
  }

  @Test func `the derivative reaches every weight`() throws {
    let model = try model()
    let score = model.trainingScore(of: sequences(40))
    let gradients = score.gradients(withRespectTo: model.parameters.map(\.value))
    for (named, gradient) in zip(model.namedParameters, gradients) {
      // The softmax takes no notice of the last bias of the attention.
      if named.name == "attention.2.bias" { continue }
      #expect(gradient.abs().max().scalar(as: Double.self) > 0, "\(named.name)")
    }
    #expect(throws: HopfieldError.self) { try DeepRC.Configuration(keptShare: 0) }
  }
}
