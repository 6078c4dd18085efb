import Layers
import Tensors
import Testing

/// What is common to optimisers: interruption, groups, accumulation, averages, few kernels.
@Suite struct OptimizerTests {
  typealias Maker = @Sendable ([Parameter]) -> any Optimizer

  static let makers: [(String, Maker)] = [
    ("sgd", { SGD($0, learningRate: 0.05, momentum: 0.9, isNesterov: true, weightDecay: 1e-3) }),
    ("adam", { Adam($0, learningRate: 0.02, isAMSGrad: true) }), ("adamW", { AdamW($0, learningRate: 0.02) }),
    ("rmsprop", { RMSprop($0, learningRate: 0.01, momentum: 0.5, isCentered: true) }), ("adagrad", { Adagrad($0, learningRate: 0.1) }),
    ("lamb", { LAMB($0, learningRate: 0.05, weightDecay: 0.01) }),
  ]

  static func network(_ random: inout RandomStream) -> Sequential {
    Sequential(Dense(inputs: 2, outputs: 8, random: &random), Activation(.tanh), Dense(inputs: 8, outputs: 2, random: &random))
  }

  @Test(arguments: makers.indices) func resumesBitIdentically(_ index: Int) throws {
    let make = Self.makers[index].1
    var random = RandomStream(seed: 1)
    let (points, labels) = TrainingStepTests.rings(64, &random)
    func train(_ model: Sequential, _ optimizer: any Optimizer, _ steps: Int) -> [Float] {
      (0..<steps).map { _ in optimizer.minimize(crossEntropy(model(points), labels: labels)).scalar() }
    }
    var seed = RandomStream(seed: 2)
    let whole = Self.network(&seed)
    let wholeOptimizer = make(whole.parameters)
    let expected = train(whole, wholeOptimizer, 10)
    seed = RandomStream(seed: 2)
    let half = Self.network(&seed)
    let halfOptimizer = make(half.parameters)
    var found = train(half, halfOptimizer, 4)
    let (weights, state) = (half.state(), halfOptimizer.state)
    seed = RandomStream(seed: 3)
    let resumed = Self.network(&seed)
    let resumedOptimizer = make(resumed.parameters)
    try resumed.load(weights)
    resumedOptimizer.state = state
    found += train(resumed, resumedOptimizer, 6)
    #expect(found == expected, "\(Self.makers[index].0)")
    #expect(expected.last! < expected.first!)
  }

  @Test func lbfgsResumesBitIdentically() throws {
    func bowl(_ x: Parameter) -> Tensor {
      let distance = (x.value - Tensor([1.0, 2, 3])) * Tensor([1.0, 3, 10])
      return (distance.square() + distance.square().square() * 0.01).sum()
    }
    func run(_ x: Parameter, _ optimizer: LBFGS, _ steps: Int) { for _ in 0..<steps { optimizer.minimize { bowl(x) } } }
    let x = Parameter(Tensor.zeros([3], dtype: .float64))
    run(x, LBFGS([x]), 25)
    let y = Parameter(Tensor.zeros([3], dtype: .float64))
    let first = LBFGS([y])
    run(y, first, 9)
    let second = LBFGS([y])
    second.state = first.state
    run(y, second, 16)
    #expect(x.value.array(of: Double.self) == y.value.array(of: Double.self))
    #expect(bowl(x).scalar(as: Double.self) < 1e-8)
  }

  @Test func groupsHaveRatesAndDecaysOfTheirOwn() {
    let slow = Parameter(.ones([2]))
    let fast = Parameter(.ones([2]))
    let optimizer = SGD([ParameterGroup([slow], rateScale: 0.1), ParameterGroup([fast], weightDecay: 1)], learningRate: 0.5)
    optimizer.step(gradients: [.ones([2]), .ones([2])])
    #expect(slow.value.array(of: Float.self) == [0.95, 0.95])
    #expect(fast.value.array(of: Float.self) == [0, 0])
  }

  @Test func selectiveDecaySparesVectors() {
    var random = RandomStream(seed: 1)
    let model = Sequential(Dense(inputs: 2, outputs: 3, random: &random), BatchNorm(features: 3))
    let groups = model.groupsDecayingMatricesOnly()
    #expect(groups[0].parameters.map(\.shape) == [[2, 3]] && groups[0].weightDecay == nil)
    #expect(groups[1].parameters.count == 3 && groups[1].weightDecay == 0)
  }

  @Test func missingGradientsLeaveParameterAndStateAlone() {
    let parameter = Parameter(.ones([2]))
    let optimizer = AdamW([parameter], learningRate: 0.1, weightDecay: 0.5)
    optimizer.step(gradients: [nil])
    #expect(parameter.value.array(of: Float.self) == [1, 1])
    #expect(optimizer.state["counts"]!.array(of: Int64.self) == [0])
  }

  @Test func accumulationEqualsTheLargeBatch() {
    var random = RandomStream(seed: 4)
    let (points, labels) = TrainingStepTests.rings(60, &random)
    var seed = RandomStream(seed: 5)
    let whole = Self.network(&seed)
    seed = RandomStream(seed: 5)
    let parts = Self.network(&seed)
    let direct = SGD(whole.parameters, learningRate: 0.3, momentum: 0.9)
    let accumulator = GradientAccumulator(SGD(parts.parameters, learningRate: 0.3, momentum: 0.9))
    for _ in 0..<3 {
      let loss = direct.minimize(crossEntropy(whole(points), labels: labels)).scalar()
      var sum: Float = 0
      for part in 0..<3 {
        let range = (part * 20)..<(part * 20 + 20)
        sum += accumulator.add(crossEntropy(parts(points[range]), labels: labels[range])).scalar()
      }
      accumulator.step()
      #expect(abs(sum / 3 - loss) < 1e-5)
    }
    for (a, b) in zip(whole.parameters, parts.parameters) { expectClose(a.value, b.value, "accumulated", tolerance: 1e-5) }
  }

  @Test func averagesRideAlongAndStandIn() {
    var random = RandomStream(seed: 6)
    let (points, labels) = TrainingStepTests.rings(32, &random)
    let model = Self.network(&random)
    let optimizer = SGD(model.parameters, learningRate: 0.5)
    let average = MovingAverage(of: model.parameters, decay: 0.9, isWarmedUp: true)
    var expected = model.parameters.map { $0.value.array(of: Float.self) }
    for step in 1...5 {
      let loss = optimizer.minimize(crossEntropy(model(points), labels: labels))
      average.update()
      let statistics = EngineStatistics.during { _ = loss.scalar() }
      #expect(statistics.evaluations == 1)
      #expect(!average.values.contains { !$0.isEvaluated })
      let kept = min(0.9, Double(1 + step) / Double(10 + step))
      for (index, parameter) in model.parameters.enumerated() {
        for (element, value) in parameter.value.array(of: Float.self).enumerated() {
          expected[index][element] = Float(Double(expected[index][element]) * kept + Double(value) * (1 - kept))
        }
      }
    }
    let own = model(points).array(of: Float.self)
    average.withAverages {
      for (parameter, values) in zip(model.parameters, expected) {
        expectClose(parameter.value, Tensor(values, shape: parameter.shape), "average", tolerance: 1e-5)
      }
    }
    #expect(model(points).array(of: Float.self) == own)
  }

  /// The update of a parameter, moments included, is one kernel.
  @Test(arguments: [("sgd", 1), ("adam", 1), ("adamW", 1), ("rmsprop", 1), ("adagrad", 1)]) func updatesFuse(_ name: String, kernels: Int) {
    let make = Self.makers.first { $0.0 == name }!.1
    let parameter = Parameter(.ones([64, 32]))
    let optimizer = make([parameter])
    let gradient = Tensor.ones([64, 32]) * 0.5
    evaluate(gradient)
    optimizer.step(gradients: [gradient])
    let summary = PlanSummary(of: [parameter.value] + optimizer.state.filter { $0.key != "counts" }.map(\.value))
    #expect(summary.kernelCount == kernels, "\(summary)")
  }

  @Test func clippingScalesByTheCommonNorm() {
    let (scaled, norm) = clipped([Tensor([Float(3)]), nil, Tensor([Float(4)])], toNorm: 1)
    #expect(norm.scalar() == 5)
    #expect(abs(scaled[0]!.scalar() - 0.6) < 1e-6 && scaled[1] == nil)
  }
}
