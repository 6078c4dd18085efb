import Layers
import Tensors

extension Supernet {
  /// Sorts the middle channels of every block by importance, so that cutting the last ones off costs least (Cai et al., 2020, section 3.3). What the
  /// largest network computes does not change.
  ///
  /// The importance of a channel is the sum of |weights| that the last 1 x 1 convolution gives it; it permutes the first convolution's rows, both
  /// normalisations, the depthwise kernels, the squeeze's inputs and outputs and the last convolution's columns. Hidden units of squeezes are sorted too.
  /// Bottlenecks are sorted from the back: the outputs of the second convolution by the third's inputs, then those of the first by the second's.
  /// Blocks without a first convolution stay: their channels are those of the layer before.
  ///
  /// - Parameters:
  ///   - keptWidths: how many smaller expansions, from the second largest down, have been trained: each keeps its set of channels, and sorting happens
  ///     inside the groups between them. 0 before the first width phase.
  ///   - optimizer: its state of the permuted parameters is permuted too.
  /// - Returns: for each sorted block, the order of its middle channels as old indices.
  @discardableResult
  public func sortChannels(keptWidths: Int = 0, optimizer: (any Optimizer)? = nil) -> [ChannelOrder] {
    var permutations: [ChannelPermutation] = []
    var orders: [ChannelOrder] = []
    for (stage, blocks) in stages.enumerated() {
      for (index, block) in blocks.enumerated() where block.expand != nil {
        let plan = block.sortingPlan(keptWidths: keptWidths)
        permutations += plan.permutations
        orders.append(ChannelOrder(stage: stage, index: index, order: plan.order))
      }
    }
    applyPermutations(permutations, optimizer)
    return orders
  }
}

private func applyPermutations(_ permutations: [ChannelPermutation], _ optimizer: (any Optimizer)?) {
  var state = optimizer?.state ?? [:]
  let positions = Dictionary(
    uniqueKeysWithValues: (optimizer?.parameters ?? []).enumerated().map { (ObjectIdentifier($1), $0) })
  for permutation in permutations {
    permutation.parameter.assign(permutation.applied(to: permutation.parameter.value))
    guard let position = positions[ObjectIdentifier(permutation.parameter)] else { continue }
    for (name, value) in state where name.hasPrefix("\(position).") && value.shape == permutation.parameter.shape {
      state[name] = permutation.applied(to: value)
    }
  }
  evaluate(permutations.map(\.parameter.value) + state.values)
  optimizer?.state = state
}

/// The new order of a block's middle channels: old indices.
public struct ChannelOrder: Sendable, Hashable {
  public let stage: Int
  public let index: Int
  public let order: [Int]
}

/// A new order along one axis of a parameter.
private struct ChannelPermutation {
  let parameter: Parameter
  let axis: Int
  let order: [Int]

  func applied(to value: Tensor) -> Tensor { value.gathered(Tensor(order), axis: axis) }
}

extension ElasticBlock {
  /// Sorts the middle channels of this block alone; see `Supernet.sortChannels`.
  @discardableResult
  public func sortChannels(keptWidths: Int = 0, optimizer: (any Optimizer)? = nil) -> [Int] {
    precondition(expand != nil, "ElasticBlock: without a first convolution the channels are those of the layer before")
    let plan = sortingPlan(keptWidths: keptWidths)
    applyPermutations(plan.permutations, optimizer)
    return plan.order
  }

  /// The order that sorting would give the middle channels, as old indices; nothing changes.
  public func channelOrder(keptWidths: Int = 0) -> [Int] { sortingPlan(keptWidths: keptWidths).order }

  /// Middle channels of the expansions that keep their sets, ascending.
  private func boundaries(keptWidths: Int) -> [Int] {
    let counts = configuration.middles(inputs: configuration.inputs.last!, outputs: configuration.outputs.last!)
    return Array(counts.dropLast().suffix(keptWidths))
  }

  fileprivate func sortingPlan(keptWidths: Int) -> (permutations: [ChannelPermutation], order: [Int]) {
    var permutations: [ChannelPermutation] = []
    let limits = boundaries(keptWidths: keptWidths)
    let order = Self.order(project.weight.value.abs().sum(axes: [0, 1, 2]), limits)
    permutations.append(ChannelPermutation(parameter: project.weight, axis: 3, order: order))
    permutations += Self.ofOutputs(middle, order)
    var firstOrder = order
    if configuration.kind == .bottleneck {
      firstOrder = Self.order(middle.weight.value.abs().sum(axes: [0, 1, 2]), limits)
      permutations.append(ChannelPermutation(parameter: middle.weight, axis: 3, order: firstOrder))
    }
    if let expand { permutations += Self.ofOutputs(expand, firstOrder) }
    if let squeeze {
      permutations.append(ChannelPermutation(parameter: squeeze.reduceWeight, axis: 1, order: order))
      permutations.append(ChannelPermutation(parameter: squeeze.expandWeight, axis: 0, order: order))
      permutations.append(ChannelPermutation(parameter: squeeze.expandBias, axis: 0, order: order))
      let hiddenOrder = Self.order(squeeze.expandWeight.value.abs().sum(axes: [0]), limits.map(squeeze.configuration.hidden))
      permutations.append(ChannelPermutation(parameter: squeeze.expandWeight, axis: 1, order: hiddenOrder))
      permutations.append(ChannelPermutation(parameter: squeeze.reduceWeight, axis: 0, order: hiddenOrder))
      permutations.append(ChannelPermutation(parameter: squeeze.reduceBias, axis: 0, order: hiddenOrder))
    }
    return (permutations, order)
  }

  private static func ofOutputs(_ unit: ElasticConvolution, _ order: [Int]) -> [ChannelPermutation] {
    [unit.weight, unit.scale, unit.shift].compactMap { $0 }.map { ChannelPermutation(parameter: $0, axis: 0, order: order) }
  }

  /// Indices by descending importance inside the groups that `limits` bound; equal ones stay in their order.
  private static func order(_ importance: Tensor, _ limits: [Int]) -> [Int] {
    let values = importance.cast(to: .float64).array(of: Double.self)
    let ends = limits + [values.count]
    var order: [Int] = []
    for end in ends {
      order += (order.count..<max(order.count, end)).sorted { (-values[$0], $0) < (-values[$1], $1) }
    }
    return order
  }
}
