import Foundation
import Lens
import Testing

@Suite struct InformationBottleneckTests {
  /// Eight inputs, noisy.
  private static func example() throws -> InformationBottleneck {
    let rows = [0.02, 0.1, 0.25, 0.4, 0.6, 0.8, 0.9, 0.97].map { [1 - $0, $0] }
    return InformationBottleneck(try JointDistribution(uniformInputs: rows))
  }

  @Test func `solutions fulfil the equations, and no iteration raises the Lagrangian`() throws {
    let bottleneck = try Self.example()
    let curve = try bottleneck.curve(betas: InformationBottleneck.logarithmicBetas(count: 12, from: 1.5, to: 300))
    for solution in curve {
      #expect(solution.residual < 1e-8, "beta \(solution.beta): \(solution.residual) after \(solution.iterations)")
      #expect(solution.largestRise <= 1e-12, "beta \(solution.beta): \(solution.largestRise)")
    }
    // Rising, concave, ending at I(X;Y).
    let points = curve.reversed().map(\.information)
    #expect(abs(points.last!.aboutLabel - bottleneck.distribution.information) < 1e-3)
    var slope = Double.infinity
    for (a, b) in zip(points, points.dropFirst()) where b.aboutInput - a.aboutInput > 1e-6 {
      let next = (b.aboutLabel - a.aboutLabel) / (b.aboutInput - a.aboutInput)
      #expect(next >= -1e-9 && next <= slope + 1e-6)
      slope = next
    }
  }

  @Test func `with beta below one nothing is kept`() throws {
    let bottleneck = try Self.example()
    let start: [[Double]] = (0..<8).map { x in (0..<8).map { t -> Double in t == x ? 0.65 : 0.05 } }
    let information = try bottleneck.solve(beta: 0.9, from: start).information
    #expect(information.aboutInput < 1e-6 && information.aboutLabel < 1e-6)
    #expect(throws: InformationError.self) { try bottleneck.solve(beta: 0) }
  }

  @Test func `a deterministic rule is a line, which the squared Lagrangian traces`() throws {
    let rule = try JointDistribution(uniformInputs: SymmetricRule.labels.map { $0 == 1 ? [0, 1] : [1, 0] })
    let merged = rule.merged().distribution
    #expect(merged.inputs.count == 2 && abs(merged.information - 0.99916) < 5e-6)
    let bottleneck = InformationBottleneck(merged)
    for beta in [1.5, 20] {
      let corner = try bottleneck.solve(beta: beta).information
      #expect(abs(corner.aboutInput - 0.99916) < 1e-4 && abs(corner.aboutLabel - 0.99916) < 1e-4)
    }
    // Also from far off: near the end of the line, and with next to nothing kept.
    let starts: [[[Double]]?] = [
      nil, [[0.6, 0.4], [0.2, 0.8]], [[1 - 1e-9, 1e-9], [1e-9, 1 - 1e-9]], [[0.51, 0.49], [0.49, 0.51]],
    ]
    for b in [0.5, 0.65, 0.75, 0.8, 0.9, 1.0, 1.2, 1.5, 2, 5, 20] {
      // The optimum of x - b x² is x = 1 / (2 b) nats, or the end of the line.
      let expected = min(1 / (2 * b) / log(2), merged.information)
      for start in starts {
        let solution = try bottleneck.squared(weight: b, from: start)
        #expect(
          abs(solution.information.aboutInput - expected) < 1e-6 && abs(solution.information.aboutLabel - expected) < 1e-6,
          "b = \(b): \(solution.information), expected \(expected) after \(solution.iterations)")
        #expect(solution.residual < 1e-8 && solution.largestRise <= 1e-12, "b = \(b): \(solution.residual), \(solution.largestRise)")
      }
    }
  }

  @Test func `the squared Lagrangian of a noisy rule ends in solutions of the plain one`() throws {
    let bottleneck = try Self.example()
    for b in [0.3, 1, 4] {
      let solution = try bottleneck.squared(weight: b)
      #expect(solution.residual < 1e-8 && solution.largestRise <= 1e-12, "b = \(b): \(solution.residual), \(solution.largestRise)")
      // At an optimum the slope of the curve, 1 / beta, is that of b I².
      let beta = 1 / (2 * b * solution.information.aboutInput * log(2))
      let plain = try bottleneck.solve(beta: beta, from: solution.encoder)
      #expect(abs(plain.information.aboutInput - solution.information.aboutInput) < 1e-6, "b = \(b)")
    }
  }

  @Test func `leaps end where plain rounds do, in fewer of them`() throws {
    let bottleneck = try Self.example()
    for beta in [2.0, 4, 30] {
      var plain = bottleneck.identityEncoder
      for _ in 0..<20_000 { plain = bottleneck.step(plain, beta: beta) }
      let solution = try bottleneck.solve(beta: beta)
      let expected = bottleneck.measures(of: plain, beta: beta)
      #expect(solution.residual < 1e-10 && solution.iterations < 10_000, "\(beta): \(solution.residual), \(solution.iterations)")
      #expect(abs(solution.information.aboutInput - expected.information.aboutInput) < 1e-6, "\(beta)")
      #expect(solution.lagrangian <= expected.lagrangian + 1e-12, "\(beta)")
    }
  }

  @Test func `the noisy rule has many levels, and symmetric patterns share them`() throws {
    let rule = try SphericalRule(steepness: 1.5)
    let orbits = SymmetricRule.orbits()
    for pattern in 0..<4096 { #expect(abs(rule.power[pattern] - rule.power[orbits[pattern]]) < 1e-9) }
    let labels = rule.labels
    #expect(abs(labels.reduce(0) { $0 + $1[1] } / 4096 - 0.5) < 1e-6)
    let joint = try JointDistribution(uniformInputs: labels)
    let levels = joint.merged(tolerance: 1e-9)
    #expect(levels.distribution.inputs.count >= 30, "\(levels.distribution.inputs.count)")
    #expect(abs(levels.distribution.information - joint.information) < 1e-8)
    // The angles between neighbours are those of the icosahedron.
    for vertex in 0..<12 {
      for other in SymmetricRule.neighbours[vertex] {
        let cosine = zip(SphericalRule.icosahedron[vertex], SphericalRule.icosahedron[other]).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(abs(cosine - 1 / 5.0.squareRoot()) < 1e-12)
      }
    }
  }

  @Test func `a layer that is an optimum finds its own beta, and lies on the curve`() throws {
    // Hard clusters of an almost deterministic rule: any large beta fits; a wrong partition does not.
    let rows = (0..<64).map { $0 % 2 == 0 ? [0.99, 0.01] : [0.01, 0.99] }
    let betas = InformationBottleneck.logarithmicBetas(count: 20, from: 0.5, to: 100)
    let good = try LayerOptimality(states: (0..<64).map { $0 % 2 }, labels: rows, betas: betas)
    let bad = try LayerOptimality(states: (0..<64).map { $0 / 2 % 2 }, labels: rows, betas: betas)
    #expect(good.residual < 1e-3 && good.beta > 5 && bad.residual > 0.5, "\(good), \(bad)")
    let curve = [LayerInformation(aboutInput: 1, aboutLabel: 0.5), LayerInformation(aboutInput: 2, aboutLabel: 0.8)]
    #expect(abs(LayerOptimality.distance(of: .init(aboutInput: 1.5, aboutLabel: 0.6), below: curve) - 0.05) < 1e-12)
    #expect(abs(LayerOptimality.distance(of: .init(aboutInput: 5, aboutLabel: 0.6), below: curve) - 0.2) < 1e-12)
  }
}
