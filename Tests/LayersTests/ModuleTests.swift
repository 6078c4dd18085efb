import Layers
import Tensors
import Testing

/// Names, sharing, freezing, replacing and slicing of parameters.
@Suite struct ModuleTests {
  struct Leaf: Module {
    let weight: Parameter
    init(_ extent: Int) { weight = Parameter(.ones([extent])) }
  }

  final class Object: Module {
    let inner = Leaf(7)
  }

  struct Everything: Module {
    let list = [Leaf(1), Leaf(2)]
    let table = ["second": Leaf(3), "first": Leaf(4)]
    let present: Leaf? = Leaf(5)
    let absent: Leaf? = nil
    let pair = (left: Leaf(6), plain: 3)
    let object = Object()
    let layer: any Layer
    let own: Parameter
    let again: Parameter
    let statistic = Parameter(.zeros([8]), role: .statistic)
    let notAModule = "text"

    init(_ random: inout RandomStream) {
      layer = Sequential(
        Dense(inputs: 2, outputs: 3, random: &random), Residual(Dense(inputs: 3, outputs: 3, hasBias: false, random: &random)))
      own = Parameter(.zeros([9]))
      again = own
    }
  }

  static func everything() -> Everything {
    var random = RandomStream(seed: 1)
    return Everything(&random)
  }

  @Test func namesArePathsInOrderOfDeclaration() {
    let names = Self.everything().namedParameters.map(\.name)
    #expect(
      names == [
        "list.0.weight", "list.1.weight", "table.first.weight", "table.second.weight", "present.weight", "pair.left.weight",
        "object.inner.weight", "layer.0.weight", "layer.0.bias", "layer.1.body.weight", "own", "statistic",
      ])
  }

  @Test func sharedParametersCountOnceAndHaveEveryName() {
    let module = Self.everything()
    #expect(module.parameter(named: "own") === module.parameter(named: "again"))
    #expect(module.parameter(named: "nothing") == nil)
    #expect(module.parameterCount == 1 + 2 + 4 + 3 + 5 + 6 + 7 + 6 + 3 + 9 + 9)
    let optimizer = SGD(module.parameters, learningRate: 1)
    #expect(optimizer.parameters.count == 11)
  }

  @Test func modulesAreFoundByName() {
    let module = Self.everything()
    #expect(module.module(named: "layer.1.body") is Dense)
    #expect(module.module(named: "") is Everything)
    #expect(module.namedModules.map(\.name).contains("object.inner"))
    let tree = module.tree
    #expect(tree.contains("    0: Dense\n      weight float32 [2, 3]"))
    #expect(tree.contains("statistic float32 [8] (statistic)"))
  }

  @Test func tiedWeightsReceiveTheSumOfTheirDerivatives() {
    var random = RandomStream(seed: 2)
    let embedding = Embedding(count: 5, features: 3, random: &random)
    let tied = Embedding(sharing: embedding.weight)
    #expect(tied.weight === embedding.weight)
    let indices = Tensor([Int64(1), 3])
    let output = tied.scores(embedding(indices))
    let both = output.square().sum().gradients(withRespectTo: [embedding.weight.value])[0]
    let table = embedding.weight.value.array(of: Float.self)
    let first = Parameter(Tensor(table, shape: [5, 3]))
    let second = Parameter(Tensor(table, shape: [5, 3]))
    let apart = Embedding(sharing: second).scores(Embedding(sharing: first)(indices)).square().sum()
      .gradients(withRespectTo: [first.value, second.value])
    expectClose(both, apart[0] + apart[1], "tied", tolerance: 1e-6)
  }

  @Test func frozenParametersStayAndTheOthersMove() {
    var random = RandomStream(seed: 3)
    let model = Sequential(Dense(inputs: 3, outputs: 4, random: &random), Activation(.tanh), Dense(inputs: 4, outputs: 1, random: &random))
    model[0].freeze()
    #expect(model.trainableParameters.count == 2)
    #expect(model.trainableParameterCount == 5)
    let optimizer = Adam(model.parameters, learningRate: 0.1, weightDecay: 0.1)
    let before = model.parameters.map { $0.value.array(of: Float.self) }
    let input = Tensor.normal([8, 3], key: random.next())
    for _ in 0..<3 { _ = optimizer.minimize(model(input).square().mean()).scalar() }
    let after = model.parameters.map { $0.value.array(of: Float.self) }
    #expect(before[0] == after[0] && before[1] == after[1])
    #expect(before[2] != after[2] && before[3] != after[3])
    model.unfreeze()
    #expect(model.trainableParameters.count == 4)
    let norm = BatchNorm(features: 2)
    norm.unfreeze()
    norm.runningMean.isTrainable = true
    #expect(!norm.runningMean.isTrainable)
  }

  /// A part of a weight, as a supernet uses it, trains that part of the shared whole.
  @Test func slicesDifferentiateBackToTheSharedWhole() {
    var random = RandomStream(seed: 4)
    let whole = Dense(inputs: 4, outputs: 6, random: &random)
    let optimizer = SGD(whole.parameters, learningRate: 0.5)
    let before = whole.weight.value.array(of: Float.self)
    let input = Tensor.ones([2, 3])
    func narrow() -> Tensor { input.matmul(whole.weight.value[0..<3, 2..<5]) + whole.bias!.value[2..<5] }
    let expected = whole.weight.value - Tensor.zeros([4, 6])
    evaluate(expected)
    let gradient = narrow().sum().gradients(withRespectTo: [whole.weight.value])[0].array(of: Float.self)
    for row in 0..<4 {
      for column in 0..<6 { #expect(gradient[row * 6 + column] == (row < 3 && (2..<5).contains(column) ? 2 : 0)) }
    }
    _ = optimizer.minimize(narrow().sum()).scalar()
    let after = whole.weight.value.array(of: Float.self)
    for index in before.indices { #expect(abs(after[index] - (before[index] - 0.5 * gradient[index])) < 1e-6) }
  }

  @Test func parametersAndLayersAreReplaced() {
    var random = RandomStream(seed: 5)
    var model = Sequential(
      Dense(inputs: 2, outputs: 3, random: &random),
      Residual(Sequential(Dense(inputs: 3, outputs: 3, random: &random)), activation: Activation(.relu)))
    let copy = model
    model.replaceLayer(named: "1.body.0", with: Activation(.tanh))
    #expect(model.module(named: "1.body.0") is Activation)
    #expect(copy.module(named: "1.body.0") is Dense)
    #expect(model.module(named: "0.weight") == nil)
    model.parameter(named: "0.weight")!.assign(.zeros([2, 3]))
    // Copies of a layer share its parameters.
    #expect(copy.parameter(named: "0.weight")!.value.array(of: Float.self) == Array(repeating: 0, count: 6))
    #expect(model[0...0].parameterCount == 9)
  }

  @Test func updatesRideAlongAndChangeNoOtherVariable() {
    let parameter = Parameter(Tensor([Float(1), 2]))
    let held = parameter.value
    let reading = parameter.value.sum()
    parameter.value = parameter.value * 10
    #expect(!parameter.value.isEvaluated)
    #expect(reading.scalar() == 3)
    #expect(parameter.value.isEvaluated)
    #expect(held.array(of: Float.self) == [1, 2])
    #expect(parameter.value.array(of: Float.self) == [10, 20])
  }

  @Test func layersRememberTheirConfiguration() throws {
    var random = RandomStream(seed: 6)
    let layer = Convolution(
      inputs: 4, outputs: 6, kernel: [3, 3], padding: .explicit(before: [0, 1], after: [1, 1]), groups: 2, random: &random)
    let again = Convolution(layer.configuration, random: &random)
    #expect(again.configuration == layer.configuration)
    #expect(again.weight.shape == layer.weight.shape)
    #expect(layer(.zeros([1, 5, 5, 4])).shape == again(.zeros([1, 5, 5, 4])).shape)
  }
}
