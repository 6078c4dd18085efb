import Layers
import Tensors
import Testing

/// Every optimiser step by step against PyTorch, clipping and averaging, and L-BFGS on the fixture's functions.
@Suite struct OptimizerFixtureTests {
  static let names = ["weight", "bias"]
  static let stepCount = 20

  @Test(arguments: Fixture.optimizers.cases) func agreesWithPyTorch(_ test: Fixture.Case) throws {
    switch test.operation {
    case "clipByNorm": clipByNorm(test)
    case "clipByValue": clipByValue(test)
    case "movingAverage": movingAverage(test)
    case "lbfgs": try minimize(test)
    default: try follow(test)
    }
  }

  private func follow(_ test: Fixture.Case) throws {
    let fixture = Fixture.optimizers
    let parameters = Self.names.map { Parameter(fixture["start.\($0)"]) }
    let exempt = Set(test.attributes["withoutWeightDecay"]?.array?.compactMap(\.string) ?? [])
    let groups = zip(Self.names, parameters).map { ParameterGroup([$1], weightDecay: exempt.contains($0) ? 0 : nil) }
    let optimizer = try #require(Self.optimizer(test, groups), "no optimiser is mapped to \(test.name)")
    let rates = fixture.optional("\(test.name)/rates")?.array(of: Double.self)
    var trajectory = Self.names.map { _ in [Tensor]() }
    for step in 0..<Self.stepCount {
      if let rates { optimizer.learningRate = rates[step] }
      optimizer.step(gradients: Self.names.map { fixture["gradients.\($0)"][step] })
      for index in parameters.indices {
        evaluate(parameters[index].value)
        trajectory[index].append(parameters[index].value)
      }
    }
    for (index, name) in Self.names.enumerated() {
      expectClose(Tensor.stack(trajectory[index]), fixture["\(test.name)/out.\(name)"], "\(test.name) \(name)", tolerance: 1e-11)
    }
  }

  static func optimizer(_ test: Fixture.Case, _ groups: [ParameterGroup]) -> (any Optimizer)? {
    let options = test.attributes
    func number(_ name: String, _ fallback: Double) -> Double { options[name]?.double ?? fallback }
    let rate = number("lr", .nan)
    let decay = number("weight_decay", 0)
    let betas = options["betas"]?.array.map { ($0[0].double!, $0[1].double!) } ?? (.nan, .nan)
    switch test.operation {
    case "sgd":
      return SGD(
        groups, learningRate: rate, momentum: number("momentum", 0), dampening: number("dampening", 0),
        isNesterov: options["nesterov"]?.bool ?? false, weightDecay: decay)
    case "adam":
      return Adam(
        groups, learningRate: rate, betas: betas, epsilon: number("eps", 0), weightDecay: decay,
        isAMSGrad: options["amsgrad"]?.bool ?? false)
    case "adamW": return AdamW(groups, learningRate: rate, betas: betas, epsilon: number("eps", 0), weightDecay: decay)
    case "rmsprop":
      return RMSprop(
        groups, learningRate: rate, decay: number("alpha", 0), epsilon: number("eps", 0), momentum: number("momentum", 0),
        isCentered: options["centered"]?.bool ?? false, weightDecay: decay)
    case "adagrad":
      return Adagrad(
        groups, learningRate: rate, rateDecay: number("lr_decay", 0), initialSum: number("initial_accumulator_value", 0),
        epsilon: number("eps", 0), weightDecay: decay)
    case "lamb": return LAMB(groups, learningRate: rate, betas: betas, epsilon: number("eps", 0), weightDecay: decay)
    default: return nil
    }
  }

  private func clipByNorm(_ test: Fixture.Case) {
    let fixture = Fixture.optimizers
    let gradients = Self.names.map { fixture["gradients.\($0)"][0] }
    let (scaled, norm) = clipped(gradients, toNorm: test.attributes["limit"]!.double!)
    expectClose(norm, fixture["\(test.name)/norm"], "norm")
    for (name, gradient) in zip(Self.names, scaled) { expectClose(gradient!, fixture["\(test.name)/out.\(name)"], name) }
  }

  private func clipByValue(_ test: Fixture.Case) {
    let fixture = Fixture.optimizers
    let gradients = Self.names.map { fixture["gradients.\($0)"][0] }
    let cut = clipped(gradients, toValue: test.attributes["limit"]!.double!)
    for (name, gradient) in zip(Self.names, cut) { expectClose(gradient!, fixture["\(test.name)/out.\(name)"], name) }
  }

  private func movingAverage(_ test: Fixture.Case) {
    let values = Fixture.optimizers["gradients.weight"]
    let parameter = Parameter(values[0])
    let average = MovingAverage(of: [parameter], decay: test.attributes["decay"]!.double!)
    var history = [average.values[0]]
    for step in 1..<Self.stepCount {
      parameter.value = values[step]
      average.update()
      history.append(average.values[0])
    }
    expectClose(Tensor.stack(history), Fixture.optimizers["\(test.name)/out.weight"], test.name)
  }

  private func minimize(_ test: Fixture.Case) throws {
    let fixture = Fixture.optimizers
    let isRosenbrock = test.variant.hasPrefix("rosenbrock")
    try #require(isRosenbrock || test.variant.hasPrefix("quadratic"), "no function is mapped to \(test.name)")
    let searches = test.attributes["line_search_fn"]?.string == "strong_wolfe"
    let x = Parameter(fixture["\(test.name)/in.start"])
    let optimizer = LBFGS(
      [x], learningRate: test.attributes["lr"]!.double!, history: test.attributes["history_size"]!.int!,
      lineSearch: searches ? .strongWolfe : .none, maximumEvaluations: 50)
    func function() -> Tensor {
      let x = x.value
      if isRosenbrock {
        return ((x[1...] - x[..<(-1)].square()).square() * 100 + (1 - x[..<(-1)]).square()).sum()
      }
      return x.matmul(fixture["quadratic.matrix"]).matmul(x) * 0.5 - (fixture["quadratic.linear"] * x).sum()
    }
    let count = test.attributes["steps"]!.int!
    let points = fixture["\(test.name)/out.points"]
    for step in 0..<count {
      optimizer.minimize(function)
      if !searches { expectClose(x.value, points[step], "\(test.name) after step \(step)", tolerance: 1e-7) }
    }
    if searches {
      let minimum = isRosenbrock ? Tensor([1.0, 1, 1]) : fixture["quadratic.minimum"]
      expectClose(x.value, minimum, "\(test.name) minimum", tolerance: 1e-5)
      #expect(function().scalar(as: Double.self) <= fixture["\(test.name)/out.values"][-1].scalar(as: Double.self) + 1e-9)
    }
  }
}
