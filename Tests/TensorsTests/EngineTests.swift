import Tensors
import Testing

/// What the engine promises beside right values.
@Suite struct EngineTests {
  private func address(_ tensor: Tensor) -> UInt { tensor.withBytes { UInt(bitPattern: $0.baseAddress) } }

  @Test func equalStructuresShareAPlan() {
    func step(_ values: [Float], _ rate: Double) -> Float {
      let x = Tensor(values)
      return ((x * rate).tanh().sum() + 17.25).scalar()
    }
    _ = step([1, 2, 3], 0.5)
    let changed = EngineStatistics.during {
      for index in 1...20 { _ = step([Float(index), 2, 3], 0.5 + 0.001 * Double(index)) }
    }
    #expect(changed.evaluations == 20)
    #expect(changed.compiledPlans == 0, "changing values or numbers recompiled the plan")
    #expect(EngineStatistics.during { _ = step([1, 2, 3, 4], 0.5) }.compiledPlans == 1)
  }

  @Test func parametersAreUpdatedInPlace() {
    var parameter = Tensor.ones([1000])
    parameter = parameter * 1.5
    let first = address(parameter)
    for _ in 0..<5 {
      parameter = parameter - parameter * 0.1
      evaluate(parameter)
    }
    #expect(address(parameter) == first)
    #expect(abs(parameter[0].scalar(as: Float.self) - Float(1.5 * 0.59049)) < 1e-5)
  }

  @Test func aHeldValueIsNeverOverwritten() {
    let old = Tensor([1, 2, 3] as [Float]) * 2
    evaluate(old)
    let copy = old
    let new = old + 10
    #expect(new.array(of: Float.self) == [12, 14, 16])
    #expect(copy.array(of: Float.self) == [2, 4, 6])
    #expect(old.array(of: Float.self) == [2, 4, 6])
  }

  @Test func pendingUpdatesRideAlong() {
    var parameter = Tensor([1, 2, 3] as [Float]) + 0
    evaluate(parameter)
    let loss = (parameter * 3).sum()
    let updated = parameter - gradients(of: loss, withRespectTo: [parameter])[0]
    attachUpdate(of: parameter, to: updated)
    parameter = updated
    #expect(!parameter.isEvaluated)
    #expect(loss.scalar(as: Float.self) == 18)
    #expect(parameter.isEvaluated)
    #expect(parameter.array(of: Float.self) == [-2, -1, 0])
  }

  @Test func whatIsHeldIsComputedOnce() {
    let x = Tensor([1, 2, 3] as [Float])
    let hidden = (x * 2).tanh()
    let total = hidden.sum()
    _ = total.scalar(as: Float.self)
    #expect(hidden.isEvaluated)
  }

  @Test func intermediateReadsKeepTheWayBack() {
    let x = Tensor([1, 2, 3] as [Float])
    let (value, gradient) = valueAndGradient(at: x) { x in
      let squares = x.square()
      let largest: Float = squares.max().scalar()
      return (squares * Double(largest)).sum()
    }
    #expect(value.scalar(as: Float.self) == 126)
    #expect(gradient.array(of: Float.self) == [18, 36, 54])
  }

  @Test func derivativesOfDerivatives() {
    let x = Tensor([0.3, -0.7, 1.1] as [Double])
    let first = gradients(of: x.sin().sum(), withRespectTo: [x])[0]
    let second = gradients(of: first.sum(), withRespectTo: [x])[0]
    let third = gradients(of: second.sum(), withRespectTo: [x])[0]
    let expected = (-x.cos()).array(of: Double.self)
    for (a, b) in zip(third.array(of: Double.self), expected) { #expect(abs(a - b) < 1e-9) }
  }

  @Test func noDerivativeFlowsThroughStops() {
    let x = Tensor([1, 2] as [Float])
    let unrelated = Tensor([5] as [Float])
    let parts = gradients(of: (x * x.stopGradient()).sum(), withRespectTo: [x, unrelated])
    #expect(parts[0].array(of: Float.self) == [1, 2])
    #expect(parts[1].array(of: Float.self) == [0])
  }

  @Test func numbersInExpressionsAreNotVariables() {
    let two = Tensor(2)
    let product = two * 2.0 * two
    #expect(gradients(of: product, withRespectTo: [two])[0].scalar(as: Float.self) == 8)
  }

  @Test func longChainsDoNotOverflowTheStack() {
    var x = Tensor([1] as [Float])
    for _ in 0..<200_000 { x = x + 1 }
    let gradient = x.sum()
    _ = gradient
  }

  @Test func tasksMayEvaluateAtOnce() async {
    let shared = (Tensor.range(1000) * 0.001).tanh()
    let sums = await withTaskGroup(of: Float.self) { group in
      for index in 0..<32 {
        group.addTask {
          var x = shared + Double(index)
          for _ in 0..<10 { x = (x * 0.5 + shared).sigmoid() }
          return x.sum().scalar()
        }
      }
      return await group.reduce(into: [Float]()) { $0.append($1) }
    }
    #expect(sums.count == 32)
    let expected = (0..<32).map { index -> Float in
      var x = shared + Double(index)
      for _ in 0..<10 { x = (x * 0.5 + shared).sigmoid() }
      return x.sum().scalar()
    }
    #expect(sums.sorted() == expected.sorted())
  }

  @Test func plansDescribeThemselves() {
    let x = Tensor.ones([8, 16]) + 0
    let w = Tensor.ones([16, 4]) + 0
    evaluate(x, w)
    let summary = PlanSummary(of: (x.matmul(w) + 1).relu())
    #expect(summary.flops >= 2 * 8 * 16 * 4)
    #expect(summary.description.contains("matmul(float32[8, 16], float32[16, 4])"))
    #expect(summary.peakBytes >= (8 * 16 + 16 * 4 + 8 * 4) * 4)
  }

  @Test func aMemoryBudgetIsKeptByComputingTwice() {
    let x = Tensor.normal([64, 256], key: Tensor([1, 9] as [Int64]))
    let weights = (0..<12).map { Tensor.normal([256, 256], key: Tensor([2, Int64($0)]), standardDeviation: 0.06) }
    evaluate([x] + weights)
    func gradientsAndPeak(_ budget: Int?) -> (values: [[Float]], bytes: Int, summary: Int) {
      func parts() -> [Tensor] {
        var hidden = x
        for weight in weights { hidden = (hidden.matmul(weight).sin() + hidden * 0.5).tanh() }
        return gradients(of: hidden.square().mean(), withRespectTo: [x, weights[0]])
      }
      guard let budget else {
        let summary = PlanSummary(of: parts())
        return (parts().map { $0.array(of: Float.self) }, summary.temporaryBytes, summary.kernelCount)
      }
      return withMemoryBudget(bytes: budget) {
        let summary = PlanSummary(of: parts())
        return (parts().map { $0.array(of: Float.self) }, summary.temporaryBytes, summary.kernelCount)
      }
    }
    let free = gradientsAndPeak(nil)
    let tight = gradientsAndPeak(free.bytes / 2)
    #expect(tight.bytes <= free.bytes / 2, "\(tight.bytes) bytes within a budget of half of \(free.bytes)")
    for (a, b) in zip(free.values, tight.values) {
      for (left, right) in zip(a, b) { #expect(abs(left - right) <= 1e-5 * max(1, abs(left))) }
    }
  }

  @Test func resultsDoNotDependOnThreads() {
    defer { setThreadCount(threadCount) }
    let all = threadCount
    let x = Tensor.normal([300, 700], key: Tensor([1, 2] as [Int64]))
    evaluate(x)
    func compute() -> [Float] { (x.sum(axes: [0]) * x.softmax().sum() + x.square().sum()).array(of: Float.self) }
    let many = compute()
    setThreadCount(1)
    let one = compute()
    setThreadCount(all)
    #expect(many == one)
  }

  @Test func descriptionsShowValuesShapeAndType() {
    #expect(Tensor([1, 2, 3, 4] as [Int64], shape: [2, 2]).description == "[[1, 2],\n [3, 4]]  int64[2, 2]")
    #expect(Tensor([true, false]).description == "[ true, false]  bool[2]")
    #expect(Tensor.zeros([2000]).description == "[0.0, 0.0, 0.0, ..., 0.0, 0.0, 0.0]  float32[2000]")
  }

  @Test func customOperations() {
    let cube = CustomOperation(name: "cube") { inputs, outputs in
      let x = inputs[0].elements(as: Float.self)
      let y = outputs[0].elements(as: Float.self)
      for index in x.indices { y[index] = x[index] * x[index] * x[index] }
    } derivative: { call in
      [call.cotangents[0] * 3 * call.inputs[0].square()]
    }
    let x = Tensor([1, 2, -3] as [Float])
    let y = cube(x.transposed() * 1, outputs: [([3], .float32)])[0]
    #expect(y.array(of: Float.self) == [1, 8, -27])
    let again = cube(x, outputs: [([3], .float32)])[0]
    #expect(gradients(of: again.sum(), withRespectTo: [x])[0].array(of: Float.self) == [3, 12, 27])
  }
}

@Suite struct RandomTests {
  @Test func seedsFixEverything() {
    func draw(_ seed: Int) -> [Float] {
      var stream = RandomStream(seed: seed)
      let first = Tensor.normal([100], key: stream.next())
      let second = Tensor.uniform([100], key: stream.next())
      return (first + second).array(of: Float.self)
    }
    #expect(draw(3) == draw(3))
    #expect(draw(3) != draw(4))
  }

  @Test func moments() {
    var stream = RandomStream(seed: 11)
    let count = 200_000.0
    let normal = Tensor.normal([200_000], key: stream.next(), mean: 2, standardDeviation: 3)
    // Five standard errors.
    #expect(abs(Double(normal.mean().scalar(as: Float.self)) - 2) < 5 * 3 / count.squareRoot())
    #expect(abs(Double(normal.standardDeviation().scalar(as: Float.self)) - 3) < 5 * 3 / (2 * count).squareRoot())
    let uniform = Tensor.uniform([200_000], key: stream.next())
    #expect(abs(Double(uniform.mean().scalar(as: Float.self)) - 0.5) < 5 * 0.2887 / count.squareRoot())
    #expect(uniform.min().scalar(as: Float.self) >= 0)
    #expect(uniform.max().scalar(as: Float.self) < 1)
    let coins = Tensor.bernoulli([200_000], probability: 0.3, key: stream.next()).cast(to: .float32)
    #expect(abs(Double(coins.mean().scalar(as: Float.self)) - 0.3) < 5 * 0.4583 / count.squareRoot())
  }

  @Test func categoriesFollowTheirProbabilities() {
    var stream = RandomStream(seed: 5)
    let logits = Tensor([0.1, 0.2, 0.7] as [Float]).log().broadcast(to: [100_000, 3])
    let shares = Tensor.categorical(logits: logits, key: stream.next()).oneHot(3).mean(0).array(of: Float.self)
    for (share, probability) in zip(shares, [0.1, 0.2, 0.7] as [Float]) { #expect(abs(share - probability) < 0.008) }
  }

  @Test func permutationsHoldEveryNumberOnce() {
    var stream = RandomStream(seed: 8)
    let permutation = Tensor.permutation(1000, key: stream.next()).array(of: Int64.self)
    #expect(permutation.sorted() == (0..<1000).map { Int64($0) })
    #expect(permutation != permutation.sorted())
  }

  /// The published vector of Philox-4x32-10 for a zero key and counter (Random123's known answers).
  @Test func philoxKnownAnswer() {
    let bits = Tensor.uniform([1], key: Tensor([0, 0] as [Int64])).array(of: Float.self)[0]
    #expect(bits == Float(0x6627_e8d5 >> 8) * 0x1p-24)
  }
}

extension Double {
  fileprivate var exponential: Double { Tensor(self, dtype: .float64).exp().scalar() }

  /// A register of a fused kernel may hold a value and its widened form; in memory they are two.
  @Test func conversionsOfOneRegisterHaveMemoryOfTheirOwn() {
    let x = Tensor((0..<1000).map { Float($0) * 0.37 - 100 })
    let rounded = x.cast(to: .bfloat16)
    let widened = rounded.cast(to: .float32)
    let flags = x .> 0
    let counts = flags.cast(to: .int32)
    let bytes = flags.cast(to: .uint8)
    evaluate(rounded, widened, flags, counts, bytes)
    #expect(widened.array(of: Float.self) == rounded.array(of: Float.self))
    #expect(counts.array(of: Int32.self) == flags.array(of: Bool.self).map { $0 ? 1 : 0 })
    #expect(bytes.array(of: UInt8.self) == flags.array(of: Bool.self).map { $0 ? 1 : 0 })
  }
}
