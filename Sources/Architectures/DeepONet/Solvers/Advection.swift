import Foundation

/// s_t + a(x) s_x = 0 on [0, 1] x [0, T], on a grid of points and times.
public struct Advection: Sendable, Hashable, Codable {
  public var spaceCount: Int
  public var timeCount: Int
  public var duration: Double

  public init(spaceCount: Int, timeCount: Int, duration: Double = 1) {
    precondition(
      spaceCount >= 4 && timeCount >= 2 && duration > 0,
      "Advection: \(spaceCount) x \(timeCount) points over a time of \(duration); at least 4 x 2 and a positive time are needed")
    self.spaceCount = spaceCount
    self.timeCount = timeCount
    self.duration = duration
  }

  public var points: [Double] { evenlySpaced(spaceCount, in: 0...1) }
  public var times: [Double] { evenlySpaced(timeCount, in: 0...duration) }
  private var spacing: Double { 1 / Double(spaceCount - 1) }
  private var step: Double { duration / Double(timeCount - 1) }

  /// With inflow on the left, by the box scheme of Wendroff (1960), second order. Along x it uses the new value of the left neighbour.
  /// - Parameters:
  ///   - speed: a at the points, positive.
  ///   - initial: s(x, 0) at the points.
  ///   - inflow: s(0, t) at the times.
  /// - Returns: s, a row of times for each point.
  public func box(speed: [Double], initial: [Double], inflow: [Double]) -> [[Double]] {
    let ratio = step / spacing
    var s = initial.map { [$0] + [Double](repeating: 0, count: timeCount - 1) }
    s[0] = inflow
    let factors = zip(speed, speed.dropFirst()).map { left, right in
      let mean = (left + right) / 2
      return (1 - mean * ratio) / (1 + mean * ratio)
    }
    for n in 0..<timeCount - 1 {
      for j in 0..<spaceCount - 1 { s[j + 1][n + 1] = s[j][n] + factors[j] * (s[j + 1][n] - s[j][n + 1]) }
    }
    return s
  }

  /// With period 1: (I + R + D) s' = (I + R - D) s on the points 1 ... N - 1, R the cyclic shift and D = (step / spacing) diag(a) (I - R).
  public func periodic(speed: [Double], initial: [Double]) -> [[Double]] {
    let count = spaceCount - 1
    let ratio = step / spacing
    let d = zip(speed, speed.dropFirst()).map { ratio * ($0 + $1) / 2 }
    var state = Array(initial.dropFirst())
    var s = initial.map { [$0] }
    for _ in 1..<timeCount {
      let right = (0..<count).map { i in (1 - d[i]) * state[i] + (1 + d[i]) * state[(i + count - 1) % count] }
      // (1 + d_i) s'_i + (1 - d_i) s'_{i-1} = right: two diagonals and a corner.
      state = TridiagonalSystem(
        lower: d.map { 1 - $0 }, diagonal: d.map { 1 + $0 }, upper: .init(repeating: 0, count: count)
      ).solveCyclic(right)
      s[0].append(state[count - 1])
      for i in 0..<count { s[i + 1].append(state[i]) }
    }
    return s
  }

  /// With diffusion and period 1, s_t + s_x - D s_xx = 0: Crank and Nicolson's scheme in sub-steps.
  public func diffusing(_ diffusion: Double = 0.1, initial: [Double], substeps: Int = 10) -> [[Double]] {
    let count = spaceCount - 1
    let short = step / Double(substeps)
    let (courant, spread) = (short / spacing, diffusion * short / (spacing * spacing))
    let (below, middle, above) = (-(courant / 4 + spread / 2), 1 + spread, courant / 4 - spread / 2)
    let system = TridiagonalSystem(
      lower: .init(repeating: below, count: count), diagonal: .init(repeating: middle, count: count),
      upper: .init(repeating: above, count: count))
    var state = Array(initial.dropFirst())
    var s = initial.map { [$0] }
    for _ in 1..<timeCount {
      for _ in 0..<substeps {
        let right = (0..<count).map { i in
          (2 - middle) * state[i] - below * state[(i + count - 1) % count] - above * state[(i + 1) % count]
        }
        state = system.solveCyclic(right)
      }
      s[0].append(state[count - 1])
      for i in 0..<count { s[i + 1].append(state[i]) }
    }
    return s
  }
}
