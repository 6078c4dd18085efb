import Layers
import Tensors

/// What one entry of a step gave.
public struct EntryOutcome: Sendable {
  public let architecture: Architecture
  /// The whole loss, before its gradient weight; a scalar.
  public let loss: Tensor
  /// Cross entropy with the labels; nil where they do not count.
  public let labelLoss: Tensor?
  /// Soft cross entropy with the teacher, and the teacher's entropy; the difference is the KL divergence.
  public let distillationLoss: Tensor?
  public let teacherEntropy: Tensor?
  /// (batch, classes).
  public let logits: Tensor
}

/// Carries out steps of training on a supernet: every entry forward and backward, gradients added up, one update.
public final class SupernetTrainer {
  public let supernet: Supernet
  public let optimizer: any Optimizer
  /// Learns the parameters of soft choices; nil where there are none.
  public var architectureOptimizer: (any Optimizer)?
  /// For dropping, a new one every step.
  public var random: RandomStream

  private let positions: [ObjectIdentifier: Int]

  /// - Parameter optimizer: over the supernet's parameters; decay belongs to matrices and kernels only (`groupsDecayingMatricesOnly`).
  public init(_ supernet: Supernet, optimizer: any Optimizer, random: RandomStream = RandomStream(seed: 1)) {
    self.supernet = supernet
    self.optimizer = optimizer
    self.random = random
    positions = Dictionary(uniqueKeysWithValues: optimizer.parameters.enumerated().map { (ObjectIdentifier($1), $0) })
  }

  /// Gradients of all entries put together, one a parameter of the optimiser. A weight that no entry uses has the gradient 0, so that decay and momentum
  /// go on; frozen parameters have none.
  ///
  /// Every entry is computed by itself: the biggest and the smallest network have the same structure in every step, and their plans are found again.
  ///
  /// - Parameters:
  ///   - images: (batch, height, width, channels); each entry sees them at its resolution.
  ///   - labels: (batch), whole numbers.
  /// - Throws: `StepPlanError`
  public func gradients(
    _ plan: StepPlan, images: Tensor, labels: Tensor
  ) throws(StepPlanError) -> (gradients: [Tensor?], architectureGradients: [Tensor?], outcomes: [EntryOutcome]) {
    try plan.validate()
    var sums = [Tensor?](repeating: nil, count: optimizer.parameters.count)
    var coverage = sums
    var architectureSums = [Tensor?](repeating: nil, count: architectureOptimizer?.parameters.count ?? 0)
    var outcomes: [EntryOutcome] = []
    var teacherLogits: [Int: Tensor] = [:]
    for (index, entry) in plan.entries.enumerated() {
      let pass = ForwardPass(.batch, regularization: entry.regularization, softChoices: entry.softChoices)
      let subnet = supernet.design.subnet(entry.architecture)
      let stream = random.split()
      let logits = withContext(.training, random: stream) { supernet.logits(images, subnet, pass) }
      var teacher: Tensor?
      switch entry.teacher {
      case .none: break
      case .inPlace(let position): teacher = outcomes[position].logits
      case .frozen(let frozen):
        if teacherLogits[subnet.resolution] == nil {
          let logits = frozen.logits(images, side: subnet.resolution)
          evaluate(logits)
          teacherLogits[subnet.resolution] = logits
        }
        teacher = teacherLogits[subnet.resolution]
      }
      let outcome = Self.outcome(entry, logits, labels, teacher)
      outcomes.append(outcome)

      let scaled = outcome.loss * entry.gradientWeight
      var variables: [(position: Int, value: Tensor)] = []
      if entry.updatesWeights {
        var seen: Set<Int> = []
        for slice in pass.slices {
          guard let position = positions[ObjectIdentifier(slice.parameter)], slice.parameter.isTrainable else { continue }
          if seen.insert(position).inserted { variables.append((position, slice.parameter.value)) }
          if plan.aggregation != .sum {
            let part = slice.indicator * entry.gradientWeight
            coverage[position] = coverage[position].map { $0 + part } ?? part
          }
        }
      }
      let extra =
        architectureOptimizer.map { optimizer in
          optimizer.parameters.indices.filter { position in entry.architectureParameters.contains { $0 === optimizer.parameters[position] }
          }
        } ?? []
      let extraValues = extra.map { architectureOptimizer!.parameters[$0].value }
      let derivatives = scaled.gradients(withRespectTo: variables.map(\.value) + extraValues)
      for (variable, derivative) in zip(variables, derivatives) {
        sums[variable.position] = sums[variable.position].map { $0 + derivative } ?? derivative
      }
      for (position, derivative) in zip(extra, derivatives.dropFirst(variables.count)) {
        architectureSums[position] = architectureSums[position].map { $0 + derivative } ?? derivative
      }
      // The last entry is computed together with the update.
      if index < plan.entries.count - 1 {
        evaluate(variables.map { sums[$0.position]! } + extra.map { architectureSums[$0]! } + outcome.values)
      }
    }

    var gradients: [Tensor?] = []
    for (position, parameter) in optimizer.parameters.enumerated() {
      guard parameter.isTrainable else {
        gradients.append(nil)
        continue
      }
      guard let sum = sums[position] else {
        gradients.append(Tensor.zeros(parameter.shape, dtype: parameter.dtype))
        continue
      }
      gradients.append(Self.aggregated(sum, coverage[position], plan.aggregation))
    }
    switch plan.clipping {
    case .none: break
    case .value(let limit): gradients = clipped(gradients, toValue: limit)
    case .norm(let limit): gradients = clipped(gradients, toNorm: limit).gradients
    }
    return (gradients, architectureSums, outcomes)
  }

  /// One step of the optimiser.
  /// - Throws: `StepPlanError`
  @discardableResult
  public func step(_ plan: StepPlan, images: Tensor, labels: Tensor) throws(StepPlanError) -> [EntryOutcome] {
    let (gradients, architectureGradients, outcomes) = try gradients(plan, images: images, labels: labels)
    if plan.entries.contains(where: \.updatesWeights) { optimizer.step(gradients: gradients) }
    architectureOptimizer?.step(gradients: architectureGradients)
    evaluate(
      optimizer.parameters.map(\.value) + (architectureOptimizer?.parameters.map(\.value) ?? []) + (outcomes.last?.values ?? []))
    return outcomes
  }

  /// As `step` does; for the many cases in which gradients alone are wanted and nothing is put together.
  private static func outcome(_ entry: StepEntry, _ logits: Tensor, _ labels: Tensor, _ teacher: Tensor?) -> EntryOutcome {
    let loss = entry.loss
    var total: Tensor?
    var (labelLoss, distillation, entropy): (Tensor?, Tensor?, Tensor?)
    if loss.labels != 0 {
      labelLoss = crossEntropy(logits, labels: labels, smoothing: loss.smoothing)
      total = labelLoss! * loss.labels
    }
    if let teacher, loss.distillation != 0 {
      distillation = softCrossEntropy(logits, teacher: teacher, temperature: loss.temperature)
      entropy = meanEntropy(teacher.stopGradient(), temperature: loss.temperature)
      let term = distillation! * (loss.distillation * loss.temperature * loss.temperature)
      total = total.map { $0 + term } ?? term
    }
    return EntryOutcome(
      architecture: entry.architecture, loss: total ?? logits.sum() * 0, labelLoss: labelLoss, distillationLoss: distillation,
      teacherEntropy: entropy, logits: logits)
  }

  private static func aggregated(_ sum: Tensor, _ coverage: Tensor?, _ aggregation: GradientAggregation) -> Tensor {
    guard let coverage, aggregation != .sum else { return sum }
    let divisor = aggregation == .average ? coverage : coverage.sqrt()
    return Tensor.select(coverage .> 0, sum / Tensor.select(coverage .> 0, divisor, Tensor.ones(coverage.shape, dtype: sum.dtype)), sum * 0)
  }
}

extension EntryOutcome {
  var values: [Tensor] { [loss, logits] + [labelLoss, distillationLoss, teacherEntropy].compactMap { $0 } }
}
