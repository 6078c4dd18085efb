import Architectures
import Datasets
import Foundation
import Layers
import Tensors
import Training

/// The trained networks of one problem.
struct DeepONetOutcome {
  let problem: DeepONetProblem
  let settings: DeepONetProblem.Settings
  let family: any OperatorFamily
  /// By variant, then by seed.
  let results: [DeepONetVariant: [DeepONetResult]]
  /// The fully connected baseline by width, with the first seed.
  let plainGrid: [(width: Int, result: DeepONetResult)]
  /// Of the first seed.
  let data: DeepONetData
  /// The error of answering zero, and of answering the mean solution of the training functions.
  let zero: OperatorError
  let mean: OperatorError
  /// The error on functions of other rows over that on their own, of the first network.
  let shuffleRatio: Double

  /// Draws, solves, audits and trains.
  init(_ problem: DeepONetProblem, isFirst: Bool, options: DeepONetOptions, run: StudyRun) throws {
    self.problem = problem
    settings = options.settings(problem)
    family = try problem.family(options, sensors: settings.sensors)
    let seeds = run.seeds(isFirst ? options.seeds : 1)
    let variants = isFirst ? options.variants : options.variants.filter { $0 == .unstacked || $0 == .plain }
    var results: [DeepONetVariant: [DeepONetResult]] = [:]
    var first: DeepONetData?
    let phase = run.progress.phase("network on \(problem.rawValue)", of: seeds.count * variants.count)
    for (index, seed) in seeds.enumerated() {
      let data = try DeepONetData(family, settings, seed: seed)
      if first == nil { first = data }
      let training = DeepONetTraining(options: options, settings: settings, run: run, seed: seed)
      for variant in variants where !variant.isStacked || index < options.stackedSeeds {
        let network = try training.network(variant, queryDimension: family.queryDimension)
        let result = try training.train(network, on: data, part: "\(problem.rawValue)-\(variant.rawValue)-seed-\(seed)")
        results[variant, default: []].append(result)
        phase.advance()
      }
    }
    phase.finish()
    self.results = results
    let data = first!
    let trainer = DeepONetTraining(options: options, settings: settings, run: run, seed: run.seed)
    plainGrid = try (isFirst && options.plainGrid ? options.plainGridWidths : []).map { width in
      let network = trainer.plainNetwork(width: width, queryDimension: data.training.queries.shape[1])
      return (width, try trainer.train(network, on: data, part: "\(problem.rawValue)-fnn-width-\(width)"))
    }
    self.data = data
    let values = data.test.values.array(of: Double.self)
    zero = OperatorError(values.map { _ in 0 }, values, places: data.testPlaces)
    mean = OperatorError(try Self.means(family, settings, data, seed: run.seed), values, places: data.testPlaces)
    if let network = (results[.unstacked] ?? results.values.first)?.first?.network {
      var random = RandomStream(seed: run.seed, step: 4)
      shuffleRatio = data.test.shuffleRatio(random: &random) { network($0, at: $1) }
    } else {
      shuffleRatio = .nan
    }
  }

  /// The mean of the training functions' solutions at each test place; where only rows are known, the mean of the training values.
  private static func means(
    _ family: any OperatorFamily, _ settings: DeepONetProblem.Settings, _ data: DeepONetData, seed: Int
  ) throws -> [Double] {
    let width = data.test.queries.shape[1]
    let flat = data.test.queries.array(of: Double.self)
    let queries = (0..<data.test.count).map { Array(flat[$0 * width..<($0 + 1) * width]) }
    guard let family = family as? FunctionOperator else {
      let mean = data.training.values.mean().scalar(as: Double.self)
      return queries.map { _ in mean }
    }
    // The first training functions: the same stream draws them again.
    var random = RandomStream(seed: seed, step: 1)
    let functions = try family.space.sample(min(settings.functions, 100), random: &random)
    var sums = [Double](repeating: 0, count: queries.count)
    for function in functions {
      for (index, value) in family.values(of: function, at: queries).enumerated() { sums[index] += value }
    }
    return sums.map { $0 / Double(functions.count) }
  }

  /// Solves some test rows again: do functions, places and values belong together?
  func audit(rows: Int = 5, seed: Int) throws -> Int {
    guard let family = family as? FunctionOperator else { return 0 }
    var random = RandomStream(seed: seed, step: 2)
    let functions = try family.space.sample(min(2000, settings.testFunctions), random: &random)
    let places = data.testPlaces
    let width = data.test.queries.shape[1]
    let (flat, values) = (data.test.queries.array(of: Double.self), data.test.values.array(of: Double.self))
    var wrong = 0
    for index in 0..<min(rows, functions.count) {
      let row = index * places
      let expected = family.values(of: functions[index], at: [Array(flat[row * width..<(row + 1) * width])])[0]
      if abs(expected - values[row]) > 1e-4 * max(1, abs(expected)) { wrong += 1 }
    }
    return wrong
  }

  func measured(_ variant: DeepONetVariant, _ value: (DeepONetResult) -> Double) -> Training.Measurement? {
    results[variant].map { Training.Measurement($0.map(value)) }
  }

  /// The first DeepONet, and the rows in the layout of DeepXDE's files.
  func save(to run: StudyRun) throws {
    let variant = [DeepONetVariant.unstacked, .unstackedWithoutBias, .stacked, .stackedWithoutBias].first { results[$0] != nil }
    if let variant, let network = results[variant]?.first?.network as? DeepONet {
      try DeepONetPredictor.save(
        network, variant: variant, settings: settings, problem: problem.rawValue, training: data.training, to: run)
    }
    for (name, rows) in [("training", data.training), ("test", data.test)] {
      try NumPy.writeArchive(["X0": rows.functions, "X1": rows.queries, "y": rows.values], to: run.file("\(name).npz"))
    }
  }
}

/// The same networks on rows of somebody's own solver.
struct DeepONetFileStudy {
  let options: DeepONetOptions
  let run: StudyRun
  let location: String

  func findings() throws -> Findings {
    let url = URL(fileURLWithPath: location)
    let rows = try OperatorFile.read(url)
    let (training, test) = try Self.splitByFunction(rows, location, seed: run.seed)
    var settings = options.settings(options.problems[0])
    settings.sensors = rows.functions.shape[1]
    settings.batch = training.count > 5000 ? 1000 : 0
    var findings = Findings(
      on: DataSummary(
        url.lastPathComponent, isGenerated: false, trainingExamples: training.count, testExamples: test.count,
        shape: "\(settings.sensors) sensors, places of \(rows.queries.shape[1])"))
    var results: [DeepONetVariant: [DeepONetResult]] = [:]
    let data = DeepONetData(training: training, test: test, testPlaces: 1)
    let seeds = run.seeds(options.seeds)
    let phase = run.progress.phase("network", of: seeds.count * options.variants.count)
    for (index, seed) in seeds.enumerated() {
      let trainer = DeepONetTraining(options: options, settings: settings, run: run, seed: seed)
      for variant in options.variants where !variant.isStacked || index < options.stackedSeeds {
        let network = try trainer.network(variant, queryDimension: rows.queries.shape[1])
        results[variant, default: []].append(try trainer.train(network, on: data, part: "\(variant.rawValue)-seed-\(seed)"))
        phase.advance()
      }
    }
    phase.finish()
    if let variant = options.variants.first(where: { $0.role == .method }), let network = results[variant]?[0].network as? DeepONet {
      try DeepONetPredictor.save(network, variant: variant, settings: settings, problem: "file", training: training, to: run)
    }
    DeepONetFindings.addErrors(results, variants: options.variants, name: "errors", title: url.lastPathComponent, to: &findings)
    if let own = results[.unstacked], let plain = results[.plain] {
      findings.add(
        Claim(
          "beats-fnn", "The unstacked DeepONet has a smaller test error than the fully connected network.",
          measured: Training.Measurement(own.map(\.test.meanSquared)), .atMost,
          baseline: Training.Measurement(plain.map(\.test.meanSquared)),
          measuredName: "DeepONet, test MSE", baselineName: "fully connected, test MSE"))
    }
    return findings
  }

  /// A fifth of the functions for the test: rows of one function never stand on both sides.
  static func splitByFunction(_ rows: OperatorTriples, _ location: String, seed: Int) throws -> (OperatorTriples, OperatorTriples) {
    let width = rows.functions.shape[1]
    let values = rows.functions.array(of: Float.self)
    var groups: [[Float]: [Int]] = [:]
    var order: [[Float]] = []
    for row in 0..<rows.count {
      let function = Array(values[row * width..<(row + 1) * width])
      if groups[function] == nil { order.append(function) }
      groups[function, default: []].append(row)
    }
    guard order.count >= 5 else {
      throw StudyError(
        "\(location) holds \(order.count) different functions", because: .data,
        advice: "give five or more, so that some can be kept for the test")
    }
    var random = SplitMix64(seed: seed, 0x6f70)
    let permutation = random.permutation(order.count)
    let testCount = max(1, order.count / 5)
    func part(_ indices: ArraySlice<Int>) -> OperatorTriples { rows.rows(indices.flatMap { groups[order[$0]]! }.sorted()) }
    return (part(permutation[testCount...]), part(permutation[..<testCount]))
  }
}
