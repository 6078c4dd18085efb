import Architectures
import Foundation
import Layers
import Tensors
import Training

/// Error by the number of training rows, of sensors, of units, and by the length scale of the test functions.
struct DeepONetConvergence {
  let options: DeepONetOptions
  let problem: DeepONetProblem
  let run: StudyRun

  /// Errors at each of some sizes: one run a seed.
  struct Series: Sendable {
    var sizes: [Double]
    /// By seed, then by size.
    var test: [[Double]]
    var training: [[Double]]

    func mean(_ runs: [[Double]]) -> [Double] { sizes.indices.map { index in Training.Measurement(runs.map { $0[index] }).mean } }
  }

  struct Outcome: Sendable {
    var byTriples: Series
    var plainByTriples: Series
    var bySensors: Series
    var byWidth: Series
    /// Test error by length of the test functions, and the distance of their law from that of the training functions.
    var byLength: Series?
    var distances: [Double]
  }

  private var settings: DeepONetProblem.Settings {
    var settings = options.settings(problem)
    settings.steps = options.convergenceSteps
    settings.functions = max(settings.functions, options.convergenceTriples.last!)
    settings.places = 1
    settings.batch = 0
    return settings
  }

  func outcome() throws -> Outcome {
    let total =
      options.convergenceSeeds * (2 * options.convergenceTriples.count + options.convergenceSensors.count + options.convergenceWidths.count)
    let phase = run.progress.phase("network of the convergence study", of: total)
    defer { phase.finish() }
    func trained(
      _ name: String, _ variant: DeepONetVariant, _ settings: DeepONetProblem.Settings, _ data: DeepONetData, seed: Int
    ) throws -> DeepONetResult {
      let training = DeepONetTraining(options: options, settings: settings, run: run, seed: seed)
      let network = try training.network(variant, queryDimension: data.test.queries.shape[1])
      defer { phase.advance() }
      return try training.train(network, on: data, part: "convergence-\(name)-seed-\(seed)")
    }

    var byTriples = Series(sizes: options.convergenceTriples.map(Double.init), test: [], training: [])
    var plain = byTriples
    var bySensors = Series(sizes: options.convergenceSensors.map(Double.init), test: [], training: [])
    var byWidth = Series(sizes: options.convergenceWidths.map(Double.init), test: [], training: [])
    let lengths = usesFields ? options.convergenceLengths : []
    var byLength = Series(sizes: lengths, test: [], training: [])
    for seed in run.seeds(options.convergenceSeeds) {
      let own = settings
      let family = try problem.family(options, sensors: own.sensors)
      let whole = try DeepONetData(family, own, seed: seed)
      func part(_ count: Int) -> DeepONetData {
        DeepONetData(training: whole.training.rows(Array(0..<count)), test: whole.test, testPlaces: whole.testPlaces)
      }
      let base = min(1000, whole.training.count)
      for variant in [DeepONetVariant.unstacked, .plain] {
        let results = try options.convergenceTriples.map { count in
          try trained("\(variant.rawValue)-triples-\(count)", variant, own, part(count), seed: seed)
        }
        let (test, training) = (results.map(\.test.meanSquared), results.map(\.training.meanSquared))
        if variant == .unstacked {
          byTriples.test.append(test)
          byTriples.training.append(training)
        } else {
          plain.test.append(test)
          plain.training.append(training)
        }
      }
      let bySensor = try options.convergenceSensors.map { sensors -> DeepONetResult in
        var changed = own
        changed.sensors = sensors
        changed.functions = base
        // Grids of solvers stay as they are: only what the branch sees changes, which needs an operator on functions.
        let seen = try problem.family(options, sensors: sensors)
        let data = try DeepONetData(seen, changed, seed: seed)
        return try trained("sensors-\(sensors)", .unstacked, changed, data, seed: seed)
      }
      bySensors.test.append(bySensor.map(\.test.meanSquared))
      bySensors.training.append(bySensor.map(\.training.meanSquared))
      var widest: DeepONetResult?
      let widths = try options.convergenceWidths.map { width -> DeepONetResult in
        var changed = own
        changed.branch = own.branch.map { _ in width }
        changed.trunk = own.trunk.map { _ in width }
        let result = try trained("width-\(width)", .unstacked, changed, part(base), seed: seed)
        widest = result
        return result
      }
      byWidth.test.append(widths.map(\.test.meanSquared))
      byWidth.training.append(widths.map(\.training.meanSquared))
      if let widest, !lengths.isEmpty {
        byLength.test.append(
          try lengths.map { length in
            let other = try problem.family(options, sensors: own.sensors, length: length)
            var random = RandomStream(seed: seed, step: 3)
            let rows = try other.triples(own.testFunctions, places: 1, random: &random)
            return DeepONetTraining(options: options, settings: own, run: run, seed: seed).error(widest.network, rows, places: 1)
              .meanSquared
          })
      }
    }
    return Outcome(
      byTriples: byTriples, plainByTriples: plain, bySensors: bySensors, byWidth: byWidth, byLength: lengths.isEmpty ? nil : byLength,
      distances: lengths.map(distance))
  }

  private var usesFields: Bool {
    let isOrdinary = [DeepONetProblem.antiderivative, .nonlinear, .pendulum].contains(problem)
    return isOrdinary && (options.space == .gaussian || options.space == .rough)
  }

  /// Of the law of test functions from that of the training functions.
  private func distance(_ length: Double) -> Double {
    let covariance: Covariance = options.space == .rough ? .exponential : .squaredExponential
    let grid = evenlySpaced(100, in: 0...options.horizon)
    return wassersteinDistance(covariance.matrix(grid, length: options.length), covariance.matrix(grid, length: length))
  }
}

/// A straight line through points, with the share of the variance that it explains.
struct LineFit: Sendable, Hashable {
  let slope: Double
  let intercept: Double
  /// R^2.
  let explained: Double

  /// Least squares; needs two different x.
  init(_ x: [Double], _ y: [Double]) {
    let count = Double(x.count)
    let (meanX, meanY) = (x.reduce(0, +) / count, y.reduce(0, +) / count)
    let spread = x.reduce(0) { $0 + ($1 - meanX) * ($1 - meanX) }
    let common = zip(x, y).reduce(0) { $0 + ($1.0 - meanX) * ($1.1 - meanY) }
    slope = common / spread
    intercept = meanY - slope * meanX
    let whole = y.reduce(0) { $0 + ($1 - meanY) * ($1 - meanY) }
    let (a, b) = (slope, intercept)
    let left = zip(x, y).reduce(0) { $0 + ($1.1 - a * $1.0 - b) * ($1.1 - a * $1.0 - b) }
    explained = whole > 0 ? 1 - left / whole : 1
  }
}

/// error ~ size^-order, and error ~ exp(-rate size).
struct ConvergenceFit: Sendable, Hashable {
  let polynomial: LineFit
  let exponential: LineFit

  init(sizes: [Double], errors: [Double]) {
    let logarithms = errors.map { log(max($0, 1e-300)) }
    polynomial = LineFit(sizes.map { log($0) }, logarithms)
    exponential = LineFit(sizes, logarithms)
  }

  var order: Double { -polynomial.slope }
  var rate: Double { -exponential.slope }
}
