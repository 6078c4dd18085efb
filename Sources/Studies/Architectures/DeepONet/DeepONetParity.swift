import Architectures
import Foundation
import Layers
import Tensors

/// Runs the library on the inputs and parameters of a parity case, in double precision, and compares what comes out.
package struct DeepONetParity {
  private struct Configuration: Decodable {
    var m, d, w, p, B: Int
    var act: String
    var Ng: Int
    var l: Double
    var Nx, Nt: Int
    var D, k, amp: Double
    var ode: [Double]
    var deg: Int
  }

  private var parity: Parity
  private let configuration: Configuration
  private let activation: Activation.Function

  private static let forward = 1e-5
  private static let backward = 1e-4

  package static func tensors(of file: SafetensorsFile) throws -> [ParityTensor] {
    var parity = try DeepONetParity(file)
    try parity.compareNetwork()
    try parity.compareStacked()
    try parity.compareField()
    try parity.comparePartial()
    try parity.compareOrdinary()
    try parity.compareCaputo()
    return parity.parity.tensors
  }

  private init(_ file: SafetensorsFile) throws {
    parity = Parity(file)
    func refused(_ found: String, _ expected: String) -> FileFormatError {
      FileFormatError(path: file.url.path, at: .field("__metadata__.config"), found: found, expected: expected)
    }
    guard let text = file.metadata["config"] else { throw refused("nothing", "the sizes of the case") }
    do { configuration = try JSONDecoder().decode(Configuration.self, from: Data(text.utf8)) } catch {
      throw refused(text, "m, d, w, p, B, act, Ng, l, Nx, Nt, D, k, amp, ode and deg")
    }
    let sizes = [configuration.m, configuration.d, configuration.w, configuration.p, configuration.B]
    guard sizes.allSatisfy({ (1...100_000).contains($0) }), configuration.Ng >= 4, configuration.Nx >= 5, configuration.Nt >= 2,
      configuration.ode.count == 3, configuration.deg >= 0
    else { throw refused(text, "sizes of at least 1, Ng >= 4, Nx >= 5, Nt >= 2, three numbers in ode") }
    switch configuration.act {
    case "relu": activation = .relu
    case "tanh": activation = .tanh
    case "sigmoid": activation = .sigmoid
    case "silu", "swish": activation = .silu
    case "gelu": activation = .gelu
    case "elu": activation = .elu()
    case "selu": activation = .selu
    default: throw refused("the activation \(configuration.act)", "relu, tanh, sigmoid, silu, gelu, elu or selu")
    }
  }

  // MARK: Networks

  private func double(_ name: String, _ shape: [Int]) throws -> Tensor { try parity.tensor(name, shape: shape).cast(to: .float64) }

  private func dense(_ name: String, _ inputs: Int, _ outputs: Int) throws -> Dense {
    Dense(weight: try double("\(name).weight", [outputs, inputs]).transposed(), bias: try double("\(name).bias", [outputs]))
  }

  private func trunk() throws -> Perceptron {
    let (d, w, p) = (configuration.d, configuration.w, configuration.p)
    return Perceptron(
      layers: [try dense("param.trunk.linears.0", d, w), try dense("param.trunk.linears.1", w, p)], activation: activation,
      activatesLast: true)
  }

  private func bias() throws -> Tensor { try double("param.b.0", []).reshaped(to: [1] as Shape) }

  private mutating func compareNetwork() throws {
    let (m, d, w, p, rows) = (configuration.m, configuration.d, configuration.w, configuration.p, configuration.B)
    let (u, y) = (try double("in.u", [rows, m]), try double("in.y", [rows, d]))
    let target = try double("in.target", [rows, 1])
    let branch = Perceptron(
      layers: [try dense("param.branch.linears.0", m, w), try dense("param.branch.linears.1", w, p)], activation: activation,
      activatesLast: false)
    let trunk = try trunk()
    let network = DeepONet(branch: branch, trunk: trunk, bias: try bias(), sensors: m, queryDimension: d)
    let prediction = network(u, at: y)
    let loss = meanSquaredError(prediction, targets: target)
    let named: [(String, Tensor, isMatrix: Bool)] =
      [("branch", branch), ("trunk", trunk)].flatMap { name, part in
        part.layers.enumerated().flatMap { index, layer in
          [("\(name).linears.\(index).weight", layer.weight.value, true), ("\(name).linears.\(index).bias", layer.bias!.value, false)]
        }
      } + [("in.u", u, false), ("in.y", y, false), ("b.0", network.bias!.value, false)]
    let gradients = loss.gradients(withRespectTo: named.map { $0.1 })
    // Every function at every place, of which the diagonal are the rows: both layouts give the same numbers.
    let grid = network.aligned(u, at: y).squeezed(2).diagonal()
    evaluate(gradients + [prediction, loss, grid])
    try parity.compare("out.G", prediction, tolerance: Self.forward)
    try parity.compare("out.G", grid.reshaped(to: [rows, 1] as Shape), tolerance: Self.forward)
    try parity.compare("out.mse", loss.reshaped(to: [1] as Shape), tolerance: Self.forward)
    for ((name, _, isMatrix), gradient) in zip(named, gradients) {
      let ours = name == "b.0" ? gradient.reshaped(to: Shape.scalar) : isMatrix ? gradient.transposed() : gradient
      try parity.compare("grad.\(name)", ours, tolerance: Self.backward)
    }
  }

  private mutating func compareStacked() throws {
    let (m, d, w, p, rows) = (configuration.m, configuration.d, configuration.w, configuration.p, configuration.B)
    let branch = StackedPerceptron(
      weights: [try double("param.stacked.W1", [p, m, w]), try double("param.stacked.W2", [p, w]).expandingShape(at: 2)],
      biases: [try double("param.stacked.b1", [p, w]), try double("param.stacked.b2", [p]).expandingShape(at: 1)], activation: activation)
    let network = DeepONet(branch: branch, trunk: try trunk(), bias: try bias(), sensors: m, queryDimension: d)
    try parity.compare(
      "out.stacked.G", network(try double("in.u", [rows, m]), at: try double("in.y", [rows, d])), tolerance: Self.forward)
  }

  // MARK: Data

  private mutating func compareField() throws {
    let count = configuration.Ng
    let noise = try double("in.grf.z", [count, -1])
    let matrix = Covariance.squaredExponential.matrix(evenlySpaced(count, in: 0...1), length: configuration.l)
    let lower = (matrix + Tensor.identity(count, dtype: .float64) * 1e-10).cholesky()
    try parity.compare("out.grf.f", lower.matmul(noise), tolerance: Self.forward)
  }

  private mutating func comparePartial() throws {
    let (nx, nt) = (configuration.Nx, configuration.Nt)
    func compare(_ name: String, _ solution: [[Double]]) throws {
      try parity.compare(name, Tensor(solution.flatMap { $0 }, shape: [nx, nt]), tolerance: Self.forward)
    }
    let source = try double("in.dr.u", [nx]).array(of: Double.self)
    let reaction = AdvectionDiffusionReaction.quadratic(
      diffusion: configuration.D, rate: configuration.k, spaceCount: nx, timeCount: nt)
    try compare("out.dr.s", reaction.solve { point, _ in source[point] })

    let general = AdvectionDiffusionReaction(
      on: -1...1, spaceCount: nx, timeCount: nt, diffusion: { 1 + $0 * $0 / 2 }, velocity: { _ in 1 }, reaction: { $0 * $0 * $0 },
      reactionDerivative: { 3 * $0 * $0 })
    let (points, times) = (general.points, general.times)
    try compare(
      "out.adr2.u", general.solve(initial: { ($0 + 1) * (1 - $0) }) { point, time in cos(points[point]) * exp(-times[time]) })

    let v = try double("in.adv.V", [nx]).array(of: Double.self)
    let grid = Advection(spaceCount: nx, timeCount: nt)
    let x = grid.points
    try compare("out.adv.II", grid.box(speed: x.map { _ in 1 }, initial: zip(x, v).map { $0 * $1 }, inflow: grid.times.map { _ in 0 }))
    try compare(
      "out.adv.III", grid.box(speed: v.map { 1 + 0.1 * $0 }, initial: x.map { $0 * $0 }, inflow: grid.times.map { sin(.pi * $0) }))
    try compare(
      "out.adv.IV", grid.periodic(speed: zip(v, v.reversed()).map { 1 + 0.1 * ($0 + $1) / 2 }, initial: x.map { sin(2 * .pi * $0) }))
    try compare("out.advdiff", grid.diffusing(initial: v))
  }

  private mutating func compareOrdinary() throws {
    let times = try double("in.ode.t", [-1]).array(of: Double.self)
    guard times.first ?? -1 >= 0, zip(times, times.dropFirst()).allSatisfy({ $0 <= $1 }) else {
      throw FileFormatError(path: parity.file.url.path, at: .field("in.ode.t"), found: "other times", expected: "ascending times from 0 on")
    }
    let (amplitude, frequency, offset) = (configuration.ode[0], configuration.ode[1], configuration.ode[2])
    func u(_ t: Double) -> Double { amplitude * sin(frequency * t) + offset }
    func solved(_ equation: OrdinaryEquation) -> [Double] { equation.solve(u, at: times).flatMap { $0 } }
    // Within 1e-6 of the given values, which are of the size of 1.
    let tolerance = 1e-6
    try parity.compare("out.ode.anti", Tensor(solved(.antiderivative)), tolerance: tolerance)
    try parity.compare("out.ode.nonlin", Tensor(solved(.nonlinear)), tolerance: tolerance)
    try parity.compare("out.ode.pend", Tensor(solved(.pendulum), shape: [times.count, 2]), tolerance: tolerance)
  }

  private mutating func compareCaputo() throws {
    let coefficients = try double("in.caputo.coef", [configuration.deg + 1]).array(of: Double.self)
    let derivative = CaputoDerivative(intervals: 1000)
    let (places, orders) = (evenlySpaced(10, in: -0.99...0.99), evenlySpaced(10, in: 0.01...0.99))
    let powers = Legendre.powersAroundLeftEnd(coefficients)
    let numeric = places.flatMap { y in orders.map { derivative({ Legendre.sum(coefficients, at: $0) }, at: y, order: $0) } }
    let exact = places.flatMap { y in orders.map { CaputoDerivative.exact(powers: powers, at: y, order: $0) } }
    try parity.compare("out.caputo.l1", Tensor(numeric, shape: [10, 10]), tolerance: Self.forward)
    try parity.compare("out.caputo.exact", Tensor(exact, shape: [10, 10]), tolerance: Self.forward)
  }
}
