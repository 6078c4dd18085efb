import Architectures
import Foundation
import Tensors
import Testing

@Suite struct HopfieldEnergyTests {
  /// 1,000 memories of 10 patterns in 8 dimensions.
  private let patterns: Tensor
  private let states: Tensor
  private let noise: Tensor

  init() {
    var random = RandomStream(seed: 11)
    patterns = Tensor.normal([1000, 10, 8], key: random.next(), dtype: .float64)
    states = Tensor.normal([1000, 1, 8], key: random.next(), dtype: .float64)
    noise = Tensor.normal([1000, 1, 8], key: random.next(), standardDeviation: 0.2, dtype: .float64)
    evaluate(patterns, states, noise)
  }

  @Test(arguments: [0.3, 1, 4]) func `energy never rises, stays within its bounds, and ends where its gradient is 0`(beta: Double) {
    let energy = HopfieldEnergy(patterns: patterns, inverseTemperature: beta)
    var state = states
    var last = energy(state)
    for _ in 0..<400 {
      state = energy.update(state)
      let next = energy(state)
      let rise = (next - last).max()
      evaluate(state, next, rise)
      #expect(rise.scalar(as: Double.self) <= 1e-9)
      last = next
    }
    // After one update a state is in the hull of the patterns.
    #expect(last.min().scalar(as: Double.self) >= -1e-12)
    #expect((last - energy.largestNorm.square() * 2).max().scalar(as: Double.self) <= 1e-12)
    let gradient = energy.gradient(state).norm(axes: [-1])
    // Nearly all rest by now; the slowest crawl past saddle points.
    #expect((gradient .< 1e-6).cast(to: .float64).mean().scalar(as: Double.self) > 0.97)
  }

  @Test func `a memory iterates to a point where the gradient vanishes`() throws {
    for seed in 0..<20 {
      let memory = try HopfieldMemory(patterns: patterns[seed], inverseTemperature: 2)
      let retrieval = try memory.retrieve(states[seed], tolerance: 1e-8)
      #expect(memory.energy.gradient(retrieval.states).norm(axes: [-1]).max().scalar(as: Double.self) < 1e-6)
      let energies = retrieval.energies.map { $0.scalar(as: Double.self) }
      #expect(energies.count == retrieval.updates + 1)
      for (a, b) in zip(energies, energies.dropFirst()) { #expect(b <= a + 1e-9) }
    }
  }

  @Test func `the gradient is the derivative of the energy, and the Jacobian that of the update`() {
    let energy = HopfieldEnergy(patterns: patterns[0], inverseTemperature: 1.5)
    let state = states[0]
    let automatic = energy(state).sum().gradients(withRespectTo: [state])[0]
    #expect((automatic - energy.gradient(state)).abs().max().scalar(as: Double.self) < 1e-12)
    let h = 1e-6
    let jacobian = energy.jacobian(state)[0]
    for axis in 0..<8 {
      let step = (Tensor.range(8, dtype: .float64) .== Double(axis)).cast(to: .float64).reshaped(to: [1, 8]) * h
      let slope = (energy(state + step) - energy(state - step)).scalar(as: Double.self) / (2 * h)
      #expect(abs(slope - energy.gradient(state)[0, axis].scalar(as: Double.self)) < 1e-7)
      let column = (energy.update(state + step) - energy.update(state - step))[0] * (1 / (2 * h))
      #expect((column - jacobian[.all, axis]).abs().max().scalar(as: Double.self) < 1e-7)
    }
    #expect(jacobian.eigh().values.min().scalar(as: Double.self) > -1e-12)
    // Its largest eigenvalue is at most beta M^2 / 2 times ... a step within that bound contracts.
    let norm = jacobian.eigh().values.max().scalar(as: Double.self)
    #expect(norm <= 2 * 1.5 * energy.largestNorm.square().scalar(as: Double.self))
  }

  @Test func `the weight of other patterns and the error of an update stay below their bounds`() {
    let beta = 2.0
    let energy = HopfieldEnergy(patterns: patterns, inverseTemperature: beta)
    let near = patterns[.all, 0..<1] + noise
    let similarities = near.matmul(patterns.transposed()).squeezed(1)
    let gaps = (similarities[.all, 0] - similarities[.all, 1...].max(axes: [1])).array(of: Double.self)
    let weights = (1 - energy.association(near)[.all, 0, 0]).array(of: Double.self)
    let distances = (energy.update(near) - patterns[.all, 0..<1]).norm(axes: [-1]).array(of: Double.self)
    let norms = energy.largestNorm.array(of: Double.self)
    for draw in 0..<1000 {
      let bound = StorageCapacity.weightBound(count: 10, inverseTemperature: beta, gap: gaps[draw])
      #expect(weights[draw] <= bound + 1e-12 && distances[draw] <= 2 * norms[draw] * bound + 1e-12, "draw \(draw)")
    }
  }

  @Test func `well separated patterns are stored, and one update comes close to their fixed points`() throws {
    var random = RandomStream(seed: 12)
    var stored = 0
    for _ in 0..<20 {
      let patterns = Tensor.normal([8, 24], key: random.next(), dtype: .float64)
      let beta = 2.0
      let memory = try HopfieldMemory(patterns: patterns, inverseTemperature: beta)
      let largest = memory.energy.largestNorm.scalar(as: Double.self)
      let separations = StorageCapacity.separations(of: patterns).array(of: Double.self)
      let enough = StorageCapacity.sufficientSeparation(count: 8, inverseTemperature: beta, largestNorm: largest)
      let radius = StorageCapacity.basinRadius(count: 8, inverseTemperature: beta, largestNorm: largest)
      let fixed = try memory.retrieve(patterns, tolerance: 1e-14).states
      let fromPattern = (fixed - patterns).norm(axes: [-1]).array(of: Double.self)
      let cues = fixed + Tensor.normal([8, 24], key: random.next(), standardDeviation: radius / 8, dtype: .float64)
      let fromFixed = (cues - fixed).norm(axes: [-1]).array(of: Double.self)
      let cueDistance = (cues - patterns).norm(axes: [-1]).array(of: Double.self)
      let after = (memory.energy.update(cues) - fixed).norm(axes: [-1]).array(of: Double.self)
      for index in 0..<8 where separations[index] >= enough {
        stored += 1
        #expect(fromPattern[index] <= radius)
        let bound = StorageCapacity.retrievalBound(
          count: 8, inverseTemperature: beta, largestNorm: largest, separation: separations[index],
          distanceFromPattern: cueDistance[index], fixedPointFromPattern: fromPattern[index], distanceFromFixedPoint: fromFixed[index])
        #expect(after[index] <= bound + 1e-12)
      }
    }
    #expect(stored > 100)
  }

  @Test func `the published capacity constants come out`() throws {
    let first = try StorageCapacity.constant(inverseTemperature: 1, radiusFactor: 3, dimension: 20, failureProbability: 0.001)
    let second = try StorageCapacity.constant(inverseTemperature: 1, radiusFactor: 1, dimension: 75, failureProbability: 0.001)
    #expect(abs(first.c - 3.1546) < 1e-3 && first.isAdmissible)
    #expect(abs(second.c - 1.3718) < 1e-3 && second.isAdmissible)
    #expect(throws: HopfieldError.setting(name: "failureProbability", value: "1.0", allowed: "between 0 and 1")) {
      try StorageCapacity.constant(inverseTemperature: 1, radiusFactor: 1, dimension: 20, failureProbability: 1)
    }
  }

  @Test func `Lambert's function inverts w e^w`() {
    for w in [-0.999, -0.5, -1e-8, 0, 1e-6, 0.3, 1, 2.5, 10, 300] {
      #expect(abs(lambertW(w * exp(w)) - w) <= 1e-7 * max(1, abs(w)), "\(w)")
    }
    for w in [1, 5, 1e3, 1e8] { #expect(abs(lambertW(logarithm: w + log(w)) - w) <= 1e-12 * w) }
    #expect(lambertW(-1).isNaN && lambertW(-exp(-1)) == -1)
  }

  @Test func `regimes count the patterns that carry the mass`() {
    let weights = Tensor([0.25, 0.25, 0.25, 0.25, 0.9, 0.1, 0, 0, 0.5, 0.3, 0.15, 0.05] as [Double], shape: [1, 1, 3, 4])
    #expect(AssociationRegime.patternsOfMass(in: weights).array(of: Int64.self) == [4, 1, 3])
    let head = AssociationRegime.ofHeads(weights)[0]
    #expect(head.median == 3 && head.regime == .veryLarge)
    let classes = [1, 2, 3, 4, 8, 9, 32].map { AssociationRegime(patternsOfMass: $0, of: 64) }
    #expect(classes == [.small, .small, .medium, .medium, .medium, .large, .large])
  }

  @Test func `a scan goes from averages to single patterns`() throws {
    var random = RandomStream(seed: 13)
    let patterns = Tensor.normal([64, 32], key: random.next()).unitNormalized()
    let cues = (patterns + Tensor.normal([64, 32], key: random.next()) * 0.1).unitNormalized()
    let memory = try HopfieldMemory(patterns: patterns, inverseTemperature: 1)
    let scans = try memory.scan([0.01, 4, 100], cues: cues, truth: Tensor.range(64, dtype: .int64))
    #expect(scans[0].medianPatterns > 50 && scans[2].medianPatterns == 1)
    #expect(scans[2].retrieved > 0.95 && scans[0].retrieved < 0.2)
    #expect(scans[2].regimes[.small] ?? 0 > 60 && scans[0].regimes[.veryLarge] == 64)
    #expect(scans[2].meanSquaredError < scans[0].meanSquaredError)
  }

  @Test func `a binary network keeps few patterns, one of higher degree more`() throws {
    var random = RandomStream(seed: 14)
    func rate(_ count: Int, _ retrieve: (Tensor, Tensor) throws -> Tensor) rethrows -> Double {
      let patterns = Tensor.bernoulli([count, 64], probability: 0.5, key: random.next()).cast(to: .float32) * 2 - 1
      let isFlipped = Tensor.bernoulli([count, 64], probability: 0.1, key: random.next())
      evaluate(patterns, isFlipped)
      let states = try retrieve(patterns, Tensor.select(isFlipped, -patterns, patterns))
      return (states .== patterns).all(axes: [1]).cast(to: .float64).mean().scalar(as: Double.self)
    }
    #expect(rate(3) { BinaryHopfieldNetwork(patterns: $0).retrieve($1, updates: 10) } > 0.6)
    #expect(rate(60) { BinaryHopfieldNetwork(patterns: $0).retrieve($1, updates: 10) } < 0.1)
    #expect(try rate(60) { try PolynomialHopfieldNetwork(patterns: $0, degree: 4).retrieve($1, updates: 5) } > 0.9)
    #expect(try rate(200) { try HopfieldMemory(patterns: $0, inverseTemperature: 1).retrieve($1, updates: 1).states.sign() } > 0.9)
  }
}
