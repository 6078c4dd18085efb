import Layers
import Tensors

/// The schedule of progressive shrinking (Cai et al., 2020): the largest network first, then ever larger parts of the space, taught by it.
public struct ProgressiveShrinking: Sendable, Hashable, Codable {
  /// What a phase frees beside what earlier ones did: how many of the candidates, from the largest down. Resolution is always free.
  public struct Phase: Sendable, Hashable, Codable {
    public var name: String
    /// Candidates of each kind that may be drawn, from the largest down; 1 keeps the largest alone.
    public var kernels: Int
    public var depths: Int
    public var widths: Int
    public var networksPerStep: Int
    public var epochs: Int
    public var warmUpEpochs: Double
    public var learningRate: Double
    /// Number of the width phase, from 0, before which channels are sorted; nil where the phase frees no width.
    public var sortingStage: Int?

    public init(
      _ name: String, kernels: Int = 1, depths: Int = 1, widths: Int = 1, networksPerStep: Int = 1, epochs: Int, warmUpEpochs: Double = 0,
      learningRate: Double, sortingStage: Int? = nil
    ) {
      self.name = name
      self.kernels = kernels
      self.depths = depths
      self.widths = widths
      self.networksPerStep = networksPerStep
      self.epochs = epochs
      self.warmUpEpochs = warmUpEpochs
      self.learningRate = learningRate
      self.sortingStage = sortingStage
    }

    /// Only the largest network is trained, by labels alone.
    public var isFull: Bool { kernels == 1 && depths == 1 && widths == 1 }
  }

  public var phases: [Phase]
  /// Weight of the soft cross entropy with the largest network's prediction; the labels' counts 1 beside it.
  public var distillation: Double
  public var smoothing: Double

  public init(phases: [Phase], distillation: Double = 1, smoothing: Double = 0.1) {
    self.phases = phases
    self.distillation = distillation
    self.smoothing = smoothing
  }

  /// The paper's phases on ImageNet: rates for 2048 images a step.
  public static let paper = ProgressiveShrinking(phases: [
    Phase("full", epochs: 180, learningRate: 2.6),
    Phase("kernel", kernels: 3, networksPerStep: 1, epochs: 120, warmUpEpochs: 5, learningRate: 0.96),
    Phase("depth-a", kernels: 3, depths: 2, networksPerStep: 2, epochs: 25, learningRate: 0.08),
    Phase("depth-b", kernels: 3, depths: 3, networksPerStep: 2, epochs: 120, warmUpEpochs: 5, learningRate: 0.24),
    Phase("width-a", kernels: 3, depths: 3, widths: 2, networksPerStep: 4, epochs: 25, learningRate: 0.08, sortingStage: 0),
    Phase(
      "width-b", kernels: 3, depths: 3, widths: 3, networksPerStep: 4, epochs: 120, warmUpEpochs: 5, learningRate: 0.24, sortingStage: 1),
  ])

  /// Four phases for 64 images a step on small pictures.
  public static let reduced = ProgressiveShrinking(phases: [
    Phase("full", epochs: 6, learningRate: 0.1), Phase("kernel", kernels: 3, networksPerStep: 1, epochs: 1, learningRate: 0.03),
    Phase("depth", kernels: 3, depths: 3, networksPerStep: 2, epochs: 2, learningRate: 0.02),
    Phase("width", kernels: 3, depths: 3, widths: 3, networksPerStep: 4, epochs: 3, learningRate: 0.02, sortingStage: 0),
  ])

  /// The part of a space that a phase draws from: the largest candidates of what it frees, the largest one of the rest.
  /// - Throws: `SearchSpaceError`
  public func mask(_ phase: Phase, of space: SearchSpace) throws(SearchSpaceError) -> GeneMask {
    try space.mask { gene, choice in
      let fromLargest = gene.candidates.count - 1 - choice
      return switch gene.kind {
      case .kernel: fromLargest < phase.kernels
      case .depth: fromLargest < phase.depths
      case .expand, .width, .gate: fromLargest < phase.widths
      default: true
      }
    }
  }

  /// One step of a phase: networks drawn from its mask at one resolution; the full phase trains the largest at that resolution by labels.
  ///
  /// - Parameters:
  ///   - resolution: index of the step's resolution among the candidates; the same for all networks of the step, as for their teacher.
  ///   - teacher: the largest network after the full phase; not used by the full phase.
  public func step(
    _ phase: Phase, _ design: SupernetDesign, mask: GeneMask, resolution: Int, teacher: FrozenTeacher?, dropout: Double,
    using random: inout some RandomNumberGenerator
  ) -> StepPlan {
    let space = design.space
    let side = design.configuration.resolutions[resolution]
    let regularization = Regularization(dropout: dropout)
    if phase.isFull {
      let largest = space.maximum.atResolution(side, design)
      return StepPlan([StepEntry(largest, loss: .init(labels: 1, smoothing: smoothing), regularization: regularization)])
    }
    let entries = (0..<phase.networksPerStep).map { _ in
      let architecture = space.sample(mask, using: &random).atResolution(side, design)
      guard let teacher else { return StepEntry(architecture, loss: .init(smoothing: smoothing), regularization: regularization) }
      return StepEntry(
        architecture, loss: .init(labels: 1, smoothing: smoothing, distillation: distillation), teacher: .frozen(teacher),
        regularization: regularization)
    }
    return StepPlan(entries)
  }

  /// The rates of a phase by step: linear warm-up from 1 / 32 of the peak, then a cosine to 0.
  public func schedule(_ phase: Phase, stepsPerEpoch: Int) -> any LearningRateSchedule {
    let steps = max(1, phase.epochs * stepsPerEpoch)
    let cosine = CosineSchedule(base: phase.learningRate, steps: steps)
    let warmUp = Int((phase.warmUpEpochs * Double(stepsPerEpoch)).rounded())
    guard warmUp > 0 else { return cosine }
    return RampedSchedule(steps: warmUp, start: phase.learningRate / 32, peak: phase.learningRate, following: cosine)
  }

  /// The networks by which a phase is judged: smallest and largest of what it frees, at the smallest and the largest resolution.
  public func corners(_ mask: GeneMask, of design: SupernetDesign) -> [Architecture] {
    let space = design.space
    var corners: [[Int]] = [space.genes.indices.map { mask.choices(of: $0).last! }]
    for kind in [Gene.Kind.resolution, .kernel, .depth, .expand, .width] {
      let genes = space.genes.indices.filter { space.genes[$0].kind == kind && mask.choices(of: $0).count > 1 }
      guard !genes.isEmpty else { continue }
      corners += corners.map { corner in
        var smallest = corner
        for gene in genes { smallest[gene] = mask.choices(of: gene).first! }
        return smallest
      }
    }
    var seen: Set<Architecture> = []
    return corners.map(space.canonical).filter { seen.insert($0).inserted }
  }
}

/// lr(t) = (t + 1) / T (peak - start) + start for the first T steps, then another schedule from its beginning.
public struct RampedSchedule: LearningRateSchedule {
  public let steps: Int
  public let start: Double
  public let peak: Double
  public let following: any LearningRateSchedule

  public func rate(at step: Int) -> Double {
    step < steps ? Double(step + 1) / Double(steps) * (peak - start) + start : following.rate(at: step - steps)
  }
}
