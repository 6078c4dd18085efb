import Layers
import LocalLearning
import Tensors
import Testing

/// A block that knows the answer: the "image" is the clean embedding already, as logits.
private struct Oracle: DenoisingBlock {
  func features(of image: Tensor) -> Tensor { image }
  func logits(features: Tensor, state: Tensor) -> Tensor { features }
}

private struct TimedOracle: TimedDenoisingBlock {
  func features(of image: Tensor) -> Tensor { image }
  func logits(features: Tensor, state: Tensor, time: Tensor) -> Tensor { features }
}

/// The velocity towards the true embedding, as logits of a one-hot W.
private struct VelocityOracle: TimedDenoisingBlock {
  func features(of image: Tensor) -> Tensor { image }
  func logits(features: Tensor, state: Tensor, time: Tensor) -> Tensor { (features - state) / (1 - time.expandingShape(at: 1)) }
}

@Suite struct NoPropInferenceTests {
  private let classes = 5
  private let labels = Tensor((0..<200).map { Int64($0 % 5) })

  /// Logits whose softmax is one-hot to the last bit.
  private var certain: Tensor { labels.oneHot(classes) * 1000 }

  private func hits(_ scores: Tensor) -> Int { (scores.argMax() .== labels).cast(to: .int32).sum().scalar(as: Int.self) }

  @Test(arguments: [1, 3, 10]) func `discrete time with the true embedding ends at the label`(steps: Int) throws {
    let embedding = LabelEmbedding.oneHot(classCount: classes)
    let model = try DiscreteTimeNoProp(
      schedule: .cosine(steps: steps), embedding: embedding, blocks: (0..<steps).map { _ in Oracle() },
      readout: NoPropFixtures.transposedReadout(embedding))
    var random = RandomStream(seed: 1)
    #expect(hits(model.logits(of: certain, random: &random)) == 200)
    #expect(hits(model.logits(features: model.features(of: certain), rule: .mean, random: &random)) == 200)
    let decisions = model.decisions(along: model.trajectory(features: model.features(of: certain), rule: .sampled, random: &random))
    #expect(decisions.count == steps)
    #expect((decisions[steps - 1] .== labels).all().scalar(as: Bool.self))
  }

  @Test(arguments: StepRule.allCases) func `continuous time with the true embedding ends at the label`(rule: StepRule) throws {
    let embedding = LabelEmbedding.oneHot(classCount: classes)
    let model = try ContinuousTimeNoProp(
      schedule: NoPropFixtures.schedule(ends: -7...7, dtype: .float32), embedding: embedding, block: TimedOracle(),
      readout: NoPropFixtures.transposedReadout(embedding), settings: .init(steps: 25, rule: rule))
    var random = RandomStream(seed: 2)
    #expect(hits(model.logits(of: certain, random: &random)) == 200)
  }

  @Test func `flow matching with the true velocity ends at the label`() throws {
    let embedding = LabelEmbedding.oneHot(classCount: classes)
    let model = try FlowMatchingNoProp(
      embedding: embedding, block: VelocityOracle(), readout: NoPropFixtures.transposedReadout(embedding), settings: .init(steps: 25))
    var random = RandomStream(seed: 3)
    #expect(hits(model.logits(of: labels.oneHot(classes), random: &random)) == 200)
  }

  @Test func `solvers have their order`() {
    // dz/dt = -z + t from z(0) = 1: z(1) = 2 / e.
    func error(_ solver: ODESolver, _ steps: Int) -> Double {
      let end = solver.integrate([Tensor([1.0])], from: 0, to: 1, steps: steps) { state, time in [-state[0] + time] }
      return abs(end[0].scalar(as: Double.self) - 2 / 2.718281828459045)
    }
    for (solver, order) in [(ODESolver.euler, 1.0), (.heun, 2.0), (.rungeKutta4, 4.0)] {
      let ratio = error(solver, 10) / error(solver, 20)
      #expect(ratio > 0.85 * exp2(order) && ratio < 1.25 * exp2(order), "\(solver): \(ratio)")
    }
  }

  @Test func `repeated inference measures agreement`() throws {
    let logits = [[2.0, 0, 0], [2.0, 0, 0], [0, 2.0, 0]].map { Tensor([$0[0], $0[1], $0[2], 0, 0, 5], shape: [2, 3]) }
    let result = RepeatedInference(logits)
    #expect(result.majority.array(of: Int64.self) == [0, 2])
    let agreement = result.agreement.array(of: Double.self)
    #expect(abs(agreement[0] - 2.0 / 3) < 1e-12 && agreement[1] == 1)
    let entropy = result.entropy.array(of: Double.self)
    #expect(entropy[0] > entropy[1])
    #expect(abs(result.probabilities.sum(1)[0].scalar(as: Double.self) - 1) < 1e-12)
  }

  @Test func `features may be computed once for several inferences`() throws {
    let model = try NoPropFixtures.chain(steps: 3)
    let (images, _) = NoPropFixtures.data(16, seed: 8)
    var (first, second) = (RandomStream(seed: 9), RandomStream(seed: 9))
    let features = model.features(of: images)
    evaluate(features)
    let a = model.logits(of: images, random: &first).array(of: Float.self)
    #expect(model.logits(features: features, rule: .sampled, random: &second).array(of: Float.self) == a)
    #expect(model.logits(of: images, random: &first).array(of: Float.self) != a, "every inference starts from fresh noise")
  }
}

private func exp2(_ x: Double) -> Double { (0..<Int(x)).reduce(1.0) { result, _ in result * 2 } }
