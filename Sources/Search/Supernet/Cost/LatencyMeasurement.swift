import Layers
import Tensors

/// Times networks and blocks on the machine at hand, one image at a time, in inference with folded normalisations.
public struct LatencyMeasurement: Sendable {
  /// Runs before timing.
  public var warmUps = 5
  /// Timed runs, of which the median counts.
  public var runs = 20
  /// Equal blocks beside each other in one evaluation: what an evaluation costs by itself is thinned out, it belongs to the constant.
  public var copies = 8

  public init(warmUps: Int = 5, runs: Int = 20, copies: Int = 8) {
    precondition(warmUps >= 0 && runs >= 1 && copies >= 1, "LatencyMeasurement: \(warmUps) warm-ups, \(runs) runs, \(copies) copies")
    self.warmUps = warmUps
    self.runs = runs
    self.copies = copies
  }

  /// The median time of a computation in milliseconds.
  public func milliseconds(_ body: () -> [Tensor]) -> Double {
    for _ in 0..<warmUps { evaluate(body()) }
    var times: [Double] = []
    for _ in 0..<runs {
      let start = ContinuousClock.now
      evaluate(body())
      times.append((ContinuousClock.now - start) / .milliseconds(1))
    }
    times.sort()
    return runs % 2 == 1 ? times[runs / 2] : (times[runs / 2 - 1] + times[runs / 2]) / 2
  }

  /// Milliseconds of one image through a network.
  public func milliseconds(of network: MaterializedNetwork, channels: Int) -> Double {
    let image = noise([1, network.resolution, network.resolution, channels], 1)
    return milliseconds { [network(image)] }
  }

  private func noise(_ shape: Shape, _ seed: Int) -> Tensor {
    var random = RandomStream(seed: seed)
    let tensor = Tensor.normal(shape, key: random.next())
    evaluate(tensor)
    return tensor
  }

  /// Measures every block and surrounding that architectures of a masked space can have.
  ///
  /// - Parameters:
  ///   - supernet: gives the blocks; its values do not matter.
  ///   - machine: name of the machine, kept with the table.
  ///   - date: ISO 8601, kept with the table.
  ///   - progress: called with the number of rows done and in all.
  public func table(
    for supernet: Supernet, mask: GeneMask? = nil, machine: String, date: String,
    progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  ) throws -> LatencyTable {
    let subnets = try Self.coveringSubnets(supernet.design, mask)
    var blocks: [LatencyKey: (SubnetBlock, Architecture)] = [:]
    var outsides: [LatencyTable.Outside: Architecture] = [:]
    for (architecture, subnet) in subnets {
      for block in subnet.blocks where blocks[LatencyKey(block)] == nil { blocks[LatencyKey(block)] = (block, architecture) }
      if outsides[LatencyTable.Outside(subnet)] == nil { outsides[LatencyTable.Outside(subnet)] = architecture }
    }
    let total = blocks.count + outsides.count
    var done = 0
    var rows: [LatencyTable.Row] = []
    for (key, (block, architecture)) in blocks.sorted(by: { "\($0.key)" < "\($1.key)" }) {
      let network = supernet.materialized(architecture).folded()
      let position = supernet.design.subnet(architecture).blocks.firstIndex { LatencyKey($0) == key }!
      let layer = network.blocks[position]
      // Different inputs, since equal computations would be done once.
      let inputs = (0..<copies).map { noise([1, block.side, block.side, block.inputs], $0) }
      rows.append(LatencyTable.Row(key: key, milliseconds: milliseconds { inputs.map { layer($0) } } / Double(copies)))
      done += 1
      progress(done, total)
    }
    var constants: [LatencyTable.Constant] = []
    for (outside, architecture) in outsides.sorted(by: { ($0.key.resolution, $0.value) < ($1.key.resolution, $1.value) }) {
      let network = supernet.materialized(architecture).folded()
      let subnet = supernet.design.subnet(architecture)
      let image = noise([1, outside.resolution, outside.resolution, supernet.design.configuration.inputChannels], 1)
      let side = subnet.head?.side ?? subnet.blocks.last!.outputSide
      let features = noise([1, side, side, subnet.blocks.last!.outputs], 2)
      constants.append(
        LatencyTable.Constant(outside: outside, milliseconds: milliseconds { [network.stemFeatures(image), network.scores(features)] }))
      done += 1
      progress(done, total)
    }
    return LatencyTable(
      space: supernet.space.fingerprint, machine: machine, date: date, rows: rows, constants: constants)
  }

  /// Architectures that between them have every block of the masked space: blocks depend on resolution, on the widths before and in their stage, and on
  /// their own kernel and expansion.
  private static func coveringSubnets(_ design: SupernetDesign, _ mask: GeneMask?) throws -> [(Architecture, Subnet)] {
    let space = design.space
    let mask = mask ?? GeneMask(all: space)
    func isOuter(_ gene: Int) -> Bool { [.resolution, .width, .gate].contains(space.genes[gene].kind) }
    var outer = [space.genes.indices.map { mask.choices(of: $0).last! }]
    for gene in space.genes.indices where isOuter(gene) {
      outer = outer.flatMap { choices in
        mask.choices(of: gene).map { choice in
          var next = choices
          next[gene] = choice
          return next
        }
      }
      guard outer.count <= 5000 else {
        throw SearchSpaceError(
          found: "more than 5000 combinations of resolution and widths", expected: "fewer", advice: "restrict the space by a mask")
      }
    }
    let kernels = space.genes.indices.filter { space.genes[$0].kind == .kernel }
    let expansions = space.genes.indices.filter { space.genes[$0].kind == .expand }
    let kernelCount = kernels.map { mask.choices(of: $0).count }.max() ?? 1
    let expansionCount = expansions.map { mask.choices(of: $0).count }.max() ?? 1
    return outer.flatMap { choices in
      (0..<kernelCount).flatMap { k in
        (0..<expansionCount).map { e -> (Architecture, Subnet) in
          var next = choices
          for gene in kernels { next[gene] = mask.choices(of: gene)[min(k, mask.choices(of: gene).count - 1)] }
          for gene in expansions { next[gene] = mask.choices(of: gene)[min(e, mask.choices(of: gene).count - 1)] }
          let architecture = space.canonical(next)
          return (architecture, design.subnet(architecture))
        }
      }
    }
  }
}
