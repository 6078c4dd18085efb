import Architectures
import Datasets
import Layers
import Tensors
import Training

/// Small tables: a Hopfield layer over the training rows against what is usual for them.
struct TableExperiment {
  enum Method: String, CaseIterable {
    case hopfield = "Hopfield"
    case neighbours = "nearest neighbours"
    case logistic = "logistic regression"
    case perceptron = "perceptron"
    case forest = "random forest"
  }

  let options: HopfieldOptions
  let data: HopfieldData
  let run: StudyRun

  /// The inverse temperatures among which a part of the training rows decides.
  private static let scalings = [1 / 8.0.squareRoot(), 1, 4]

  func add(to findings: inout Findings) throws {
    let sets = data.smallTables()
    var table = Table(
      "tables", title: "Small tables: test accuracy, \(options.tableRepetitions) x \(options.tableFolds)-fold cross-validation",
      columns: ["set", "rows"] + Method.allCases.map { Table.Column($0.rawValue, .percent) })
    var differences: [Method: [Double]] = [:]
    let phase = run.progress.phase("table", of: sets.count)
    defer { phase.finish() }
    for set in sets {
      let accuracies = try measured(set)
      table.append([.text(name(set)), .init(set.count)] + Method.allCases.map { .number(Measurement(accuracies[$0]!)) })
      // Rank 1 is the best, equal ones share; then minus the median rank of all methods.
      let means = Method.allCases.map { Measurement(accuracies[$0]!).mean }
      let ranks = means.map { mean in Double(means.count { $0 > mean }) + Double(means.count { $0 == mean } + 1) / 2 }
      let median = ranks.sorted()[ranks.count / 2]
      for (method, rank) in zip(Method.allCases, ranks) { differences[method, default: []].append(rank - median) }
      phase.advance()
    }
    findings.add(table)
    var ranks = Table(
      "table-ranks", title: "Rank among the methods less the median rank, mean over \(sets.count) tables; lower is better",
      columns: ["method", "mean rank difference"])
    for method in Method.allCases { ranks.append([.text(method.rawValue), .number(Measurement(differences[method]!))]) }
    findings.add(ranks)
    findings.add(
      Claim(
        "tables-better-than-median", "On small tables the Hopfield network ranks at least as well as the median method.",
        measured: Measurement(differences[.hopfield]!), .atMost, baseline: 0, measuredName: "mean rank difference",
        baselineName: "the median method"))
  }

  private func name(_ set: Dataset) -> String { set.name.split(separator: ".").first.map(String.init) ?? set.name }

  private func measured(_ set: Dataset) throws -> [Method: [Double]] {
    var accuracies: [Method: [Double]] = [:]
    for repetition in 0..<options.tableRepetitions {
      let folds = set.folds(options.tableFolds, seed: run.seed + repetition, by: .stratified)
      var hits: [Method: Int] = [:]
      for (number, fold) in folds.enumerated() {
        let part = TablePart(fold.training, fold.test)
        for method in Method.allCases {
          let seed = run.seed + repetition * 100 + number
          hits[method, default: 0] += try hitCount(method, part, classes: set.classCount, seed: seed)
        }
      }
      for (method, count) in hits { accuracies[method, default: []].append(100 * Double(count) / Double(set.count)) }
    }
    return accuracies
  }

  private func hitCount(_ method: Method, _ part: TablePart, classes: Int, seed: Int) throws -> Int {
    let truth = part.testLabels
    let predictions: [Int]
    switch method {
    case .hopfield: predictions = try hopfield(part, classes, seed)
    case .neighbours:
      let model = NearestNeighbours(part.trainingRows.rows, labels: part.trainingLabels)
      predictions = part.testRows.rows.map(model.predict)
    case .forest:
      let model = RandomForest(part.trainingRows.rows, labels: part.trainingLabels, classCount: classes, seed: seed)
      predictions = part.testRows.rows.map(model.predict)
    case .logistic:
      var random = RandomStream(seed: seed, step: 401)
      predictions = dense(Sequential(Dense(inputs: part.width, outputs: classes, random: &random)), part, learningRate: 1e-2, seed)
    case .perceptron:
      var random = RandomStream(seed: seed, step: 402)
      let network = Sequential(
        Dense(inputs: part.width, outputs: 32, random: &random), Activation(.relu), Dropout(0.3),
        Dense(inputs: 32, outputs: 32, random: &random), Activation(.relu), Dense(inputs: 32, outputs: classes, random: &random))
      predictions = dense(network, part, learningRate: 1e-3, seed)
    }
    return zip(predictions, truth).count { $0 == $1 }
  }

  /// beta is chosen on a fifth of the training rows.
  private func hopfield(_ part: TablePart, _ classes: Int, _ seed: Int) throws -> [Int] {
    let inner = part.validation(seed: seed)
    let scores = try Self.scalings.map { scaling in
      zip(try trained(inner, classes, scaling, seed), inner.testLabels).count { $0 == $1 }
    }
    return try trained(part, classes, Self.scalings[scores.firstIndex(of: scores.max()!)!], seed)
  }

  private func trained(_ part: TablePart, _ classes: Int, _ scaling: Double, _ seed: Int) throws -> [Int] {
    var random = RandomStream(seed: seed, step: 400)
    let (rows, labels) = (part.trainingRows.tensor, Tensor(part.trainingLabels.map(Int64.init)))
    let model = try HopfieldTableClassifier(
      .init(features: part.width, classes: classes, scaling: scaling), rows: rows, labels: labels, random: &random)
    let optimizer = AdamW(model.trainableParameters, learningRate: 1e-3)
    try steps(of: part.trainingLabels.count, seed: seed) { indices, stream in
      let positions = Tensor(indices.map(Int64.init))
      let logits = try withContext(.training, random: stream) { try model(rows.gathered(positions), positions: positions).logits }
      return optimizer.minimize(logits.softmaxCrossEntropy(labels: labels.gathered(positions)).mean())
    }
    return try model(part.testRows.tensor).logits.argMax().array(of: Int64.self).map(Int.init)
  }

  private func dense(_ network: Sequential, _ part: TablePart, learningRate: Double, _ seed: Int) -> [Int] {
    let (rows, labels) = (part.trainingRows.tensor, Tensor(part.trainingLabels.map(Int64.init)))
    let optimizer = AdamW(network.trainableParameters, learningRate: learningRate)
    steps(of: part.trainingLabels.count, seed: seed) { indices, stream in
      let positions = Tensor(indices.map(Int64.init))
      let logits = withContext(.training, random: stream) { network(rows.gathered(positions)) }
      return optimizer.minimize(logits.softmaxCrossEntropy(labels: labels.gathered(positions)).mean())
    }
    return network(part.testRows.tensor).argMax().array(of: Int64.self).map(Int.init)
  }

  /// Shuffled batches of 32 for as many epochs as the options say.
  private func steps(of count: Int, seed: Int, _ step: ([Int], RandomStream) throws -> Tensor) rethrows {
    var shuffling = SplitMix64(seed: seed, 15)
    var random = RandomStream(seed: seed, step: 403)
    for _ in 0..<options.tableEpochs {
      let order = shuffling.permutation(count)
      for start in stride(from: 0, to: count, by: 32) {
        evaluate(try step(Array(order[start..<min(start + 32, count)]), random.split()))
      }
    }
  }
}

/// Training and test rows of a table, standardised by the training rows.
struct TablePart {
  struct Rows {
    let rows: [[Float]]
    var tensor: Tensor { Tensor(rows.flatMap { $0 }, shape: [rows.count, rows.first?.count ?? 0]) }
  }

  let trainingRows: Rows
  let trainingLabels: [Int]
  let testRows: Rows
  let testLabels: [Int]

  var width: Int { trainingRows.rows[0].count }

  init(_ training: Dataset, _ test: Dataset) {
    func rows(_ set: Dataset) -> [[Float]] { set.features.cast(to: .float32).array(of: Float.self).grouped(set.featureShape[0]) }
    func labels(_ set: Dataset) -> [Int] { set.labels!.cast(to: .int64).array(of: Int64.self).map(Int.init) }
    self.init(rows(training), labels(training), rows(test), labels(test))
  }

  private init(_ training: [[Float]], _ trainingLabels: [Int], _ test: [[Float]], _ testLabels: [Int]) {
    let count = Float(training.count)
    let means = training[0].indices.map { feature in training.reduce(0) { $0 + $1[feature] } / count }
    let deviations = training[0].indices.map { feature -> Float in
      let variance = training.reduce(0) { $0 + ($1[feature] - means[feature]) * ($1[feature] - means[feature]) } / count
      return variance > 1e-12 ? variance.squareRoot() : 1
    }
    func scaled(_ rows: [[Float]]) -> Rows {
      Rows(rows: rows.map { row in row.indices.map { (row[$0] - means[$0]) / deviations[$0] } })
    }
    trainingRows = scaled(training)
    testRows = scaled(test)
    self.trainingLabels = trainingLabels
    self.testLabels = testLabels
  }

  /// A fifth of the training rows as test rows.
  func validation(seed: Int) -> TablePart {
    var random = SplitMix64(seed: seed, 16)
    let order = random.permutation(trainingLabels.count)
    let held = max(1, order.count / 5)
    func pick(_ indices: ArraySlice<Int>) -> ([[Float]], [Int]) {
      (indices.map { trainingRows.rows[$0] }, indices.map { trainingLabels[$0] })
    }
    let (test, training) = (pick(order[..<held]), pick(order[held...]))
    return TablePart(training.0, training.1, test.0, test.1)
  }
}
