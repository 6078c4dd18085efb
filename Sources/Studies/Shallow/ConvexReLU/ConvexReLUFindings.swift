import Foundation
import Shallow
import Tensors
import Training

// Foundation has one as well.
private typealias Measurement = Training.Measurement

/// What the parts of the study say about the paper's claims.
struct ConvexReLUFindings {
  let options: ConvexReLUOptions
  let data: ConvexReLUData
  let summary: DataSummary
  let race: ConvexReLURace
  let clusters: ConvexReLUClusters
  /// One a seed.
  let tasks: [ConvexReLUTask]
  let scale: ConvexReLUScale?
  let seed: Int

  func findings() throws -> Findings {
    var findings = Findings(on: summary)
    addTask(to: &findings)
    addRace(to: &findings)
    addClusters(to: &findings)
    try addCost(to: &findings)
    addScale(to: &findings)
    return findings
  }

  // MARK: The user's data

  private func all(_ name: String, _ value: (ConvexReLUTask.Entry) -> [Double]) -> Measurement {
    // Starts of one split are one measurement of it.
    Measurement(
      tasks.map { task in
        let values = value(task.entries.first { $0.name == name }!)
        return values.reduce(0, +) / Double(values.count)
      })
  }

  private func addTask(to findings: inout Findings) {
    var table = Table(
      "robustness",
      title: "Test accuracy of \(data.classNames.joined(separator: " against ")), and under attack within epsilon = \(options.epsilon)",
      columns: ["training", Table.Column("clean", .percent), Table.Column("attacked", .percent), "networks a split"])
    var bars: [BarPlot.Bar] = []
    for entry in tasks[0].entries {
      let (clean, attacked) = (all(entry.name, \.clean), all(entry.name, \.attacked))
      table.append([.text(entry.name), .number(clean), .number(attacked), .init(entry.clean.count)])
      bars.append(.init(entry.name, attacked, role: entry.role))
      let name = entry.name.replacing(" ", with: "-").lowercased()
      findings.add(Metric("\(name).accuracy", clean, .percent))
      findings.add(Metric("\(name).attacked-accuracy", attacked, .percent))
    }
    findings.add(
      Figure(
        "robustness", title: "Accuracy under attack, by the way of training",
        caption: "Test accuracy on examples moved by up to \(options.epsilon) in every feature, \(options.attackSteps) steps of projected "
          + "gradients; baselines of the same size in grey, the mean of their starts.",
        .bars(BarPlot(Axis("accuracy under attack", .percent, range: 0...100), bars))))
    findings.add(table)
    let robust = all(ConvexReLUTask.robustName, \.attacked)
    let margin = data.isPictures || options.scaling == .range ? 30.0 : 20
    findings.add(
      Claim(
        "robust-training-withstands", "Convex adversarial training withstands the attack that breaks plain training.", measured: robust,
        .atLeast,
        baseline: all(ConvexReLUTask.plainName, \.attacked), margin: margin, unit: .percent, measuredName: "robust convex, under attack",
        baselineName: "convex, under attack"))
    for (id, name) in [("fgsm", "Adam on FGSM examples"), ("pgd", "Adam on PGD examples")] {
      findings.add(
        Claim(
          "robust-training-beats-\(id)",
          "Convex adversarial training is more accurate under attack than \(id.uppercased()) training of as wide networks.",
          measured: robust, .above, baseline: all(name, \.attacked), unit: .percent, measuredName: "robust convex, under attack",
          baselineName: name))
    }
    findings.add(Metric("robust-convex.neurons", Measurement(tasks.map { Double($0.robust.network.neuronCount) })))
    findings.add(Metric("robust-convex.affine-share", Measurement(tasks.map { $0.robust.isAffine ? 100 : 0 }), .percent))
    findings.add(Metric("robust-convex.loss-bound", Measurement(tasks.map(\.robust.lossBound))))
    findings.add(Metric("robust-convex.zero-share", Measurement(tasks.map { $0.robust.isZero ? 100 : 0 }), .percent))
    findings.add(Metric("data.relative-gap-exact", Measurement(tasks.map(\.certificate.relativeGap))))
    findings.add(Metric("data.relative-gap-sampled", Measurement(tasks.map(\.sampledCertificate.relativeGap))))
    findings.add(
      Claim(
        "bound-holds-on-data", "The robust program's value bounds the loss under attack of the network that is read off.",
        measured: Measurement(tasks.map { $0.attackedLoss - $0.robust.lossBound }.max()!), .atMost, baseline: 1e-9,
        measuredName: "attacked training loss less the bound, at most", baselineName: "rounding"))
  }

  // MARK: The race

  private func addRace(to findings: inout Findings) {
    let optimum = race.exact.objective
    let network = race.exact.network(threshold: 0)
    findings.add(
      Claim(
        "objective-identity", "The convex program's value is that of training the network which is read off.",
        measured: Measurement(abs(race.problem.objective(of: network)[0] - optimum) / optimum), .atMost, baseline: 1e-6,
        measuredName: "relative difference", baselineName: "tolerance"))
    let adamValues = race.adams.flatMap(\.objectives)
    findings.add(
      Claim(
        "global-optimum", "No start of Adam ends below the convex program's optimum.", measured: Measurement(optimum), .atMost,
        baseline: Measurement(adamValues.min()! + 1e-6), measuredName: "ADMM on all \(race.exact.patterns.count) patterns",
        baselineName: "best of \(adamValues.count) runs of Adam, and 1e-6"))
    if let widest = race.adams.max(by: { $0.neurons < $1.neurons }), widest.neurons >= 60 {
      findings.add(
        Claim(
          "wide-networks-come-near", "The best of Adam's wide networks is within 2 % of the optimum.",
          measured: Measurement(widest.objectives.min()!), .atMostTimes, baseline: Measurement(optimum), margin: 1.02,
          measuredName: "Adam, m = \(widest.neurons)", baselineName: "optimum"))
    }
    func worst(_ optima: [ConvexReLURace.Optimum]) -> Double {
      zip(optima, optima.dropFirst()).map { $1.objective / $0.objective - 1 }.max() ?? 0
    }
    findings.add(
      Claim(
        "more-never-hurts", "More patterns or neurons, nested, never raise the optimum.",
        measured: Measurement(max(worst(race.byPatterns), worst(race.byNeurons))), .atMost, baseline: 1e-6,
        measuredName: "largest relative rise", baselineName: "tolerance of the solvers"))
    findings.add(
      Claim(
        "sampled-gap", "The sampled program is solved to a duality gap below a millionth.",
        measured: Measurement(race.byNeurons.map(\.certificate.relativeGap).max()!), .below, baseline: 1e-6,
        measuredName: "relative gap, at most", baselineName: "threshold"))
    findings.add(
      Claim(
        "certified", "The network is certified optimal: its objective is within 0.3 % of the bound from the dual.",
        measured: Measurement(race.exactCertificate.relativeGap), .atMost, baseline: 3e-3, measuredName: "relative gap",
        baselineName: "threshold"))
    findings.add(Metric("race.optimum", Measurement(optimum)))
    findings.add(Metric("race.lower-bound", Measurement(race.exactCertificate.dual)))
    findings.add(Metric("race.patterns", Measurement(race.exact.patterns.count)))
    findings.add(Metric("race.neurons", Measurement(network.neuronCount)))

    var table = Table(
      "optima", title: "The objective reached on \(race.problem.count) points, beta = \(options.raceBeta)",
      columns: ["method", "size", "objective", "lower bound (dual)"])
    for one in race.byPatterns { table.append(["ADMM, P patterns", .init(one.count), .init(one.objective), .init(one.certificate.dual)]) }
    for one in race.byNeurons {
      table.append(["sampled program, N neurons", .init(one.count), .init(one.objective), .init(one.certificate.dual)])
    }
    for one in race.adams { table.append(["Adam, m neurons", .init(one.neurons), .number(Measurement(one.objectives)), .empty]) }
    findings.add(table)

    let floor = min(race.exactCertificate.dual, optimum)
    func excess(_ value: Double) -> Double { max((value - floor) / floor, 1e-7) }
    // The value at v may lie below the optimum as long as blocks are outside their cones.
    var curves = [
      Curve(
        "ADMM on all \(race.exact.patterns.count) patterns", x: race.iterations.map(Double.init),
        runs: [race.objectives.map { max(abs($0 - floor) / floor, 1e-7) }])
    ]
    for one in race.adams {
      curves.append(
        Curve("Adam, m = \(one.neurons)", x: one.steps.map(Double.init), runs: one.curves.map { $0.map(excess) }, role: .baseline))
    }
    findings.add(
      Figure(
        "race", title: "To the global optimum, and to wherever the start leads",
        caption: "Distance of the objective from the dual's lower bound, as a share of it, by iteration; the mean of Adam's starts with a "
          + "standard error.",
        .lines(
          LinePlot(x: Axis("iteration", scale: .logarithmic), y: Axis("objective above the bound, relative", scale: .logarithmic), curves)))
    )
    findings.add(
      Figure(
        "sampling", title: "How many patterns or neurons are enough",
        caption:
          "The optimum of programs with sampled patterns (exact program) and with sampled neurons, nested samples, beside the optimum over all.",
        .lines(
          LinePlot(
            x: Axis("patterns or neurons", scale: .logarithmic), y: Axis("optimum", scale: .logarithmic),
            [
              Curve("P patterns", x: race.byPatterns.map { Double($0.count) }, runs: [race.byPatterns.map(\.objective)]),
              Curve("N neurons", x: race.byNeurons.map { Double($0.count) }, runs: [race.byNeurons.map(\.objective)]),
            ]))))
  }

  // MARK: Clusters

  private func addClusters(to findings: inout Findings) {
    let outcomes = clusters.outcomes
    findings.add(
      Claim(
        "bound-holds", "For hinge, squared loss and cross entropy the robust program's value bounds the loss under attack.",
        measured: Measurement(outcomes.map { $0.attacked - $0.bound }.max()!), .atMost, baseline: 1e-9,
        measuredName: "attacked training loss less the bound, at most", baselineName: "rounding"))
    findings.add(
      Claim(
        "no-perturbation-is-plain", "With epsilon = 0 the robust program has the plain program's optimum.",
        measured: Measurement(outcomes.map { abs($0.zeroRadius - $0.direct) / max($0.direct, 1e-12) }.max()!), .atMost, baseline: 1e-6,
        measuredName: "relative difference of two solvers, at most", baselineName: "tolerance"))
    let hinge = outcomes[0]
    findings.add(
      Claim(
        "clusters-withstand", "On XOR the robust network's hinge under attack is below 0.01.", measured: Measurement(hinge.attacked),
        .below,
        baseline: 0.01, measuredName: "robust, attacked training hinge", baselineName: "threshold"))
    findings.add(
      Claim(
        "clusters-break", "The plainly trained network's hinge under the same attack is above 0.3.",
        measured: Measurement(hinge.plainAttacked),
        .above, baseline: 0.3, measuredName: "plain, attacked training hinge", baselineName: "threshold"))
    findings.add(
      Claim(
        "clusters-separated", "The robust network tells the clusters apart without an error, which no affine model can.",
        measured: Measurement(100 * hinge.accuracy), .atLeast, baseline: 100, unit: .percent, measuredName: "robust, test accuracy",
        baselineName: "all"))
    var table = Table(
      "clusters", title: "XOR clusters, epsilon = \(options.clusterEpsilon)",
      columns: [
        "loss", "bound", "robust network, attacked", "plain network, attacked", Table.Column("robust, test", .percent),
        Table.Column("plain, test", .percent), "neurons",
      ])
    for one in outcomes {
      table.append([
        .text(one.loss.rawValue), .init(one.bound), .init(one.attacked), .init(one.plainAttacked), .init(100 * one.accuracy),
        .init(100 * one.plainAccuracy), .init(one.robust.network.neuronCount),
      ])
    }
    findings.add(table)
    for (name, title, solution) in [
      ("clusters-robust", "Trained against perturbation", hinge.robust), ("clusters-plain", "Trained plainly", hinge.plain),
    ] {
      findings.add(
        Figure(
          name, title: "\(title): the network's output over the plane",
          caption: "Clusters lie at (±1, ±1). Cut off at ±2; where the colour changes the network changes its mind.",
          .heatMap(
            HeatMap(
              x: "x1, from -2 to 2", y: "x2, from -2 to 2", value: "f(x)", ConvexReLUClusters.map(solution.network, points: 41)))))
    }
  }

  // MARK: Cost

  private func addCost(to findings: inout Findings) throws {
    let difference = try ConvexReLURace.factorizationDifference(race.problem, patterns: race.exact.patterns)
    findings.add(
      Claim(
        "factorisations-agree", "Solving through a d x d and an n x n matrix gives the iterates of the 2Pd x 2Pd factorisation.",
        measured: Measurement(difference), .atMost, baseline: 1e-10, measuredName: "largest difference in 50 iterations",
        baselineName: "tolerance"))
    let counts = [4, 8, 16, 32, 64]
    let work = try ConvexReLURace.work(counts)
    findings.add(
      Figure(
        "cost", title: "Work of an iteration by the number of patterns",
        caption:
          "Floating point operations of one iteration as planned, n = 64 examples, d = 8: through the whole matrix's factor they grow with the square of "
          + "P, through the two small factors in proportion to it.",
        .lines(
          LinePlot(
            x: Axis("P patterns", scale: .logarithmic), y: Axis("operations of an iteration", scale: .logarithmic),
            work.enumerated().map { index, one in
              Curve(one.update, x: counts.map(Double.init), runs: [one.flops], role: index == 0 ? .method : .baseline)
            }))))
    func exponent(_ flops: [Double]) -> Double { log2(flops[flops.count - 1] / flops[flops.count - 3]) / 2 }
    findings.add(
      Claim(
        "quadratic-iterations", "An iteration's work grows at most with the square of d P, the factor being reused.",
        measured: Measurement(exponent(work[1].flops)), .atMost, baseline: 2.05, measuredName: "exponent in P, Cholesky",
        baselineName: "quadratic"))
    findings.add(
      Claim(
        "linear-in-patterns", "Through the two small factors it grows in proportion to P.", measured: Measurement(exponent(work[0].flops)),
        .atMost, baseline: 1.1, measuredName: "exponent in P, Woodbury", baselineName: "linear"))
    guard options.boundTrials > 0 else { return }
    let share = try ConvexReLURace.improvements(trials: options.boundTrials, seed: seed)
    findings.add(
      Claim(
        "enough-patterns", "After as many draws as theorem A asks for (psi = 0.2, xi = 0.1), one more rarely improves the optimum.",
        measured: Measurement(share), .atMost, baseline: 0.2, measuredName: "share of \(options.boundTrials) trials", baselineName: "psi"))
  }

  private func addScale(to findings: inout Findings) {
    guard let scale else { return }
    findings.add(Metric("scale.objective", Measurement(scale.objective)))
    findings.add(Metric("scale.accuracy", Measurement(100 * scale.accuracy), .percent))
    findings.add(Metric("scale.adam-accuracy", Measurement(scale.adamAccuracy.map { 100 * $0 }), .percent))
    findings.add(Metric("scale.dense-factor-bytes", Measurement(scale.denseBytes), .bytes))
    findings.add(
      Claim(
        "scale-reaches-accuracy",
        "At full size, \(options.scaleIterations) iterations give a network as accurate as Adam's, within 3 points.",
        measured: Measurement(100 * scale.accuracy), .atLeast, baseline: Measurement(scale.adamAccuracy.map { 100 * $0 }), margin: -3,
        unit: .percent,
        measuredName: "ADMM (\(options.update.rawValue)), test accuracy", baselineName: "Adam, as many neurons, test accuracy"))
    findings.add(
      Figure(
        "scale", title: "The first tens of iterations do most",
        caption:
          "Value of the program at v by iteration: \(scale.examples) pictures of \(scale.features) features, P = \(options.scalePatterns).",
        .lines(
          LinePlot(
            x: "iteration", y: Axis("objective", scale: .logarithmic),
            [Curve("ADMM, \(options.update.rawValue)", x: scale.iterations.map(Double.init), runs: [scale.objectives])]))))
  }
}
