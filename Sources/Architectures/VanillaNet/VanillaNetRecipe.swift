import Layers

/// The published training settings of VanillaNet-5 ... 10 on ImageNet (section 5): LAMB, batches of 1024, 300 epochs.
public struct VanillaNetRecipe: Sendable, Hashable, Codable {
  public var learningRate: Double
  public var weightDecay: Double
  /// Of mixup; CutMix has alpha 1, and each is chosen half of the time.
  public var mixupAlpha: Double
  /// The rate of group g is multiplied by this to the power of the number of groups after it; 1 treats all alike.
  public var layerDecay: Double
  /// Groups of layers for the decay.
  public var layerGroups: Int

  /// - Returns: nil for depths whose settings are not published.
  public static func published(depth: Int) -> VanillaNetRecipe? {
    func recipe(_ rate: Double, _ decay: Double, _ alpha: Double, _ layerDecay: Double = 1, _ groups: Int = 1) -> VanillaNetRecipe {
      VanillaNetRecipe(learningRate: rate, weightDecay: decay, mixupAlpha: alpha, layerDecay: layerDecay, layerGroups: groups)
    }
    return switch depth {
    case 5: recipe(3.5e-3, 0.35, 0.1)
    case 6: recipe(4.8e-3, 0.32, 0.15, 0.8, 4)
    case 7: recipe(4.7e-3, 0.35, 0.4, 0.8, 5)
    case 8, 9: recipe(3.5e-3, 0.30, 0.4)
    case 10: recipe(3.5e-3, 0.25, 0.4)
    default: nil
    }
  }
}

extension VanillaNet {
  /// The weights for an optimiser: matrices, kernels and series kernels decay, vectors do not; layers further from the head learn more slowly where
  /// there is a layer decay.
  /// - Parameters:
  ///   - layerDecay: 1 treats all layers alike.
  ///   - groups: the layers, stem to head, are divided into so many groups of nearly equal size; at least 1.
  public func parameterGroups(layerDecay: Double = 1, groups: Int = 1) -> [ParameterGroup] {
    precondition(groups >= 1, "VanillaNet: \(groups) groups of layers; at least 1 is needed")
    let parts: [any Module] = [stem] + stages + [head]
    return parts.enumerated().flatMap { index, part -> [ParameterGroup] in
      let group = index * groups / parts.count
      var scale = 1.0
      for _ in group..<(groups - 1) { scale *= layerDecay }
      return part.groupsDecayingMatricesOnly().map { ParameterGroup($0.parameters, rateScale: scale, weightDecay: $0.weightDecay) }
    }
  }
}
