import Tensors

/// Fixed-step integration of an ordinary differential equation whose state is a list of tensors.
public enum ODESolver: String, Sendable, Hashable, Codable, CaseIterable {
  /// First order, one evaluation of the field a step.
  case euler
  /// Second order, two evaluations.
  case heun
  /// The classical fourth order method of Runge and Kutta, four evaluations.
  case rungeKutta4

  /// The state at t + h.
  /// - Parameter field: d(state)/dt at a state and a time.
  public func step(_ state: [Tensor], at t: Double, by h: Double, _ field: (_ state: [Tensor], _ time: Double) -> [Tensor]) -> [Tensor] {
    func moved(_ slope: [Tensor], _ share: Double) -> [Tensor] { zip(state, slope).map { $0 + $1 * (share * h) } }
    let first = field(state, t)
    switch self {
    case .euler: return moved(first, 1)
    case .heun:
      let second = field(moved(first, 1), t + h)
      return moved(zip(first, second).map { $0 + $1 }, 0.5)
    case .rungeKutta4:
      let second = field(moved(first, 0.5), t + h / 2)
      let third = field(moved(second, 0.5), t + h / 2)
      let fourth = field(moved(third, 1), t + h)
      return moved(first.indices.map { first[$0] + (second[$0] + third[$0]) * 2 + fourth[$0] }, 1.0 / 6)
    }
  }

  /// The state at `end`, in equal steps, each computed before the next begins, so that memory does not grow with their number.
  /// - Parameter visit: told the state after every step.
  public func integrate(
    _ state: [Tensor], from start: Double, to end: Double, steps: Int, visit: ([Tensor]) -> Void = { _ in },
    _ field: (_ state: [Tensor], _ time: Double) -> [Tensor]
  ) -> [Tensor] {
    precondition(steps >= 1, "ODESolver: \(steps) steps; at least 1 is needed")
    let h = (end - start) / Double(steps)
    var state = state
    for i in 0..<steps {
      state = step(state, at: start + Double(i) * h, by: h, field)
      evaluate(state)
      visit(state)
    }
    return state
  }
}
