import Foundation
import Layers
import Tensors

/// A network that teaches and does not learn: logits by statistics of the batch, without dropping.
public struct FrozenTeacher: Sendable {
  public let supernet: Supernet
  public let architecture: Architecture

  /// - Throws: `StepPlanError` where the teacher tells other classes apart than the student.
  public init(_ supernet: Supernet, _ architecture: Architecture? = nil, for student: SupernetDesign) throws(StepPlanError) {
    let (own, other) = (supernet.design.configuration.classCount, student.configuration.classCount)
    guard own == other else {
      throw StepPlanError(found: "a teacher of \(own) classes", expected: "one of \(other), as the student has")
    }
    self.supernet = supernet
    self.architecture = architecture ?? supernet.space.maximum
  }

  /// - Parameter side: the pupil's resolution; the teacher sees the same pictures.
  func logits(_ images: Tensor, side: Int) -> Tensor {
    supernet(images.resizedToSide(side), architecture.atResolution(side, supernet.design)).stopGradient()
  }
}

extension Architecture {
  /// The same architecture at another resolution, where the space has it.
  func atResolution(_ side: Int, _ design: SupernetDesign) -> Architecture {
    let gene = design.space.position(of: "resolution")!
    guard let choice = design.configuration.resolutions.firstIndex(of: side) else { return self }
    var choices = choices
    choices[gene] = choice
    return Architecture(canonical: choices)
  }
}

/// One network of a step of training and what it learns from.
public struct StepEntry: Sendable {
  public enum Teacher: Sendable {
    case none
    /// An entry before this one in the same step; its position.
    case inPlace(Int)
    case frozen(FrozenTeacher)
  }

  /// labels * CE(z, y) + distillation * T^2 * SoftCE(z, teacher, T), where SoftCE = -mean_i sum_c q_ic log softmax(z_i / T)_c with q = softmax(teacher / T),
  /// which is a constant.
  public struct Loss: Sendable, Hashable, Codable {
    public var labels: Double
    public var smoothing: Double
    public var distillation: Double
    public var temperature: Double

    public init(labels: Double = 1, smoothing: Double = 0, distillation: Double = 0, temperature: Double = 1) {
      precondition(temperature > 0, "StepEntry: the temperature \(temperature) must be positive")
      self.labels = labels
      self.smoothing = smoothing
      self.distillation = distillation
      self.temperature = temperature
    }
  }

  public var architecture: Architecture
  public var loss: Loss
  public var teacher: Teacher
  /// What the loss is multiplied by.
  public var gradientWeight: Double
  public var regularization: Regularization
  /// Weights of candidates, by gene, in place of the architecture's choice.
  public var softChoices: [String: Tensor]
  public var updatesWeights: Bool
  /// Parameters beside the network's that the loss also depends on, such as those of soft choices, and learns.
  public var architectureParameters: [Parameter]

  public init(
    _ architecture: Architecture, loss: Loss = Loss(), teacher: Teacher = .none, gradientWeight: Double = 1,
    regularization: Regularization = .none, softChoices: [String: Tensor] = [:], updatesWeights: Bool = true,
    architectureParameters: [Parameter] = []
  ) {
    self.architecture = architecture
    self.loss = loss
    self.teacher = teacher
    self.gradientWeight = gradientWeight
    self.regularization = regularization
    self.softChoices = softChoices
    self.updatesWeights = updatesWeights
    self.architectureParameters = architectureParameters
  }
}

/// How the gradients of the entries become one.
public enum GradientAggregation: String, Sendable, Codable, CaseIterable {
  case sum
  /// Each weight's sum divided by the sum of gradient weights of the entries that use the weight.
  case average
  /// Divided by the square root of that.
  case averageSquareRoot = "average-square-root"
}

public enum GradientClipping: Sendable, Hashable, Codable {
  case none
  /// Every element to +-limit.
  case value(Double)
  /// The norm of all together.
  case norm(Double)
}

/// One step of the optimiser: networks, what they learn from, and how their gradients are put together.
public struct StepPlan: Sendable {
  public var entries: [StepEntry]
  public var aggregation: GradientAggregation
  public var clipping: GradientClipping

  public init(_ entries: [StepEntry], aggregation: GradientAggregation = .sum, clipping: GradientClipping = .none) {
    self.entries = entries
    self.aggregation = aggregation
    self.clipping = clipping
  }

  /// - Throws: `StepPlanError` for no entries, for a teacher in place that does not come before its pupil, and for distillation without a teacher.
  public func validate() throws(StepPlanError) {
    guard !entries.isEmpty else { throw StepPlanError(found: "a step without networks", expected: "at least one entry") }
    for (position, entry) in entries.enumerated() {
      if case .inPlace(let teacher) = entry.teacher, !(0..<position).contains(teacher) {
        throw StepPlanError(
          found: "entry \(position) taught in place by entry \(teacher)", expected: "a teacher that is computed before its pupil",
          advice: "put the biggest network first")
      }
      if case .none = entry.teacher, entry.loss.distillation != 0 {
        throw StepPlanError(found: "entry \(position) distils without a teacher", expected: "a teacher, or a distillation of 0")
      }
    }
  }
}

/// A step, or a schedule of steps, that cannot be carried out.
public struct StepPlanError: Error, Sendable, Hashable, LocalizedError, CustomStringConvertible {
  public let found: String
  public let expected: String
  public let advice: String

  public init(found: String, expected: String, advice: String = "") {
    self.found = found
    self.expected = expected
    self.advice = advice
  }

  public var description: String { "found \(found), expected \(expected)" + (advice.isEmpty ? "" : "; \(advice)") }
  public var errorDescription: String? { description }
}
