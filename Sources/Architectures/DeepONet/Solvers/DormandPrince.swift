import Foundation

/// Explicit Runge-Kutta of order 5 with an error estimate of order 4 and steps of adapted length (Dormand and Prince, 1980), and values between the
/// steps of order 4.
public struct DormandPrince: Sendable, Hashable, Codable {
  public var relativeTolerance: Double
  public var absoluteTolerance: Double

  /// The paper used 1e-3 and 1e-6.
  public init(relativeTolerance: Double = 1e-8, absoluteTolerance: Double = 1e-10) {
    self.relativeTolerance = relativeTolerance
    self.absoluteTolerance = absoluteTolerance
  }

  private static func fractions(_ parts: [(Double, Double)]) -> [Double] { parts.map { $0.0 / $0.1 } }

  private static let nodes: [Double] = [0, 0.2, 0.3, 0.8, 8 / 9, 1, 1]
  private static let stages: [[Double]] = [
    [], fractions([(1, 5)]), fractions([(3, 40), (9, 40)]), fractions([(44, 45), (-56, 15), (32, 9)]),
    fractions([(19372, 6561), (-25360, 2187), (64448, 6561), (-212, 729)]),
    fractions([(9017, 3168), (-355, 33), (46732, 5247), (49, 176), (-5103, 18656)]),
    fractions([(35, 384), (0, 1), (500, 1113), (125, 192), (-2187, 6784), (11, 84)]),
  ]
  private static let errors = fractions([(71, 57600), (0, 1), (-71, 16695), (71, 1920), (-17253, 339200), (22, 525), (-1, 40)])
  /// Of the values between steps (Shampine, 1986).
  private static let dense: [[Double]] = [
    fractions([(1, 1), (-8048581381, 2820520608), (8663915743, 2820520608), (-12715105075, 11282082432)]),
    fractions([(0, 1), (0, 1), (0, 1), (0, 1)]),
    fractions([(0, 1), (131558114200, 32700410799), (-68118460800, 10900136933), (87487479700, 32700410799)]),
    fractions([(0, 1), (-1754552775, 470086768), (14199869525, 1410260304), (-10690763975, 1880347072)]),
    fractions([(0, 1), (127303824393, 49829197408), (-318862633887, 49829197408), (701980252875, 199316789632)]),
    fractions([(0, 1), (-282668133, 205662961), (2019193451, 616988883), (-1453857185, 822651844)]),
    fractions([(0, 1), (40617522, 29380423), (-110615467, 29380423), (69997945, 29380423)]),
  ]

  /// The solution of y' = f(t, y) at given times.
  /// - Parameters:
  ///   - start: t_0 and y(t_0).
  ///   - times: ascending, none before t_0.
  ///   - maximumStep: no step is longer; a right-hand side with details needs it.
  /// - Returns: y at each of the times.
  public func solve(
    from start: (time: Double, state: [Double]), at times: [Double], maximumStep: Double = .infinity,
    _ f: (_ time: Double, _ state: [Double]) -> [Double]
  ) -> [[Double]] {
    guard let end = times.last else { return [] }
    precondition(
      zip(times, times.dropFirst()).allSatisfy { $0 <= $1 } && times[0] >= start.time,
      "DormandPrince: times must ascend from \(start.time) on")
    var (time, state) = start
    var results: [[Double]] = []
    while results.count < times.count, times[results.count] <= time { results.append(state) }
    var slope = f(time, state)
    var step = min(initialStep(end - time, state, slope), maximumStep)
    while results.count < times.count {
      step = min(step, maximumStep)
      let length = min(step, end - time)
      var slopes = [slope]
      var next = state
      for stage in 1..<7 {
        next = state
        for (previous, weight) in Self.stages[stage].enumerated() where weight != 0 {
          for i in next.indices { next[i] += length * weight * slopes[previous][i] }
        }
        slopes.append(f(time + Self.nodes[stage] * length, next))
      }
      let error = self.error(slopes, length, state, next)
      guard error <= 1 else {
        step = length * max(0.2, 0.9 * pow(error, -0.2))
        precondition(step > abs(time) * 1e-15 + 1e-300, "DormandPrince: the steps vanish at t = \(time); the solution has a pole there")
        continue
      }
      let reached = length < step || time + length >= end ? min(time + length, end) : time + length
      while results.count < times.count, times[results.count] <= reached {
        results.append(between(state, slopes, length, (times[results.count] - time) / length))
      }
      (time, state, slope) = (reached, next, slopes[6])
      step = length * (error == 0 ? 10 : min(10, max(0.2, 0.9 * pow(error, -0.2))))
      if time >= end { while results.count < times.count { results.append(state) } }
    }
    return results
  }

  private func initialStep(_ whole: Double, _ state: [Double], _ slope: [Double]) -> Double {
    let scale = state.map { absoluteTolerance + relativeTolerance * abs($0) }
    func size(_ values: [Double]) -> Double {
      (zip(values, scale).reduce(0) { $0 + ($1.0 / $1.1) * ($1.0 / $1.1) } / Double(max(values.count, 1))).squareRoot()
    }
    let (own, change) = (size(state), size(slope))
    return min(whole, own < 1e-5 || change < 1e-5 ? 1e-6 : 0.01 * own / change)
  }

  private func error(_ slopes: [[Double]], _ length: Double, _ state: [Double], _ next: [Double]) -> Double {
    var sum = 0.0
    for i in state.indices {
      let error = length * (0..<7).reduce(0) { $0 + Self.errors[$1] * slopes[$1][i] }
      let scale = absoluteTolerance + relativeTolerance * max(abs(state[i]), abs(next[i]))
      sum += (error / scale) * (error / scale)
    }
    return (sum / Double(max(state.count, 1))).squareRoot()
  }

  private func between(_ state: [Double], _ slopes: [[Double]], _ length: Double, _ share: Double) -> [Double] {
    state.indices.map { i in
      var sum = 0.0
      for stage in 0..<7 {
        let weights = Self.dense[stage]
        sum += slopes[stage][i] * share * (weights[0] + share * (weights[1] + share * (weights[2] + share * weights[3])))
      }
      return state[i] + length * sum
    }
  }
}
