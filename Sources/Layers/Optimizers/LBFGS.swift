import Foundation
import Tensors

/// The limited-memory method of Broyden, Fletcher, Goldfarb and Shanno (Liu and Nocedal, 1989): steps along the gradient times an estimate of
/// the inverse Hessian from the last changes. For smooth, deterministic functions.
public final class LBFGS: Optimizer {
  public enum LineSearch: String, Sendable, Codable {
    /// A step of the learning rate; the very first min(1, 1 / sum |gradient|) of it.
    case none
    /// A step that fulfils the strong conditions of Wolfe, tried first with the learning rate.
    case strongWolfe
  }

  public let parameters: [Parameter]
  public var learningRate: Double
  /// Number of changes remembered.
  public let history: Int
  public let lineSearch: LineSearch
  /// Evaluations of the function in one line search at most.
  public let maximumEvaluations: Int

  /// Changes of position and of gradient, the oldest first.
  private var changes: [(position: Tensor, gradient: Tensor)] = []
  private var previousGradient: Tensor?
  private var previousChange: Tensor?
  private var steps = 0

  public init(
    _ parameters: [Parameter], learningRate: Double = 1, history: Int = 10, lineSearch: LineSearch = .strongWolfe,
    maximumEvaluations: Int = 25
  ) {
    precondition(history > 0, "LBFGS: a history of \(history)")
    self.parameters = parameters
    self.learningRate = learningRate
    self.history = history
    self.lineSearch = lineSearch
    self.maximumEvaluations = maximumEvaluations
    evaluate(parameters.map(\.value))
  }

  /// A step without line search. With one, the function is needed: `minimize(_:)` with a closure.
  public func step(gradients: [Tensor?]) {
    precondition(lineSearch == .none, "LBFGS: a line search evaluates the function; use minimize(_:) with a closure")
    let gradient = flattened(gradients)
    guard let (direction, length) = next(gradient, flattened(parameters.map(\.value))) else { return }
    move(along: direction, from: parameters.map(\.value), length)
    previousChange = direction * length
    evaluate([previousChange!, previousGradient!])
  }

  /// One step of the minimisation of a function of the parameters.
  ///
  /// - Parameter function: computes the value, a scalar, from the parameters' present values.
  /// - Returns: the value before the step.
  @discardableResult
  public func minimize(_ function: () -> Tensor) -> Double {
    let start = function()
    let gradients = gradients(of: start)
    evaluate([start] + gradients.compactMap { $0 })
    let value = start.scalar(as: Double.self)
    if lineSearch == .none {
      step(gradients: gradients)
      return value
    }
    let gradient = flattened(gradients)
    let origin = parameters.map(\.value)
    guard let (direction, trial) = next(gradient, flattened(origin)) else { return value }
    let slope = (gradient * direction).sum().scalar(as: Double.self)
    let search = WolfeSearch(maximumEvaluations: maximumEvaluations)
    let length = search(from: value, slope: slope, trial: trial) { length in
      move(along: direction, from: origin, length)
      let moved = function()
      let slope = (flattened(self.gradients(of: moved)) * direction).sum()
      evaluate([moved, slope])
      return (moved.scalar(as: Double.self), slope.scalar(as: Double.self))
    }
    move(along: direction, from: origin, length)
    previousChange = direction * length
    evaluate([previousChange!, previousGradient!] + parameters.map(\.value))
    return value
  }

  /// The next direction and the length to try; nil where there is nowhere to go down.
  private func next(_ gradient: Tensor, _ position: Tensor) -> (direction: Tensor, length: Double)? {
    var direction = -gradient
    if let previousGradient, let previousChange {
      let difference = gradient - previousGradient
      let curvature = (difference * previousChange).sum()
      evaluate([difference, curvature])
      // Pairs that are not curved upwards would make the estimate indefinite.
      if curvature.scalar(as: Double.self) > 1e-10 {
        if changes.count == history { changes.removeFirst() }
        changes.append((previousChange, difference))
      }
      direction = scaledByInverseHessian(gradient) * -1
    }
    let slope = (gradient * direction).sum()
    let size = gradient.abs().sum()
    evaluate([direction, slope, size, gradient])
    guard slope.scalar(as: Double.self) < 0 else { return nil }
    steps += 1
    previousGradient = gradient
    return (direction, steps == 1 ? min(1, 1 / size.scalar(as: Double.self)) * learningRate : learningRate)
  }

  /// The two-loop recursion (Nocedal, 1980).
  private func scaledByInverseHessian(_ gradient: Tensor) -> Tensor {
    guard let last = changes.last else { return gradient }
    var vector = gradient
    var coefficients: [Tensor] = []
    for change in changes.reversed() {
      let coefficient = (change.position * vector).sum() / (change.gradient * change.position).sum()
      coefficients.append(coefficient)
      vector = vector - change.gradient * coefficient
    }
    vector = vector * ((last.gradient * last.position).sum() / last.gradient.square().sum())
    for (change, coefficient) in zip(changes, coefficients.reversed()) {
      let opposite = (change.gradient * vector).sum() / (change.gradient * change.position).sum()
      vector = vector + change.position * (coefficient - opposite)
    }
    return vector
  }

  /// One vector of all parameters; zero for those without a gradient.
  private func flattened(_ tensors: [Tensor?]) -> Tensor {
    Tensor.concatenate(
      zip(tensors, parameters).map { tensor, parameter in
        (tensor ?? Tensor.zeros(parameter.shape, dtype: parameter.dtype)).reshaped(to: [parameter.elementCount])
      })
  }

  private func move(along direction: Tensor, from origin: [Tensor], _ length: Double) {
    let parts = direction.split(sizes: parameters.map(\.elementCount))
    for (index, parameter) in parameters.enumerated() where parameter.isTrainable {
      parameter.assign(origin[index] + parts[index].reshaped(to: parameter.shape) * length)
    }
    evaluate(parameters.map(\.value))
  }

  public var state: [String: Tensor] {
    get {
      var state = ["steps": Tensor([Int64(steps), Int64(changes.count)])]
      state["previousGradient"] = previousGradient
      state["previousChange"] = previousChange
      for (index, change) in changes.enumerated() {
        state["\(index).position"] = change.position
        state["\(index).gradient"] = change.gradient
      }
      return state
    }
    set {
      guard let counts = newValue["steps"]?.array(of: Int64.self), counts.count == 2 else {
        preconditionFailure("LBFGS: the state lacks steps")
      }
      steps = Int(counts[0])
      previousGradient = newValue["previousGradient"]
      previousChange = newValue["previousChange"]
      changes = (0..<Int(counts[1])).map { index in
        guard let position = newValue["\(index).position"], let gradient = newValue["\(index).gradient"] else {
          preconditionFailure("LBFGS: the state lacks change \(index)")
        }
        return (position, gradient)
      }
    }
  }
}
