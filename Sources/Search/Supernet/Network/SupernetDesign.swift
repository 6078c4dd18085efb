import Layers

/// A supernet on paper: its configuration, the genes that follow from it, and what each architecture is in numbers.
public struct SupernetDesign: Sendable {
  public let configuration: SupernetConfiguration
  public let space: SearchSpace
  /// Of every block, by stage.
  public let blocks: [[ElasticBlock.Configuration]]

  /// - Throws: `SearchSpaceError` for candidates that cannot be: even kernels, depths that leave out a first block, widths that do not ascend.
  public init(_ configuration: SupernetConfiguration) throws(SearchSpaceError) {
    guard !configuration.stages.isEmpty else { throw SearchSpaceError(found: "a supernet without stages", expected: "at least one") }
    guard configuration.classCount >= 2, configuration.inputChannels >= 1 else {
      throw SearchSpaceError(
        found: "\(configuration.inputChannels) input channels and \(configuration.classCount) classes",
        expected: "at least 1 and at least 2")
    }
    if let inner = configuration.stem.innerWidths, inner.count != configuration.stem.widths.count {
      throw SearchSpaceError(gene: "stem.width", found: "\(inner.count) inner widths", expected: "\(configuration.stem.widths.count)")
    }
    self.configuration = configuration
    space = try SearchSpace(try Self.genes(configuration))
    blocks = Self.blocks(configuration)
  }

  private static func genes(_ c: SupernetConfiguration) throws(SearchSpaceError) -> [Gene] {
    func numbers(_ values: [Int]) -> [GeneValue] { values.map(GeneValue.integer) }
    var genes = [try Gene("resolution", .network, .resolution, numbers(c.resolutions))]
    genes.append(try Gene("stem.width", .network, .width, numbers(c.stem.widths)))
    if c.stem.innerWidths != nil { genes.append(try Gene("stem.gate", .network, .gate, [0, 1])) }
    for (index, stage) in c.stages.enumerated() {
      genes.append(try Gene("\(stage.name).depth", .stage(index), .depth, numbers(stage.depths)))
      genes.append(try Gene("\(stage.name).width", .stage(index), .width, numbers(stage.widths)))
      let expansions = stage.expansions.map { GeneValue($0) }
      if stage.sharesGenes {
        genes.append(try Gene("\(stage.name).kernel", .stage(index), .kernel, numbers(stage.kernels)))
        genes.append(try Gene("\(stage.name).expand", .stage(index), .expand, expansions))
      } else {
        for block in 0..<stage.depths.last! {
          let scope = Gene.Scope.block(stage: index, index: block)
          genes.append(try Gene("\(stage.name).\(block + 1).kernel", scope, .kernel, numbers(stage.kernels)))
          genes.append(try Gene("\(stage.name).\(block + 1).expand", scope, .expand, expansions))
        }
      }
    }
    if !c.head.widths.isEmpty { genes.append(try Gene("head.width", .network, .width, numbers(c.head.widths))) }
    if !c.head.mixingWidths.isEmpty { genes.append(try Gene("mixing.width", .network, .width, numbers(c.head.mixingWidths))) }
    return genes
  }

  private static func blocks(_ c: SupernetConfiguration) -> [[ElasticBlock.Configuration]] {
    var inputs = c.stem.widths
    return c.stages.map { stage in
      (0..<stage.depths.last!).map { index in
        defer { inputs = stage.widths }
        return ElasticBlock.Configuration(
          kind: stage.kind, inputs: inputs, outputs: stage.widths, keepsWidth: index > 0, kernels: stage.kernels,
          expansions: stage.expansions, stride: index == 0 ? stage.stride : 1, activation: stage.activation, hasSqueeze: stage.hasSqueeze,
          squeezeGate: c.squeezeGate, shortcut: stage.shortcut, hasKernelTransforms: c.hasKernelTransforms, divisor: c.divisor,
          epsilon: c.epsilon)
      }
    }
  }

  /// The identifiers of the genes that choose kernel and expansion of a block.
  public func genes(stage: Int, index: Int) -> SubnetBlock.Genes {
    let stageName = configuration.stages[stage].name
    let name = configuration.stages[stage].sharesGenes ? stageName : "\(stageName).\(index + 1)"
    return SubnetBlock.Genes(kernel: "\(name).kernel", expansion: "\(name).expand")
  }

  /// The architecture in numbers.
  public func subnet(_ architecture: Architecture) -> Subnet {
    func choice(_ id: String) -> Int { architecture.choices[space.position(of: id)!] }
    let c = configuration
    let resolution = c.resolutions[choice("resolution")]
    var side = resolution
    func unit(_ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1) -> Subnet.Unit {
      let unit = Subnet.Unit(side: side, inputs: inputs, outputs: outputs, kernel: kernel, stride: stride)
      side = unit.outputSide
      return unit
    }

    let width = c.stem.widths[choice("stem.width")]
    var stem: [Subnet.Unit] = []
    if let inner = c.stem.innerWidths.map({ $0[choice("stem.width")] }) {
      stem.append(unit(c.inputChannels, inner, kernel: 3, stride: c.stem.stride))
      if choice("stem.gate") == 1 { stem.append(unit(inner, inner, kernel: 3)) }
      stem.append(unit(inner, width, kernel: 3))
      side = (side + 1) / 2
    } else {
      stem.append(unit(c.inputChannels, width, kernel: 3, stride: c.stem.stride))
    }

    var inputs = width
    var resolved: [SubnetBlock] = []
    for (stage, configurations) in blocks.enumerated() {
      let description = c.stages[stage]
      let outputs = description.widths[choice("\(description.name).width")]
      for index in 0..<description.depths[choice("\(description.name).depth")] {
        let block = configurations[index]
        let genes = genes(stage: stage, index: index)
        let expansion = block.expansions[choice(genes.expansion!)]
        resolved.append(
          block.block(
            stage: stage, index: index, side: side, inputs: inputs, outputs: outputs, kernel: block.kernels[choice(genes.kernel!)],
            expansion: expansion, genes: genes))
        side = resolved.last!.outputSide
        inputs = outputs
      }
    }
    let headWidth = c.head.factor.map { $0 * inputs } ?? (c.head.widths.isEmpty ? nil : c.head.widths[choice("head.width")])
    return Subnet(
      resolution: resolution, stem: stem, poolsStem: c.stem.innerWidths != nil, blocks: resolved,
      head: headWidth.map { unit(inputs, $0, kernel: 1) },
      mixing: c.head.mixingWidths.isEmpty ? nil : c.head.mixingWidths[choice("mixing.width")],
      classCount: c.classCount)
  }
}
