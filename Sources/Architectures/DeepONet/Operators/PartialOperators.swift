import Foundation

/// Transport problems on [0, 1] whose input V is a random function on [0, 1] (section 3.3, 6 and 7 of the specification).
public enum TransportProblem: String, Sendable, Hashable, Codable, CaseIterable {
  /// a = 1, period 1, s(x, 0) = V(sin^2 pi x): solved exactly, s = s(x - t, 0). The branch sees s(x, 0).
  case periodicShift = "advection-1"
  /// a = 1, s(x, 0) = x V(x), s(0, t) = 0.
  case initialProfile = "advection-2"
  /// a = 1 + V / 10, s(x, 0) = x^2, s(0, t) = sin pi t.
  case variableSpeed = "advection-3"
  /// a = 1 + (V(x) + V(1 - x)) / 20, s(x, 0) = sin 2 pi x, period 1.
  case periodicSpeed = "advection-4"
  /// s_t + s_x - s_xx / 10 = 0, period 1, s(x, 0) = V(sin^2 pi x). The branch sees s(x, 0).
  case diffusing = "advection-diffusion"

  /// s at the points and times of the grid, a row for each point.
  public func solve(_ v: SampledFunction, on grid: Advection) -> [[Double]] {
    let (x, t) = (grid.points, grid.times)
    switch self {
    case .periodicShift: return x.map { x in t.map { t in self.initial(v, x - t) } }
    case .initialProfile:
      return grid.box(speed: x.map { _ in 1 }, initial: x.map { initial(v, $0) }, inflow: t.map { _ in 0 })
    case .variableSpeed:
      return grid.box(speed: x.map { 1 + 0.1 * v($0) }, initial: x.map { initial(v, $0) }, inflow: t.map { sin(.pi * $0) })
    case .periodicSpeed:
      return grid.periodic(speed: x.map { 1 + 0.05 * (v($0) + v(1 - $0)) }, initial: x.map { initial(v, $0) })
    case .diffusing: return grid.diffusing(initial: x.map { initial(v, $0) })
    }
  }

  /// s(x, 0).
  public func initial(_ v: SampledFunction, _ x: Double) -> Double {
    switch self {
    case .periodicShift, .diffusing:
      let sine = sin(.pi * x)
      return v(min(max(sine * sine, 0), 1))
    case .initialProfile: return x * v(x)
    case .variableSpeed: return x * x
    case .periodicSpeed: return sin(2 * .pi * x)
    }
  }

  /// What the branch sees.
  func seen(_ v: SampledFunction, _ x: Double) -> Double {
    switch self {
    case .periodicShift, .diffusing: initial(v, x)
    case .initialProfile, .variableSpeed, .periodicSpeed: v(x)
    }
  }
}

extension FunctionOperator {
  /// u(x) to s(x, t) with s_t = D s_xx + k s^2 + u, on a grid of `sensors` points and `times` times; places are random points of the grid.
  public static func diffusionReaction(
    _ space: any FunctionSpace, sensors: Int = 100, times: Int = 100, diffusion: Double = 0.01, rate: Double = 0.01, duration: Double = 1
  ) -> FunctionOperator {
    let solver = AdvectionDiffusionReaction.quadratic(
      diffusion: diffusion, rate: rate, duration: duration, spaceCount: sensors, timeCount: times)
    return onGrid(space, points: solver.points, times: solver.times, seen: { $0($1) }) { u, points in
      let values = points.map { u($0) }
      // The source does not depend on time.
      return solver.solve { point, _ in values[point] }
    }
  }

  public static func transport(
    _ problem: TransportProblem, _ space: any FunctionSpace, sensors: Int = 100, times: Int = 100, duration: Double = 1
  ) -> FunctionOperator {
    let grid = Advection(spaceCount: sensors, timeCount: times, duration: duration)
    return onGrid(space, points: grid.points, times: grid.times, seen: { problem.seen($0, $1) }) { v, _ in problem.solve(v, on: grid) }
  }

  private static func onGrid(
    _ space: any FunctionSpace, points: [Double], times: [Double], seen: @escaping @Sendable (SampledFunction, Double) -> Double,
    solve: @escaping @Sendable (SampledFunction, [Double]) -> [[Double]]
  ) -> FunctionOperator {
    let (h, step) = (points[1] - points[0], times[1] - times[0])
    return FunctionOperator(
      space, sensors: points, queryDimension: 2, seen: seen,
      draw: { count, random in
        (0..<count).map { _ in [points[random.integer(below: points.count)], times[random.integer(below: times.count)]] }
      },
      evaluate: { u, queries in
        let solution = solve(u, points)
        return queries.map { solution[Int((($0[0] - points[0]) / h).rounded())][Int(($0[1] / step).rounded())] }
      })
  }
}
