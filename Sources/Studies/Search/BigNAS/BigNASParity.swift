import Layers
import Search
import Tensors

/// Runs one sandwich step on the inputs and parameters of a parity case, in double precision: logits, losses and the summed gradients.
struct BigNASParity {
  private struct Published: Decodable {
    let res: Int
    let width: [Int]
    let kernel: [Int]
    let expand: [Int]
    let depth: [Int]
  }

  static func tensors(of file: SafetensorsFile) throws -> [ParityTensor] {
    var parity = Parity(file)
    func refuse(_ key: String, _ found: String, _ expected: String) -> FileFormatError {
      FileFormatError(path: file.url.path, at: .field("__metadata__.\(key)"), found: found, expected: expected)
    }
    let architectures: [String: Published] = try parity.json("archs")
    let order: [String] = try parity.json("order")
    let widths: [String: [Int]] = try parity.json("widths")
    guard let stem = widths["stem"], let first = widths["stage1"], let second = widths["stage2"] else {
      throw refuse("widths", "\(widths.keys.sorted())", "stem, stage1 and stage2")
    }
    guard try parity.integer("se_reduction") == 4 else { throw refuse("se_reduction", "another", "4") }
    let activation = try parity.activation("act")
    let kernels: [Int] = try parity.json("kernels")
    let expansions: [Double] = try parity.json("expand")
    let images = try parity.tensor("in.x", shape: [-1, -1, -1, -1])
    func stage(_ name: String, _ widths: [Int], depths: [Int], stride: Int, _ shortcut: ElasticBlock.Shortcut)
      -> SupernetConfiguration.Stage
    {
      .init(
        name, widths: widths, depths: depths, kernels: kernels, expansions: expansions, stride: stride, activation: activation,
        hasSqueeze: true,
        shortcut: shortcut, sharesGenes: true)
    }
    do {
      let design = try SupernetDesign(
        SupernetConfiguration(
          inputChannels: images.shape[1], classCount: parity.integer("num_classes", in: 2...100_000),
          resolutions: Set(architectures.values.map(\.res)).sorted(), stem: .init(widths: stem, stride: 1, activation: activation),
          stages: [stage("1", first, depths: [1, 2], stride: 2, .whereShapesAgree), stage("2", second, depths: [1], stride: 1, .none)],
          head: .init(), divisor: parity.integer("divisor"), epsilon: parity.number("bn_eps")))
      var random = RandomStream(seed: 0)
      let supernet = Supernet(design, random: &random)
      supernet.convert(to: .float64)
      let parameters = try load(supernet, parity)
      let entries = try order.map { name -> StepEntry in
        guard let published = architectures[name] else { throw refuse("order", name, "one of \(architectures.keys.sorted())") }
        let architecture = try design.space.architecture(values(published))
        guard name != order[0] else {
          return StepEntry(architecture, loss: .init(labels: 1, smoothing: try parity.number("label_smoothing")))
        }
        return StepEntry(architecture, loss: .init(labels: 0, distillation: 1), teacher: .inPlace(0))
      }
      let labels = try parity.tensor("in.labels", shape: [images.shape[0]]).cast(to: .int64)
      let trainer = SupernetTrainer(supernet, optimizer: SGD(supernet.parameters, learningRate: 0))
      let (gradients, _, outcomes) = try trainer.gradients(
        StepPlan(entries), images: images.cast(to: .float64).transposed(permutation: [0, 2, 3, 1]), labels: labels)
      for (name, parameter) in parameters {
        let position = trainer.optimizer.parameters.firstIndex { $0 === parameter }!
        try parity.compareGradient(name, gradients[position]!, tolerance: 1e-4)
      }
      for (name, outcome) in zip(order, outcomes) { try parity.compare("out.logits_\(name)", outcome.logits, tolerance: 1e-5) }
      try parity.compare("out.losses", Tensor.stack(outcomes.map { $0.loss.reshaped(to: [] as Shape) }), tolerance: 1e-5)
    } catch let error as SearchSpaceError {
      throw refuse("archs", "\(error)", "architectures of the case's space")
    }
    return parity.tensors
  }

  private static func values(_ published: Published) throws -> [String: GeneValue] {
    func pair(_ values: [Int]) throws(SearchSpaceError) -> (GeneValue, GeneValue) {
      guard values.count == 2 else { throw SearchSpaceError(found: "\(values)", expected: "one value for each of two stages") }
      return (.integer(values[0]), .integer(values[1]))
    }
    guard published.width.count == 3 else { throw SearchSpaceError(found: "widths \(published.width)", expected: "stem and two stages") }
    let (kernels, expansions, depths) = (try pair(published.kernel), try pair(published.expand), try pair(published.depth))
    return [
      "resolution": .integer(published.res), "stem.width": .integer(published.width[0]), "1.width": .integer(published.width[1]),
      "2.width": .integer(published.width[2]), "1.kernel": kernels.0, "2.kernel": kernels.1, "1.expand": expansions.0,
      "2.expand": expansions.1, "1.depth": depths.0, "2.depth": depths.1,
    ]
  }

  private static func load(_ supernet: Supernet, _ parity: Parity) throws -> [(name: String, parameter: Parameter)] {
    let stem = supernet.stem[0]
    let (outputs, inputs) = (stem.configuration.outputs, stem.configuration.inputs)
    stem.weight.assign(try parity.channelsLast("param.stem_w", [outputs, inputs, 3, 3]))
    stem.scale!.assign(try parity.double("param.stem_gamma", [outputs]))
    stem.shift!.assign(try parity.double("param.stem_beta", [outputs]))
    var loaded = [("stem_w", stem.weight), ("stem_gamma", stem.scale!), ("stem_beta", stem.shift!)]
    for (index, block) in supernet.stages.flatMap({ $0 }).enumerated() {
      loaded += try parity.load(block, prefix: "b\(index + 1)_", bn: { "bn\($0)_" }).map { ($0.name, $0.parameter) }
    }
    let classifier = supernet.classifier
    classifier.weight.assign(try parity.double("param.fc_w", classifier.weight.shape.dimensions))
    classifier.bias!.assign(try parity.double("param.fc_b", classifier.bias!.shape.dimensions))
    return loaded + [("fc_w", classifier.weight), ("fc_b", classifier.bias!)]
  }
}
