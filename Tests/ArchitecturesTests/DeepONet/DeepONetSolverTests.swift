import Architectures
import Foundation
import Tensors
import Testing

@Suite("DeepONet: solvers") struct DeepONetSolverTests {
  /// s = t x (1 - x) with D = k = 1 (acceptance 2 of the specification).
  private func reactionError(_ count: Int) -> Double {
    let solver = AdvectionDiffusionReaction.quadratic(diffusion: 1, rate: 1, spaceCount: count, timeCount: count)
    let (x, t) = (solver.points, solver.times)
    let solution = solver.solve { point, time in
      let (x, t) = (x[point], t[time])
      let profile = x - x * x
      return x * (1 - x) + 2 * t - t * t * profile * profile
    }
    var worst = 0.0
    for (i, x) in x.enumerated() { for (j, t) in t.enumerated() { worst = max(worst, abs(solution[i][j] - t * x * (1 - x))) } }
    return worst
  }

  @Test func `reaction and diffusion, by a solution made up`() {
    #expect(reactionError(100) < 1e-4)
    #expect(reactionError(21) / reactionError(41) > 1.8)
  }

  /// -(v s)_x, kappa(x) and g together, by a solution made up: s = sin(pi x) exp(-t).
  @Test func `variable diffusion and velocity`() {
    func error(_ count: Int) -> Double {
      let solver = AdvectionDiffusionReaction(
        spaceCount: count, timeCount: count, diffusion: { 1 + 0.5 * $0 }, velocity: { 0.3 + $0 }, reaction: { sin($0) },
        reactionDerivative: { cos($0) })
      let (x, t) = (solver.points, solver.times)
      let solution = solver.solve(initial: { sin(.pi * $0) }) { point, time in
        let (x, decay) = (x[point], exp(-t[time]))
        let (s, sx) = (sin(.pi * x) * decay, .pi * cos(.pi * x) * decay)
        let sxx = -.pi * .pi * s
        return -s - (0.5 * sx + (1 + 0.5 * x) * sxx) + (s + (0.3 + x) * sx) - sin(s)
      }
      var worst = 0.0
      for (i, x) in x.enumerated() { worst = max(worst, abs(solution[i].last! - sin(.pi * x) * exp(-1))) }
      return worst
    }
    let (coarse, fine) = (error(26), error(51))
    #expect(fine < 2e-3 && (3...5.5).contains(coarse / fine), "\(coarse), \(fine)")
  }

  /// s = (2 pi (x - t))^5: the error falls to a quarter when both grids are halved.
  @Test func `the box scheme is of second order`() {
    func exact(_ x: Double, _ t: Double) -> Double { pow(2 * .pi * (x - t), 5) }
    func error(_ count: Int) -> Double {
      let grid = Advection(spaceCount: count, timeCount: 2 * count - 1)
      let solution = grid.box(
        speed: grid.points.map { _ in 1 }, initial: grid.points.map { exact($0, 0) }, inflow: grid.times.map { exact(0, $0) })
      return grid.points.indices.map { abs(solution[$0].last! - exact(grid.points[$0], 1)) }.max()!
    }
    let ratio = error(41) / error(81)
    #expect((3.5...4.5).contains(ratio), "\(ratio)")
  }

  @Test func `transport with a period`() throws {
    let grid = Advection(spaceCount: 201, timeCount: 201)
    let wave = grid.points.map { sin(2 * .pi * $0) }
    // With speed 1, one period later everything is where it was.
    let carried = grid.periodic(speed: wave.map { _ in 1 }, initial: wave)
    #expect(grid.points.indices.allSatisfy { abs(carried[$0].last! - wave[$0]) < 1e-2 })
    let spread = grid.diffusing(0.1, initial: wave)
    let decay = exp(-0.1 * 4 * .pi * .pi)
    #expect(grid.points.indices.allSatisfy { abs(spread[$0].last! - decay * wave[$0]) < 2e-3 })
    for solution in [carried, spread] { #expect(zip(solution[0], solution[200]).allSatisfy { abs($0 - $1) < 1e-12 }) }

    let v = SampledFunction(on: 0...1) { $0 }
    let shifted = TransportProblem.periodicShift.solve(v, on: Advection(spaceCount: 11, timeCount: 11))
    #expect(abs(shifted[3][5] - pow(sin(.pi * (0.3 - 0.5)), 2)) < 1e-12)
  }

  /// D^alpha (x + 1)^1.58 on the whole grid of places and orders.
  @Test func `the fractional derivative of a power`() {
    let derivative = CaputoDerivative()
    var (wrong, whole) = (0.0, 0.0)
    for y in evenlySpaced(10, in: -0.99...0.99) {
      for alpha in evenlySpaced(10, in: 0.01...0.99) {
        let exact = tgamma(2.58) / tgamma(2.58 - alpha) * pow(y + 1, 1.58 - alpha)
        let found = derivative({ pow($0 + 1, 1.58) }, at: y, order: alpha)
        wrong += (found - exact) * (found - exact)
        whole += exact * exact
      }
    }
    #expect((wrong / whole).squareRoot() < 5e-3)
    let powers = Legendre.powersAroundLeftEnd([0.5, -1, 0.25, 2])
    for x in [-0.7, 0.1, 0.9] {
      let direct = powers.reversed().reduce(0) { $0 * (x + 1) + $1 }
      #expect(abs(direct - Legendre.sum([0.5, -1, 0.25, 2], at: x)) < 1e-12)
    }
  }

  @Test func `ordinary equations`() {
    // s' = cos t, s'' = ...: exact solutions.
    let times = [0, 0.1, 0.5, 0.5, 1.3, 2]
    let sine = OrdinaryEquation.antiderivative.solve({ cos($0) }, at: times).map { $0[0] }
    for (t, s) in zip(times, sine) { #expect(abs(s - sin(t)) < 1e-8) }
    // s' = 1 - s^2 from 0 is tanh t.
    let tanhs = OrdinaryEquation.nonlinear.solve({ _ in 1 }, at: times).map { $0[0] }
    for (t, s) in zip(times, tanhs) { #expect(abs(s - tanh(t)) < 1e-7) }
    // Without force a pendulum at rest stays.
    let still = OrdinaryEquation.pendulum.solve({ _ in 0 }, at: times)
    #expect(still.allSatisfy { $0 == [0, 0] })
    let driven = OrdinaryEquation.pendulum.solve({ t in 2 + sin(t * t) }, at: times)
    #expect(zip(driven, times).allSatisfy { state, t in t > 0 || state == [0, 0] } && driven.last![0] > 0.5)
    // Dense output: a time within a step agrees with a run that ends there.
    let alone = OrdinaryEquation.pendulum.solve({ t in 2 + sin(t * t) }, at: [1.3])[0]
    #expect(zip(alone, driven[4]).allSatisfy { abs($0 - $1) < 1e-7 })
  }

  @Test func `stochastic equations`() {
    // E exp of the integral of k is exp(var / 2), the variance being the double integral of the covariance.
    let l = 1.4
    let points = evenlySpaced(401, in: 0...0.8)
    let h = points[1] - points[0]
    var variance = 0.0
    for (i, x) in points.enumerated() {
      for (j, y) in points.enumerated() {
        let weight = (i == 0 || i == 400 ? 0.5 : 1) * (j == 0 || j == 400 ? 0.5 : 1)
        variance += weight * exp(-abs(x - y) / l) * h * h
      }
    }
    #expect(abs(StochasticOperator.meanGrowth(at: 0.8, length: l) - exp(variance / 2)) < 1e-4)
    // b = 0: -s'' = 10, s = 5 x (1 - x).
    let grid = evenlySpaced(101, in: 0...1)
    let solution = StochasticOperator.elliptic(grid.map { _ in 0 }, on: grid, force: 10)
    for (x, s) in zip(grid, solution) { #expect(abs(s - 5 * x * (1 - x)) < 1e-9) }
    // -(e^b s')' = f holds for another b: differences of the flux give the force.
    let b = grid.map { 0.3 * sin(3 * $0) }
    let other = StochasticOperator.elliptic(b, on: grid, force: 10)
    let flux = (0..<100).map { exp((b[$0] + b[$0 + 1]) / 2) * (other[$0 + 1] - other[$0]) * 100 }
    for i in 1..<100 { #expect(abs(-(flux[i] - flux[i - 1]) * 100 - 10) < 2e-2) }
    #expect(other[0] == 0 && abs(other[100]) < 1e-12)
  }

  @Test func `the Legendre transform`() throws {
    let family = FunctionOperator.legendreTransform(try RandomPolynomials(.legendre), sensors: 10)
    let function = try RandomPolynomials(.legendre).function([0.5, -1, 0, 2])
    // Orthogonality: the integral of P_n^2 is 2 / (2n + 1).
    let found = family.values(of: function, at: [[0], [1], [2], [3], [7]])
    for (value, expected) in zip(found, [1, -2.0 / 3, 0, 4.0 / 7, 0]) { #expect(abs(value - expected) < 1e-9) }
  }

  /// A reference of another program: u_t = 0.001 u_xx + 5 (u - u^3) on [-1, 1] with u = -1 at both ends, for which w = u + 1 vanishes there.
  @Test func `Allen and Cahn's equation as others solve it`() throws {
    let url = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../../../shared/data/pde-reference/allen_cahn.csv.gz").standardizedFileURL
    guard FileManager.default.fileExists(atPath: url.path) else {
      print("the reference \(url.lastPathComponent) is absent; nothing was compared")
      return
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["gzip", "-dc", url.path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    let rows = text.split(separator: "\n").dropFirst().map { $0.split(separator: ",").map { Double($0)! } }
    let solver = AdvectionDiffusionReaction(
      on: -1...1, spaceCount: 401, timeCount: 2001, diffusion: { _ in 0.001 }, reaction: { w in 5 * ((w - 1) - pow(w - 1, 3)) },
      reactionDerivative: { w in 5 * (1 - 3 * pow(w - 1, 2)) })
    let solution = solver.solve(initial: { $0 * $0 * cos(.pi * $0) + 1 }) { _, _ in 0 }
    var worst = 0.0
    for row in rows {
      let (i, j) = ((row[1] + 1) * 200, row[0] * 2000)
      guard abs(i - i.rounded()) < 1e-6, abs(j - j.rounded()) < 1e-6 else { continue }
      worst = max(worst, abs(solution[Int(i.rounded())][Int(j.rounded())] - 1 - row[2]))
    }
    #expect(rows.count > 20_000 && worst < 1e-2, "\(worst)")
  }
}
