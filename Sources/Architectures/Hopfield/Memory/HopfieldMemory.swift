import Foundation
import Tensors

/// An associative memory without parameters: patterns are stored as they are, and a cue is replaced by what it reminds of.
///
///     let memory = try HopfieldMemory(patterns: images, inverseTemperature: 64)
///     let retrieved = try memory.retrieve(cues, updates: 3).states
///
/// Nothing is projected or normalised. If what comes back is a mixture of patterns, beta is too small for how far the patterns stand apart:
/// ``scan(_:cues:truth:updates:)`` shows from which beta on single patterns are retrieved.
public struct HopfieldMemory: Sendable {
  public let energy: HopfieldEnergy

  /// - Parameters:
  ///   - patterns: (N, d), finite.
  ///   - inverseTemperature: beta > 0.
  public init(patterns: Tensor, inverseTemperature: Double) throws(HopfieldError) {
    guard patterns.rank == 2, patterns.shape[0] >= 1 else {
      throw .shape(argument: "patterns", found: patterns.shape, expected: "(patterns, features)")
    }
    guard inverseTemperature > 0, inverseTemperature.isFinite else {
      throw .setting(name: "inverseTemperature", value: "\(inverseTemperature)", allowed: "above 0")
    }
    try requireFinite(patterns, "patterns")
    energy = HopfieldEnergy(patterns: patterns, inverseTemperature: inverseTemperature)
  }

  public var patterns: Tensor { energy.patterns }
  public var inverseTemperature: Double { energy.inverseTemperature }

  public struct Retrieval: Sendable {
    /// (L, d).
    public let states: Tensor
    /// The softmax from which the states are made, (L, N).
    public let association: Tensor
    /// The energies of the cues and after each update, (L) each.
    public let energies: [Tensor]
    /// Updates made.
    public let updates: Int
  }

  /// Updates states until the largest change of a state is at most `tolerance`, or `updates` times.
  ///
  /// - Parameters:
  ///   - cues: (L, d), finite.
  ///   - updates: nil goes on until the states rest.
  /// - Throws: `HopfieldError`; `noConvergence` where without a limit the states do not rest within 100,000 updates.
  public func retrieve(_ cues: Tensor, updates limit: Int? = nil, tolerance: Double = 1e-4) throws(HopfieldError) -> Retrieval {
    try requireSettings(steps: limit, tolerance: tolerance)
    guard cues.rank == 2, cues.shape[1] == patterns.shape[1] else {
      throw .shape(argument: "cues", found: cues.shape, expected: "(cues, \(patterns.shape[1]))")
    }
    try requireFinite(cues, "cues")
    var states = cues
    var association = energy.association(states)
    var energies = [energy(states)]
    var count = 0
    while limit.map({ count < $0 }) ?? true {
      association = energy.association(states)
      let next = association.matmul(patterns)
      let change = (next - states).square().sum(axes: [-1]).max().sqrt()
      energies.append(energy(next))
      evaluate([next, association, change] + energies)
      states = next
      count += 1
      if change.scalar(as: Double.self) <= tolerance { break }
      guard count < 100_000 else { throw .noConvergence(updates: count) }
    }
    evaluate([states, association] + energies)
    return Retrieval(states: states, association: association, energies: energies, updates: count)
  }

  /// The pattern with the largest inner product with each state, int64 (L).
  public func nearest(_ states: Tensor) -> Tensor { states.matmul(patterns.transposed()).argMax(axis: -1) }

  /// What happens to cues at one inverse temperature.
  public struct Scan: Sendable {
    public let inverseTemperature: Double
    /// The share of cues whose state is most similar to the right pattern, in 0 ... 1.
    public let retrieved: Double
    /// The mean over cues of the squared distance between state and pattern, divided by the number of features.
    public let meanSquaredError: Double
    /// How many cues are in each regime.
    public let regimes: [AssociationRegime: Int]
    /// The median of k, the number of patterns that carry 90 % of the softmax.
    public let medianPatterns: Double
  }

  /// Tries inverse temperatures: which regime the cues fall into, and how much is retrieved.
  ///
  /// - Parameters:
  ///   - cues: (L, d).
  ///   - truth: the pattern that each cue belongs to, integers (L).
  public func scan(_ inverseTemperatures: [Double], cues: Tensor, truth: Tensor, updates: Int? = 3) throws(HopfieldError) -> [Scan] {
    guard truth.shape == [cues.shape[0]] else {
      throw .shape(argument: "truth", found: truth.shape, expected: "(\(cues.shape[0]))")
    }
    let targets = patterns.gathered(truth)
    var scans: [Scan] = []
    for beta in inverseTemperatures {
      let memory = try HopfieldMemory(patterns: patterns, inverseTemperature: beta)
      let retrieval = try memory.retrieve(cues, updates: updates)
      let hits = (memory.nearest(retrieval.states) .== truth.cast(to: .int64)).cast(to: .float64).mean()
      let error = (retrieval.states - targets).square().mean().cast(to: .float64)
      let counts = AssociationRegime.patternsOfMass(in: retrieval.association).array(of: Int64.self).map(Int.init).sorted()
      let regimes = counts.map { AssociationRegime(patternsOfMass: $0, of: patterns.shape[0]) }
      scans.append(
        Scan(
          inverseTemperature: beta, retrieved: hits.scalar(as: Double.self), meanSquaredError: error.scalar(as: Double.self),
          regimes: Dictionary(regimes.map { ($0, 1) }, uniquingKeysWith: +), medianPatterns: Double(counts[counts.count / 2])))
    }
    return scans
  }
}

/// Refuses numbers that are not finite.
func requireFinite(_ tensor: Tensor, _ argument: String) throws(HopfieldError) {
  guard tensor.isFinite().all().scalar(as: Bool.self) else { throw .notFinite(argument: argument) }
}

/// Refuses limits of updates and tolerances that mean nothing.
func requireSettings(steps: Int?, tolerance: Double) throws(HopfieldError) {
  if let steps, steps < 0 { throw .setting(name: "updates", value: "\(steps)", allowed: "at least 0, or no limit") }
  guard tolerance > 0, tolerance.isFinite else { throw .setting(name: "tolerance", value: "\(tolerance)", allowed: "above 0") }
}
