import Layers
import Tensors
import Testing

/// Every loss and its gradients against PyTorch, second derivatives where the fixture has them.
@Suite struct LossFixtureTests {
  @Test(arguments: Fixture.losses.cases) func agreesWithPyTorch(_ test: Fixture.Case) throws {
    let fixture = Fixture.losses
    let inputs = Dictionary(uniqueKeysWithValues: test.names("inputs").map { ($0, fixture["\(test.name)/in.\($0)"]) })
    let loss = try #require(Self.loss(test, inputs), "no loss is mapped to \(test.name)")
    let differentiated = test.names("gradients")
    let gradients = loss.gradients(
      withRespectTo: differentiated.map { inputs[$0]! }, cotangent: fixture["\(test.name)/cotangent.output"])
    if test.json["second"]?.bool == true {
      let along = zip(differentiated, gradients).map { ($1 * fixture["\(test.name)/direction.\($0)"]).sum() }.reduce(
        Tensor(0, dtype: .float64), +)
      let second = along.gradients(withRespectTo: differentiated.map { inputs[$0]! })
      for (name, value) in zip(differentiated, second) {
        expectClose(value, fixture["\(test.name)/second.\(name)"], "\(test.name) second derivative by \(name)")
      }
    }
    expectClose(loss, fixture["\(test.name)/out.output"], test.name)
    for (name, gradient) in zip(differentiated, gradients) {
      expectClose(gradient, fixture["\(test.name)/grad.\(name)"], "\(test.name) gradient of \(name)")
    }
  }

  static func loss(_ test: Fixture.Case, _ inputs: [String: Tensor]) -> Tensor? {
    let attributes = test.attributes
    let reduction = attributes["reduction"]?.string.flatMap(LossReduction.init(rawValue:)) ?? .mean
    func input(_ name: String) -> Tensor { inputs[name]! }
    func number(_ name: String) -> Double { attributes[name]!.double! }
    switch test.operation {
    case "crossEntropy":
      if let targets = inputs["targets"] {
        return crossEntropy(input("logits"), targets: targets, smoothing: number("smoothing"), reduction: reduction)
      }
      return crossEntropy(
        input("logits"), labels: input("labels"), smoothing: number("smoothing"), classWeights: inputs["classWeights"],
        ignoring: attributes["ignoredLabel"]?.int, reduction: reduction)
    case "negativeLogLikelihood":
      return negativeLogLikelihood(
        input("logProbabilities"), labels: input("labels"), ignoring: attributes["ignoredLabel"]?.int, reduction: reduction)
    case "binaryCrossEntropyWithLogits":
      return binaryCrossEntropy(
        logits: input("logits"), targets: input("targets"), positiveWeight: inputs["positiveWeight"], reduction: reduction)
    case "binaryCrossEntropy": return binaryCrossEntropy(input("probabilities"), targets: input("targets"), reduction: reduction)
    case "meanSquaredError": return meanSquaredError(input("predictions"), targets: input("targets"), reduction: reduction)
    case "meanAbsoluteError": return meanAbsoluteError(input("predictions"), targets: input("targets"), reduction: reduction)
    case "huber": return huber(input("predictions"), targets: input("targets"), delta: number("delta"), reduction: reduction)
    case "smoothL1": return smoothL1(input("predictions"), targets: input("targets"), beta: number("beta"), reduction: reduction)
    case "klDivergence":
      return klDivergence(
        input("logProbabilities"), targets: input("targets"), areTargetsLogarithms: attributes["logTargets"]!.bool!, reduction: reduction)
    case "hinge": return hinge(input("scores"), signs: input("signs"), margin: number("margin"), reduction: reduction)
    case "squaredHinge": return squaredHinge(input("scores"), signs: input("signs"), margin: number("margin"), reduction: reduction)
    case "multiclassHinge":
      return multiclassHinge(
        input("scores"), labels: input("labels"), margin: number("margin"), power: attributes["power"]!.int!, reduction: reduction)
    case "tripletMargin":
      return tripletMargin(
        anchor: input("anchor"), positive: input("positive"), negative: input("negative"), margin: number("margin"), reduction: reduction)
    case "sigmoidFocal":
      return sigmoidFocal(input("logits"), targets: input("targets"), alpha: number("alpha"), gamma: number("gamma"), reduction: reduction)
    case "focal": return focal(input("logits"), labels: input("labels"), gamma: number("gamma"), reduction: reduction)
    case "dice":
      return dice(
        input("probabilities"), targets: input("targets"), smoothing: number("smoothing"), isSquared: attributes["squared"]!.bool!,
        reduction: reduction)
    case "infoNCE":
      return infoNCE(
        input("queries"), input("keys"), temperature: number("temperature"), isSymmetric: attributes["symmetric"]!.bool!,
        isNormalized: attributes["normalized"]!.bool!)
    case "ntXent": return ntXent(input("first"), input("second"), temperature: number("temperature"))
    case "pairwiseContrastive":
      return pairwiseContrastive(input("left"), input("right"), same: input("same"), margin: number("margin"), reduction: reduction)
    case "cosineEmbedding":
      return cosineEmbedding(input("left"), input("right"), signs: input("signs"), margin: number("margin"), reduction: reduction)
    default: return nil
    }
  }

  @Test func lossesAreFiniteAtTheEdges() {
    let zeros = Tensor.zeros([2, 3])
    let loss = pairwiseContrastive(zeros, zeros, same: Tensor([UInt8(0), 1]) .== 1)
    #expect(loss.gradients(withRespectTo: [zeros])[0].isFinite().all().array(of: Bool.self) == [true])
    let certain = Tensor([Float(0), 1])
    let entropy = binaryCrossEntropy(certain, targets: Tensor([Float(1), 0]), reduction: .none)
    let gradient = entropy.sum().gradients(withRespectTo: [certain])[0]
    #expect(entropy.array(of: Float.self) == [100, 100])
    #expect(gradient.isFinite().all().array(of: Bool.self) == [true])
    let target = Tensor([Float(0), 1])
    #expect(klDivergence(Tensor([Float(-1), -2]), targets: target, reduction: .none).array(of: Float.self) == [0, 2])
  }
}
