/// s_t = (kappa(x) s_x)_x - (v(x) s)_x + g(s) + f(x, t) with s = 0 at both ends: Crank and Nicolson's scheme with the reaction linearised around
/// the last step, one tridiagonal system a step. Second order in space and time.
public struct AdvectionDiffusionReaction: Sendable {
  public var domain: ClosedRange<Double>
  public var duration: Double
  /// Points in space, ends included, and in time, start included.
  public var spaceCount: Int
  public var timeCount: Int
  public var diffusion: @Sendable (Double) -> Double
  public var velocity: @Sendable (Double) -> Double
  public var reaction: @Sendable (Double) -> Double
  public var reactionDerivative: @Sendable (Double) -> Double

  public init(
    on domain: ClosedRange<Double> = 0...1, duration: Double = 1, spaceCount: Int, timeCount: Int,
    diffusion: @escaping @Sendable (Double) -> Double, velocity: @escaping @Sendable (Double) -> Double = { _ in 0 },
    reaction: @escaping @Sendable (Double) -> Double = { _ in 0 }, reactionDerivative: @escaping @Sendable (Double) -> Double = { _ in 0 }
  ) {
    precondition(
      spaceCount >= 3 && timeCount >= 2 && duration > 0,
      "AdvectionDiffusionReaction: \(spaceCount) x \(timeCount) points over a time of \(duration); at least 3 x 2 and a positive time are needed"
    )
    self.domain = domain
    self.duration = duration
    self.spaceCount = spaceCount
    self.timeCount = timeCount
    self.diffusion = diffusion
    self.velocity = velocity
    self.reaction = reaction
    self.reactionDerivative = reactionDerivative
  }

  /// s_t = D s_xx + k s^2 + u(x) on [0, 1], from 0: the paper's example, with D = k = 0.01.
  public static func quadratic(
    diffusion: Double = 0.01, rate: Double = 0.01, duration: Double = 1, spaceCount: Int, timeCount: Int
  ) -> AdvectionDiffusionReaction {
    AdvectionDiffusionReaction(
      duration: duration, spaceCount: spaceCount, timeCount: timeCount, diffusion: { _ in diffusion }, reaction: { rate * $0 * $0 },
      reactionDerivative: { 2 * rate * $0 })
  }

  public var points: [Double] { evenlySpaced(spaceCount, in: domain) }
  public var times: [Double] { evenlySpaced(timeCount, in: 0...duration) }

  /// - Parameters:
  ///   - initial: s(x, 0).
  ///   - source: f at a point's number and a time's number.
  /// - Returns: s, a row of `timeCount` values for each point.
  public func solve(initial: (Double) -> Double = { _ in 0 }, source: (_ point: Int, _ time: Int) -> Double) -> [[Double]] {
    let x = points
    let h = x[1] - x[0]
    let square = h * h
    let step = duration / Double(timeCount - 1)
    let kappa = x.map(diffusion)
    let v = x.map(velocity)
    let inner = spaceCount - 2

    // Rows of M + V, all multiplied by 8 h^2: M s ~ -4 h^2 (kappa s_x)_x and V s ~ 4 h^2 (v s)_x.
    var operatorRows = TridiagonalSystem(
      lower: .init(repeating: 0, count: inner), diagonal: .init(repeating: 0, count: inner), upper: .init(repeating: 0, count: inner))
    for i in 0..<inner {
      let p = i + 1
      let slope = kappa[p + 1] - kappa[p - 1]
      operatorRows.lower[i] = slope - 4 * kappa[p] - 2 * h * v[p]
      operatorRows.diagonal[i] = 8 * kappa[p] + 2 * h * (v[p + 1] - v[p - 1])
      operatorRows.upper[i] = -slope - 4 * kappa[p] + 2 * h * v[p]
    }
    let inertia = 8 * square / step

    var solution = x.map { _ in [Double](repeating: 0, count: timeCount) }
    for p in 0..<spaceCount { solution[p][0] = initial(x[p]) }
    for n in 0..<timeCount - 1 {
      let state = (1...inner).map { solution[$0][n] }
      var system = operatorRows
      var right = [Double](repeating: 0, count: inner)
      for i in 0..<inner {
        let linear = 4 * square * reactionDerivative(state[i])
        system.diagonal[i] += inertia - linear
        let below = i > 0 ? operatorRows.lower[i] * state[i - 1] : 0
        let above = i + 1 < inner ? operatorRows.upper[i] * state[i + 1] : 0
        right[i] =
          (inertia - linear - operatorRows.diagonal[i]) * state[i] - below - above
          + 8 * square * ((source(i + 1, n) + source(i + 1, n + 1)) / 2 + reaction(state[i]))
      }
      for (i, value) in system.solve(right).enumerated() { solution[i + 1][n + 1] = value }
    }
    return solution
  }
}
