import Layers
import Search
import Tensors

/// Runs the library on the inputs and parameters of a parity case - one elastic block, its losses, sorting and encoding - in double precision.
struct OnceForAllParity {
  private var parity: Parity
  private let block: ElasticBlock
  private let configuration: ElasticBlock.Configuration
  private let parameters: [(name: String, parameter: Parameter)]
  /// (kernel, expansion) by name.
  private let subnets: [(name: String, block: SubnetBlock)]

  private static let forward = 1e-5
  private static let backward = 1e-4

  static func tensors(of file: SafetensorsFile) throws -> [ParityTensor] {
    var parity = try OnceForAllParity(file)
    try parity.compareForward()
    try parity.compareGradients()
    try parity.compareCalibration()
    try parity.compareLosses()
    try parity.compareFeature()
    try parity.compareSorting()
    return parity.parity.tensors
  }

  private init(_ file: SafetensorsFile) throws {
    parity = Parity(file)
    func refuse(_ key: String, _ found: String, _ expected: String) -> FileFormatError {
      FileFormatError(path: file.url.path, at: .field("__metadata__.\(key)"), found: found, expected: expected)
    }
    let kernels: [Int] = try parity.json("kernel_sizes")
    let expansions: [Double] = try parity.json("expand")
    let (inputs, outputs) = (try parity.integer("in_ch"), try parity.integer("out_ch"))
    guard !kernels.isEmpty, kernels.allSatisfy({ $0 > 0 && $0 % 2 == 1 }), zip(kernels, kernels.dropFirst()).allSatisfy(<) else {
      throw refuse("kernel_sizes", "\(kernels)", "odd sides, ascending")
    }
    guard !expansions.isEmpty, expansions.allSatisfy({ $0 > 0 }), zip(expansions, expansions.dropFirst()).allSatisfy(<) else {
      throw refuse("expand", "\(expansions)", "positive numbers, ascending")
    }
    guard try parity.integer("se_reduction") == 4 else { throw refuse("se_reduction", "another", "4") }
    configuration = ElasticBlock.Configuration(
      inputs: [inputs], outputs: [outputs], kernels: kernels, expansions: expansions, stride: try parity.integer("stride", in: 1...2),
      activation: try parity.activation("act"), hasSqueeze: parity.contains("param.se_w1"), hasKernelTransforms: true,
      divisor: try parity.integer("divisor"), epsilon: try parity.number("bn_eps"))
    var random = RandomStream(seed: 0)
    block = ElasticBlock(configuration, random: &random)
    var loaded = try parity.load(block, prefix: "", bn: { "bn\($0)_" })
    for (matrix, (larger, smaller)) in zip(block.middle.kernelTransforms, zip(kernels.reversed(), kernels.reversed().dropFirst())) {
      let name = "T\(larger)to\(smaller)"
      matrix.assign(try parity.double("param.\(name)", [smaller * smaller, smaller * smaller]))
      loaded.append((name, matrix))
    }
    parameters = loaded
    let choices: [String: [Int]] = try parity.json("subnets")
    let side = try parity.integer("hw")
    let configuration = configuration
    subnets = try choices.sorted { $0.key < $1.key }.map { name, pair in
      guard pair.count == 2, kernels.contains(pair[0]), expansions.contains(Double(pair[1])) else {
        throw refuse("subnets", "\(name) = \(pair)", "a kernel of \(kernels) and an expansion of \(expansions)")
      }
      return (
        name, configuration.block(side: side, inputs: inputs, outputs: outputs, kernel: pair[0], expansion: Double(pair[1]))
      )
    }
  }

  private func subnet(_ name: String) throws -> SubnetBlock {
    guard let found = subnets.first(where: { $0.name == name }) else {
      throw FileFormatError(path: parity.file.url.path, at: .field("__metadata__.subnets"), found: "no \(name)", expected: "A, B, C and D")
    }
    return found.block
  }

  private func images(_ name: String, _ count: Int) throws -> Tensor {
    let side = try parity.integer("hw")
    return try parity.channelsLast(name, [count, configuration.inputs[0], side, side])
  }

  private func compared(_ tensor: Tensor) -> Tensor { tensor.transposed(permutation: [0, 3, 1, 2]) }

  private mutating func compareForward() throws {
    let x = try images("in.x", parity.integer("batch"))
    for (name, subnet) in subnets {
      try parity.compare("out.train_\(name)", compared(block(x, as: subnet, ForwardPass())), tolerance: Self.forward)
      let outputs = configuration.outputs[0]
      let table = CalibrationTable(
        try [(1, subnet.middle), (2, subnet.middle), (3, outputs)].map { number, channels in
          ChannelStatistics(
            mean: try parity.double("param.bn\(number)_mean")[0..<channels],
            variance: try parity.double("param.bn\(number)_var")[0..<channels])
        })
      try parity.compare("out.eval_\(name)", compared(block(x, as: subnet, ForwardPass(.calibrated(table)))), tolerance: Self.forward)
    }
    let smallest = try subnet("C")
    let filter = block.middle.filter(side: smallest.kernel, outputs: smallest.middle, inputs: smallest.middle, ForwardPass())
    try parity.compare("out.filter_C", compared(filter), tolerance: Self.forward)
  }

  private mutating func compareGradients() throws {
    let x = try images("in.x", parity.integer("batch"))
    let subnet = try subnet("B")
    let side = subnet.outputSide
    let cotangent = try parity.channelsLast("in.cot", [x.shape[0], subnet.outputs, side, side])
    let loss = (block(x, as: subnet, ForwardPass()) * cotangent).sum()
    let gradients = loss.gradients(withRespectTo: parameters.map(\.parameter.value) + [x])
    for (parameter, gradient) in zip(parameters, gradients) {
      try parity.compareGradient(parameter.name, gradient, tolerance: Self.backward)
    }
    try parity.compare("grad.x", compared(gradients.last!), tolerance: Self.backward)
  }

  private mutating func compareCalibration() throws {
    let subnet = try subnet("C")
    let whole = try images("in.calib", -1)
    guard whole.shape[0] >= 5 else {
      throw FileFormatError(
        path: parity.file.url.path, at: .field("in.calib"), found: "\(whole.shape[0]) images", expected: "a batch of 4, and the rest")
    }
    var average = StatisticsAverage()
    for batch in [whole[0..<4], whole[4..<whole.shape[0]]] {
      let pass = ForwardPass()
      _ = block(batch, as: subnet, pass)
      average.add(pass.statistics, count: batch.shape[0])
    }
    for (number, statistics) in zip(1..., average.table.statistics) {
      // What the subnet does not use keeps the case's parameters.
      func filled(_ part: Tensor, _ name: String) throws -> Tensor {
        let all = try parity.double(name)
        return part.shape[0] == all.shape[0] ? part : Tensor.concatenate([part, all[part.shape[0]..<all.shape[0]]])
      }
      try parity.compare("out.calib_bn\(number)_mean", filled(statistics.mean, "param.bn\(number)_mean"), tolerance: Self.forward)
      try parity.compare("out.calib_bn\(number)_var", filled(statistics.variance, "param.bn\(number)_var"), tolerance: Self.forward)
    }
  }

  private mutating func compareLosses() throws {
    let logits = try parity.double("in.logits", [-1, -1])
    let teacher = try parity.double("in.teacher_logits", logits.shape.dimensions)
    let labels = try parity.tensor("in.labels", shape: [logits.shape[0]]).cast(to: .int64)
    try parity.compare("out.kd", softCrossEntropy(logits, teacher: teacher).reshaped(to: [1]), tolerance: Self.forward)
    let smoothed = crossEntropy(logits, labels: labels, smoothing: try parity.number("label_smoothing"))
    try parity.compare("out.ls", smoothed.reshaped(to: [1]), tolerance: Self.forward)
  }

  private mutating func compareFeature() throws {
    struct Published: Decodable {
      let ks: [Int]
      let e: [Int]
      let d: [Int]
      let image_size: Int
    }
    let published: Published = try parity.json("arch")
    let depths: [Int] = try parity.json("arch_depths")
    let stages = try parity.integer("arch_stages", in: 1...100)
    let kernels: [Int] = try parity.json("kernel_sizes")
    let expansions: [Double] = try parity.json("expand")
    guard let deepest = depths.last, published.d.count == stages, published.ks.count == stages * deepest,
      published.e.count == stages * deepest
    else {
      throw FileFormatError(
        path: parity.file.url.path, at: .field("__metadata__.arch"), found: "other numbers of blocks",
        expected: "\(stages) stages of \(depths) blocks")
    }
    do {
      let design = try SupernetDesign(
        SupernetConfiguration(
          inputChannels: 3, classCount: 10, resolutions: parity.json("arch_image_sizes"), stem: .init(widths: [16], activation: .hardSwish),
          stages: (1...stages).map {
            .init(String($0), widths: [16], depths: depths, kernels: kernels, expansions: expansions, stride: 2, activation: .hardSwish)
          }, head: .init()))
      var values: [String: GeneValue] = ["resolution": .integer(published.image_size)]
      for stage in 0..<stages {
        values["\(stage + 1).depth"] = .integer(published.d[stage])
        for block in 0..<deepest {
          values["\(stage + 1).\(block + 1).kernel"] = .integer(published.ks[stage * deepest + block])
          values["\(stage + 1).\(block + 1).expand"] = .integer(published.e[stage * deepest + block])
        }
      }
      let features = ArchitectureEncoder(.resolutionFirst).features(of: try design.space.architecture(values), in: design.space)
      try parity.compare("out.feature", Tensor(features), tolerance: Self.forward)
    } catch let error as SearchSpaceError {
      throw FileFormatError(
        path: parity.file.url.path, at: .field("__metadata__.arch"), found: "\(error)", expected: "an architecture of the case's space")
    }
  }

  /// Last, since it changes the block. Both orders are of the case's own parameters.
  private mutating func compareSorting() throws {
    try parity.compare("out.perm_stage0", Tensor(block.channelOrder()), tolerance: 0)
    try parity.compare("out.perm_stage1", Tensor(block.channelOrder(keptWidths: 1)), tolerance: 0)
    block.sortChannels()
    if let squeeze = block.squeeze {
      let weight = squeeze.reduceWeight.value
      try parity.compare("out.se_w1_stage0", weight.reshaped(to: weight.shape.dimensions + [1, 1]), tolerance: Self.forward)
    }
  }
}
