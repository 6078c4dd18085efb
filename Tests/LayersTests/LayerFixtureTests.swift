import Layers
import Tensors
import Testing

/// Every layer against PyTorch: values, gradients of inputs and parameters, and what a forward pass leaves behind. Parameters are read through the
/// reader of PyTorch's names and layouts, gradients compared in PyTorch's layout.
@Suite struct LayerFixtureTests {
  @Test(arguments: Fixture.layers.cases) func agreesWithPyTorch(_ test: Fixture.Case) throws {
    let fixture = Fixture.layers
    var random = RandomStream(seed: 1)
    let subject = try #require(Subject(test, &random), "no layer is mapped to \(test.name)")
    subject.module.convert(to: .float64)
    let state = Dictionary(uniqueKeysWithValues: test.names("state").map { ($0, fixture["\(test.name)/state.\($0)"]) })
    let report = try subject.module.load(state, layout: .pyTorch())
    #expect(report.loaded.count == state.keys.count { !$0.hasSuffix("num_batches_tracked") })

    let inputs = Dictionary(uniqueKeysWithValues: test.names("inputs").map { ($0, fixture["\(test.name)/in.\($0)"]) })
    let mode: Context.Mode = test.attributes["training"]?.bool == true ? .training : .inference
    let outputs = withContext(mode) { subject.run(inputs) }

    // The sum over outputs of output * cotangent is what the fixture differentiates.
    let total = test.names("outputs").map { (outputs[$0]! * fixture["\(test.name)/cotangent.\($0)"]).sum() }.reduce(
      Tensor(0, dtype: .float64), +)
    let differentiated = test.names("gradients").filter { !$0.hasPrefix("state.") }
    let parameters = subject.module.parameters
    let gradients = total.gradients(withRespectTo: differentiated.map { inputs[$0]! } + parameters.map(\.value))
    let ofParameter = Dictionary(
      uniqueKeysWithValues: zip(parameters.map { ObjectIdentifier($0) }, gradients.dropFirst(differentiated.count)))

    for name in test.names("outputs") { expectClose(outputs[name]!, fixture["\(test.name)/out.\(name)"], "\(test.name) \(name)") }
    for (name, gradient) in zip(differentiated, gradients) {
      expectClose(gradient, fixture["\(test.name)/grad.\(name)"], "\(test.name) gradient of \(name)")
    }
    let exported = subject.module.exported(layout: .pyTorch()) { ofParameter[ObjectIdentifier($0)] }
    for name in test.names("gradients") where name.hasPrefix("state.") {
      let own = try #require(exported[String(name.dropFirst("state.".count))], "\(name) is not exported")
      expectClose(own, fixture["\(test.name)/grad.\(name)"], "\(test.name) gradient of \(name)")
    }
    if test.json["after"]?.bool == true {
      for (name, value) in subject.module.state(layout: .pyTorch()) {
        expectClose(value, fixture["\(test.name)/after.\(name)"], "\(test.name) \(name) afterwards")
      }
    }
  }

  /// A layer built for a case and how it is run.
  struct Subject {
    let module: any Module
    let run: ([String: Tensor]) -> [String: Tensor]

    init(_ layer: any Layer) {
      module = layer
      run = { ["output": layer($0["input"]!)] }
    }

    init(_ module: any Module, _ run: @escaping ([String: Tensor]) -> [String: Tensor]) {
      self.module = module
      self.run = run
    }

    init?(_ test: Fixture.Case, _ random: inout RandomStream) {
      let fixture = Fixture.layers
      let attributes = test.attributes
      let hasBias = test.names("state").contains { $0.contains("bias") }
      func shape(_ name: String) -> Shape { fixture["\(test.name)/state.\(name)"].shape }
      switch test.operation {
      case "dense": self.init(Dense(inputs: shape("weight")[1], outputs: shape("weight")[0], hasBias: hasBias, random: &random))
      case "convolution":
        let groups = attributes["groups"]!.int!
        self.init(
          Convolution(
            inputs: shape("weight")[1] * groups, outputs: shape("weight")[0], kernel: attributes["kernel"]!.ints!,
            strides: attributes["stride"]!.ints!, padding: .symmetric(attributes["padding"]!.ints!),
            dilations: attributes["dilation"]!.ints!,
            groups: groups, hasBias: hasBias, random: &random))
      case "transposedConvolution":
        let groups = attributes["groups"]!.int!
        self.init(
          TransposedConvolution(
            inputs: shape("weight")[0], outputs: shape("weight")[1] * groups, kernel: attributes["kernel"]!.ints!,
            strides: attributes["stride"]!.ints!, padding: .symmetric(attributes["padding"]!.ints!),
            outputPadding: attributes["outputPadding"]!.ints!, dilations: attributes["dilation"]!.ints!, groups: groups, hasBias: hasBias,
            random: &random))
      case "embedding":
        self.init(
          Embedding(
            count: shape("weight")[0], features: shape("weight")[1], paddingIndex: attributes["paddingIndex"]?.int, random: &random))
      case "batchNorm":
        self.init(
          BatchNorm(
            features: shape("weight")[0], epsilon: attributes["epsilon"]!.double!, momentum: attributes["momentum"]!.double!))
      case "layerNorm": self.init(LayerNorm(features: shape("weight")[0], epsilon: attributes["epsilon"]!.double!))
      case "rmsNorm": self.init(RMSNorm(features: shape("weight")[0], epsilon: attributes["epsilon"]!.double!))
      case "groupNorm":
        self.init(GroupNorm(groups: attributes["groups"]!.int!, features: shape("weight")[0], epsilon: attributes["epsilon"]!.double!))
      case "instanceNorm":
        self.init(InstanceNorm(features: shape("weight")[0], epsilon: attributes["epsilon"]!.double!, isAffine: true))
      case "prelu": self.init(PReLU(slopes: shape("weight")[0]))
      case "bilinear":
        let layer = Bilinear(left: shape("weight")[1], right: shape("weight")[2], outputs: shape("weight")[0], random: &random)
        self.init(layer) { ["output": layer($0["left"]!, $0["right"]!)] }
      case "multiHeadAttention": self.init(attention: test, hasBias: hasBias, &random)
      case "transformerBlock":
        self.init(
          TransformerBlock(
            features: shape("linear1.weight")[1], heads: attributes["heads"]!.int!, hidden: shape("linear1.weight")[0], dropout: 0,
            activation: attributes["activation"]!.string! == "gelu" ? .gelu : .relu, isNormFirst: attributes["normFirst"]!.bool!,
            epsilon: attributes["epsilon"]!.double!, random: &random))
      case "lstm":
        let layer = LSTM(
          inputs: shape("weight_ih_l0")[1], hidden: attributes["hidden"]!.int!, layers: attributes["layers"]!.int!,
          isBidirectional: attributes["bidirectional"]!.bool!, hasBias: hasBias, random: &random)
        self.init(layer) { inputs in
          let state = inputs["hidden"].map { LSTM.State(hidden: $0, cell: inputs["cell"]!) }
          let (output, last) = layer(inputs["input"]!, state: state)
          return ["output": output, "hidden": last.hidden, "cell": last.cell]
        }
      case "gru":
        let layer = GRU(
          inputs: shape("weight_ih_l0")[1], hidden: attributes["hidden"]!.int!, layers: attributes["layers"]!.int!,
          isBidirectional: attributes["bidirectional"]!.bool!, hasBias: hasBias, random: &random)
        self.init(layer) { inputs in
          let (output, last) = layer(inputs["input"]!, state: inputs["hidden"])
          return ["output": output, "hidden": last]
        }
      case "network": self.init(Network(&random))
      default: return nil
      }
    }

    private init(attention test: Fixture.Case, hasBias: Bool, _ random: inout RandomStream) {
      let fixture = Fixture.layers
      let shapes = test.names("inputs").map { fixture["\(test.name)/in.\($0)"].shape }
      let layer = MultiHeadAttention(
        features: shapes[0][2], heads: test.attributes["heads"]!.int!, keyFeatures: shapes.count > 1 ? shapes[1][2] : nil,
        valueFeatures: shapes.count > 2 ? shapes[2][2] : nil, hasBias: hasBias, random: &random)
      // PyTorch's masks are true where attention is forbidden.
      let mask = fixture.optional("\(test.name)/attn_mask").map { $0.dtype == .bool ? .!$0 : $0 }
      let keyMask = fixture.optional("\(test.name)/key_padding_mask").map { .!$0 }
      self.init(layer) { inputs in
        let (output, weights) = layer.attend(
          inputs["query"]!, key: inputs["key"], value: inputs["value"], mask: mask, keyMask: keyMask)
        return ["output": output, "weights": weights]
      }
    }
  }

  struct Block: Layer {
    let conv1: Convolution
    let bn1: BatchNorm

    init(channels: Int, _ random: inout RandomStream) {
      conv1 = Convolution(inputs: channels, outputs: channels, kernel: [3, 3], padding: .same, hasBias: false, random: &random)
      bn1 = BatchNorm(features: channels)
    }

    func callAsFunction(_ input: Tensor) -> Tensor { (input + bn1(conv1(input))).relu() }
  }

  struct Network: Layer {
    let stem: Convolution
    let blocks: Sequential
    let flatten = Flatten(order: .channelsFirst)
    let head: Dense

    init(_ random: inout RandomStream) {
      stem = Convolution(inputs: 2, outputs: 3, kernel: [3, 3], strides: [2, 2], padding: .symmetric([1, 1]), random: &random)
      blocks = Sequential(Block(channels: 3, &random), Block(channels: 3, &random))
      head = Dense(inputs: 18, outputs: 4, random: &random)
    }

    func callAsFunction(_ input: Tensor) -> Tensor { head(flatten(blocks(stem(input)))) }
  }
}
