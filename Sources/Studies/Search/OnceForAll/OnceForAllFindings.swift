import Layers
import Search
import Tensors
import Training

/// What the trained networks say about the paper's claims.
struct OnceForAllFindings {
  let setup: SupernetSetup<OnceForAllOptions>
  let networks: ReferenceNetworks
  /// By seed.
  let results: [OnceForAllResult]
  let deployed: DeploymentResult?

  private var options: OnceForAllOptions { setup.options }
  private var data: SupernetData { setup.data }

  func findings() -> Findings {
    var findings = Findings(on: data.summary)
    addClaims(to: &findings)
    addAccuracies(to: &findings)
    addPhases(to: &findings)
    addCosts(to: &findings)
    if let deployed { addDeployment(deployed, to: &findings) }
    return findings
  }

  private func measured(_ value: (OnceForAllResult) -> Double) -> Measurement { Measurement(results.map(value)) }

  private func mean(_ values: [Double], _ indices: [Int]) -> Double { indices.reduce(0) { $0 + values[$1] } / Double(indices.count) }

  // MARK: Accuracy

  private func addAccuracies(to findings: inout Findings) {
    var table = Table(
      "accuracy", title: "Test accuracy of the same networks, calibrated, by how the weights came about",
      columns: [
        "network", "multiply-adds", Table.Column("slice of the largest", .percent), Table.Column("progressive shrinking", .percent),
        Table.Column("without phases", .percent), Table.Column("trained alone", .percent),
      ])
    for (index, network) in networks.all.enumerated() {
      let alone = results.compactMap { $0.alone[index] }
      table.append([
        .text(network.name), .init(network.multiplyAdds), .number(measured { $0.sliced[index] }), .number(measured { $0.shrunk[index] }),
        hasUniform ? .number(measured { $0.uniform[index] }) : .empty, alone.isEmpty ? .empty : .number(Measurement(alone)),
      ])
      let slug = network.name.replacing(" ", with: "-")
      findings.add(Metric("\(slug).sliced-accuracy", measured { $0.sliced[index] }, .percent))
      findings.add(Metric("\(slug).shrunk-accuracy", measured { $0.shrunk[index] }, .percent))
      if hasUniform { findings.add(Metric("\(slug).uniform-accuracy", measured { $0.uniform[index] }, .percent)) }
      if !alone.isEmpty { findings.add(Metric("\(slug).alone-accuracy", Measurement(alone), .percent)) }
    }
    findings.add(table)

    func points(_ values: (OnceForAllResult) -> [Double]) -> [(x: Double, y: Measurement)] {
      networks.all.enumerated().map { index, network in
        (Double(network.multiplyAdds) / 1000, measured { values($0)[index] })
      }.sorted { $0.0 < $1.0 }
    }
    func curve(_ name: String, _ points: [(x: Double, y: Measurement)], _ role: SeriesRole) -> Curve {
      Curve(name, x: points.map(\.x), y: points.map(\.y), role: role)
    }
    var curves = [curve("progressive shrinking", points(\.shrunk), .method)]
    if hasUniform { curves.append(curve("without phases and teacher", points(\.uniform), .baseline)) }
    let alone = networks.all.indices.filter { index in results.allSatisfy { $0.alone[index] != nil } }.map { index in
      (x: Double(networks.all[index].multiplyAdds) / 1000, y: measured { $0.alone[index]! })
    }.sorted { $0.x < $1.x }
    if alone.count > 1 { curves.append(curve("trained alone", alone, .baseline)) }
    curves.append(curve("slices of the largest network", points(\.sliced), .baseline))
    findings.add(
      Figure(
        "accuracy", title: "One training, networks of every size",
        caption:
          "Test accuracy of the same networks by their multiply-adds: cut out of one supernet after progressive shrinking, after as many steps without "
          + "phases and teacher, trained alone, and cut out of the largest network without further training.",
        .lines(LinePlot(x: Axis("multiply-adds, thousands"), y: Axis("test accuracy", .percent), curves))))
  }

  private var hasUniform: Bool { options.uniformNetworks > 0 }

  private func addPhases(to findings: inout Findings) {
    var table = Table(
      "phases", title: "Mean accuracy of the corner networks of each phase, on the pictures set apart",
      columns: ["phase", Table.Column("corner networks", .percent)])
    for index in results[0].corners.indices {
      let accuracies = results.compactMap { $0.corners[index].accuracy }
      table.append([.text(results[0].corners[index].phase), accuracies.isEmpty ? .empty : .number(Measurement(accuracies))])
    }
    findings.add(table)
  }

  // MARK: Cost

  private func addCosts(to findings: inout Findings) {
    func giga(_ cost: TrainingCost) -> Double { cost.multiplyAdds / 1e9 }
    let total = measured { giga($0.fullCost + $0.shrinkingCost) }
    findings.add(Metric("once-for-all.training-gmacs", total, "GMAC"))
    findings.add(Metric("rollbacks", measured { Double($0.rollbacks) }))
    var table = Table(
      "training-cost", title: "What training costs, in billions of multiply-adds",
      columns: ["training", Table.Column("cost", "GMAC"), "passes"],
      rows: [
        ["largest network", .number(measured { giga($0.fullCost) }), .number(measured { Double($0.fullCost.passes) })],
        ["shrinking", .number(measured { giga($0.shrinkingCost) }), .number(measured { Double($0.shrinkingCost.passes) })],
      ])
    if hasUniform {
      table.append(["without phases", .number(measured { giga($0.uniformCost) }), .number(measured { Double($0.uniformCost.passes) })])
    }
    // A network of average size trained alone, once for every deployment.
    let steps = Double(options.fullEpochs * max(1, data.training.count / options.batchSize))
    let average = networks.all.reduce(0.0) { $0 + Double($1.multiplyAdds) } / Double(networks.all.count)
    let single = 3 * average * steps * Double(options.batchSize) / 1e9
    table.append(["one network of average size, alone", .init(single), .init(steps)])
    findings.add(table)
    let counts = [1.0, 2, 5, 10, 20, 40]
    findings.add(
      Figure(
        "deployments", title: "What it costs to serve many devices",
        caption:
          "Training cost by the number of networks that are deployed: one supernet, or a training for each (of average size, as long as the largest).",
        .lines(
          LinePlot(
            x: "networks deployed", y: Axis("training cost", "GMAC"),
            [
              Curve("once for all", x: counts, y: counts.map { _ in total }),
              Curve("each alone", x: counts, y: counts.map { Measurement($0 * single) }, role: .baseline),
            ]))))
    findings.add(
      Claim(
        "constant-cost", "For 40 deployments one supernet costs less than training each network alone.", measured: total, .below,
        baseline: Measurement(40 * single), unit: "GMAC", measuredName: "supernet, all phases", baselineName: "40 networks alone"))
  }

  // MARK: Deployment

  private func addDeployment(_ result: DeploymentResult, to findings: inout Findings) {
    findings.add(Metric("predictor.rank-correlation", Measurement(result.quality.rankCorrelation)))
    findings.add(Metric("predictor.error", Measurement(100 * result.quality.error), .percent))
    findings.add(
      Claim(
        "predictor-ranks", "The predictor ranks architectures that it has not seen (Kendall's tau).",
        measured: Measurement(result.quality.rankCorrelation),
        .atLeast, baseline: 0.6, measuredName: "tau on \(result.quality.count) held-out networks", baselineName: "threshold"))
    var table = Table(
      "search", title: "Networks found by evolution on the predictor",
      columns: [
        "bound", "limit", Table.Column("predicted", .percent), Table.Column("test accuracy", .percent), "multiply-adds",
        Table.Column("by the table", .milliseconds), Table.Column("timed", .milliseconds), "architecture",
      ])
    for network in result.found {
      table.append([
        .text(network.name), .init(network.limit), .init(network.predicted), .init(network.accuracy), .init(network.multiplyAdds),
        .init(network.tableLatency), .init(network.measuredLatency), .text(words(network.architecture)),
      ])
      findings.add(Metric("search-\(network.name).test-accuracy", Measurement(network.accuracy), .percent))
      findings.add(Metric("search-\(network.name).latency", Measurement(network.measuredLatency), .milliseconds))
    }
    findings.add(table)
    if !result.random.isEmpty {
      findings.add(Metric("search-random.mean-accuracy", Measurement(result.random.reduce(0, +) / Double(result.random.count)), .percent))
      findings.add(Metric("search-random.best-accuracy", Measurement(result.random.max()!), .percent))
      findings.add(
        Claim(
          "search-beats-random", "The network found within the bound is at least as accurate as random ones of the same size.",
          measured: Measurement(result.found[0].accuracy), .atLeast,
          baseline: Measurement(result.random.reduce(0, +) / Double(result.random.count)), unit: .percent,
          measuredName: "found network, test accuracy", baselineName: "mean of \(result.random.count) random networks"))
    }
    if let tuned = result.fineTuned { findings.add(Metric("search-multiply-adds.fine-tuned-accuracy", Measurement(tuned), .percent)) }
    addLatency(result, to: &findings)
    findings.add(
      Figure(
        "search", title: "The search is a matter of seconds",
        caption: "The best predicted accuracy within the bound on multiply-adds, by iteration of the evolution.",
        .lines(
          LinePlot(
            x: "iteration", y: Axis("best predicted accuracy", .percent),
            [Curve("evolution", x: result.history.indices.map(Double.init), y: result.history.map { Measurement($0) })]))))
  }

  private func addLatency(_ result: DeploymentResult, to findings: inout Findings) {
    let errors = result.latencies.map { abs($0.table - $0.measured) / $0.measured * 100 }
    findings.add(Metric("latency-table.mean-error", Measurement(errors.reduce(0, +) / Double(errors.count)), .percent))
    findings.add(
      Metric(
        "latency-table.rank-correlation", Measurement(kendallCorrelation(result.latencies.map(\.table), result.latencies.map(\.measured)))))
    let limits = result.latencies.flatMap { [$0.table, $0.measured] }
    let (least, greatest) = (limits.min()!, limits.max()!)
    let diagonal = (0...40).map { least + (greatest - least) * Double($0) / 40 }
    findings.add(
      Figure(
        "latency", title: "Latency by the table, and timed",
        caption:
          "Milliseconds of one picture through whole networks: the sum of \(result.tableRows) measured rows against the network timed directly (\(result.machine)).",
        .scatter(
          ScatterPlot(
            x: Axis("timed", .milliseconds), y: Axis("by the table", .milliseconds),
            [
              .init("networks", result.latencies.map { .init($0.measured, $0.table) }),
              .init("equal", diagonal.map { .init($0, $0) }, role: .baseline),
            ]))))
  }

  private func words(_ architecture: Architecture) -> String {
    let space = setup.design.space
    return space.genes.indices.filter { space.genes[$0].candidates.count > 1 && space.isActive($0, in: architecture) }
      .map { "\(space.genes[$0].id) \(space.value(of: $0, in: architecture))" }.joined(separator: ", ")
  }

  // MARK: Claims

  private func addClaims(to findings: inout Findings) {
    func claim(
      _ id: String, _ statement: String, _ value: Measurement, _ relation: Relation, _ baseline: Measurement, _ margin: Double = 0,
      _ names: (String, String)
    ) {
      findings.add(
        Claim(
          id, statement, measured: value, relation, baseline: baseline, margin: margin, unit: .percent, measuredName: names.0,
          baselineName: names.1))
    }
    let (smallest, middle, largest) = (ReferenceNetworks.smallest, ReferenceNetworks.middle, ReferenceNetworks.largest)
    claim(
      "shrinking-keeps-the-largest", "After shrinking the largest network is within 4 points of what it was before.",
      measured { $0.shrunk[largest] }, .atLeast, measured { $0.sliced[largest] }, -4, ("largest network after shrinking", "before"))
    claim(
      "slicing-collapses", "Networks cut out of an ordinary network are useless; shrinking makes them good.",
      measured { mean($0.shrunk, networks.cut) }, .above, measured { mean($0.sliced, networks.cut) }, 20,
      ("mean of cut networks, shrunk", "cut without shrinking"))
    if hasUniform {
      claim(
        "shrinking-beats-no-phases", "Progressive shrinking is better than training the elastic network without phases and teacher.",
        measured { mean($0.shrunk, Array(networks.all.indices)) }, .above, measured { mean($0.uniform, Array(networks.all.indices)) }, 0,
        ("mean of all networks, shrunk", "without phases"))
    }
    let sorted = results.compactMap(\.sortedCut)
    if !sorted.isEmpty {
      claim(
        "sorting-helps", "Cutting the width of sorted channels loses less than of unsorted ones, before any training of widths.",
        Measurement(sorted), .atLeast, Measurement(results.compactMap(\.unsortedCut)), 5, ("sorted, cut to the smallest width", "unsorted"))
    }
    claim(
      "calibration-is-needed", "A network evaluated by the largest one's statistics loses at least 10 points.",
      measured { $0.shrunk[smallest] }, .atLeast, measured { $0.uncalibrated }, 10,
      ("smallest network, calibrated", "by the largest network's statistics"))

    // What the reduced configuration reaches on Fashion-MNIST by an independent implementation, with room for another seed.
    guard setup.run.preset == .reduced, data.name.contains("fashion") else { return }
    let thresholds: [(String, String, Measurement, Relation, Double)] = [
      ("largest-learns", "The largest network learns", measured { $0.sliced[largest] }, .atLeast, 75),
      ("smallest-slice-fails", "The smallest slice of an ordinary network fails", measured { $0.sliced[smallest] }, .atMost, 30),
      ("middle-slice-fails", "The middle slice of an ordinary network fails", measured { $0.sliced[middle] }, .atMost, 50),
      ("smallest-shrinks", "The smallest network is good after shrinking", measured { $0.shrunk[smallest] }, .atLeast, 60),
      ("middle-shrinks", "The middle network is good after shrinking", measured { $0.shrunk[middle] }, .atLeast, 70),
    ]
    for (id, statement, value, relation, threshold) in thresholds {
      claim(id, "\(statement): \(Int(threshold)) %.", value, relation, Measurement(threshold), 0, ("test accuracy", "threshold"))
    }
  }
}
