import Tensors

/// What one step of an optimiser does to one parameter.
public protocol UpdateRule: Sendable {
  /// The tensors it keeps for each parameter, each of the parameter's shape.
  var slots: [UpdateSlot] { get }

  /// The parameter and the kept tensors after a step.
  ///
  /// - Parameters:
  ///   - slots: the kept tensors, in the order of their names.
  ///   - step: the rate and decay to use and how often this parameter was updated, this time included.
  func update(_ value: Tensor, gradient: Tensor, slots: [Tensor], step: UpdateStep) -> (value: Tensor, slots: [Tensor])
}

/// A tensor kept for a parameter from one step to the next.
public struct UpdateSlot: Sendable, Hashable {
  public var name: String
  /// Of every element before the first step.
  public var initialValue: Double

  public init(_ name: String, initialValue: Double = 0) {
    self.name = name
    self.initialValue = initialValue
  }
}

/// The circumstances of an update.
public struct UpdateStep: Sendable {
  public var learningRate: Double
  public var weightDecay: Double
  /// 1 for the first update of the parameter.
  public var count: Int
}

/// An optimiser that treats each parameter by one rule: all of them but those that look at the whole gradient at once.
public class RuleOptimizer: Optimizer {
  public let parameters: [Parameter]
  public var learningRate: Double
  /// Applied where a parameter's group does not say otherwise.
  public var weightDecay: Double
  public let rule: any UpdateRule

  private let rateScales: [Double]
  private let decays: [Double?]
  private var slots: [[Tensor]]
  /// Updates of each parameter so far.
  private var counts: [Int]

  public init(_ groups: [ParameterGroup], rule: any UpdateRule, learningRate: Double, weightDecay: Double) {
    parameters = groups.flatMap(\.parameters)
    precondition(
      Set(parameters.map { ObjectIdentifier($0) }).count == parameters.count, "\(type(of: rule)): a parameter is given twice")
    rateScales = groups.flatMap { group in group.parameters.map { _ in group.rateScale } }
    decays = groups.flatMap { group in group.parameters.map { _ in group.weightDecay } }
    self.rule = rule
    self.learningRate = learningRate
    self.weightDecay = weightDecay
    slots = parameters.map { parameter in
      rule.slots.map { Tensor(repeating: $0.initialValue, shape: parameter.shape, dtype: parameter.dtype) }
    }
    counts = parameters.map { _ in 0 }
    // Fresh values are computed here, in one plan, so that the first step has the structure of all others.
    evaluate(parameters.map(\.value) + slots.flatMap { $0 })
  }

  public func step(gradients: [Tensor?]) {
    precondition(
      gradients.count == parameters.count, "\(type(of: self)): \(gradients.count) gradients for \(parameters.count) parameters")
    for (index, parameter) in parameters.enumerated() {
      guard let gradient = gradients[index], parameter.isTrainable else { continue }
      counts[index] += 1
      let step = UpdateStep(
        learningRate: learningRate * rateScales[index], weightDecay: decays[index] ?? weightDecay, count: counts[index])
      let updated = rule.update(parameter.value, gradient: gradient, slots: slots[index], step: step)
      slots[index] = updated.slots
      parameter.value = updated.value
    }
  }

  public var state: [String: Tensor] {
    get {
      var state = ["counts": Tensor(counts.map(Int64.init))]
      for (index, tensors) in slots.enumerated() {
        for (slot, tensor) in zip(rule.slots, tensors) { state["\(index).\(slot.name)"] = tensor }
      }
      return state
    }
    set {
      func entry(_ name: String, _ shape: Shape) -> Tensor {
        guard let tensor = newValue[name] else { preconditionFailure("\(type(of: self)): the state lacks \(name)") }
        precondition(tensor.shape == shape, "\(type(of: self)): \(name) of the state must have shape \(shape), it has \(tensor.shape)")
        return tensor
      }
      counts = entry("counts", [parameters.count]).array(of: Int64.self).map(Int.init)
      for (index, parameter) in parameters.enumerated() {
        slots[index] = rule.slots.map { entry("\(index).\($0.name)", parameter.shape).cast(to: parameter.dtype) }
      }
    }
  }
}
