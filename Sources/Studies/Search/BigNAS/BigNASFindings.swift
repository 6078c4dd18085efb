import Layers
import Search
import Tensors
import Training

/// What the trained networks say about the paper's claims.
struct BigNASFindings {
  let options: BigNASOptions
  let preset: Preset
  let data: SupernetData
  let design: SupernetDesign
  let references: BigNASReferences
  /// By seed, then by variant.
  let results: [[BigNASResult]]
  let ablations: [BigNASResult]
  /// By reference network; empty where none was trained alone.
  let alone: [Double]
  let aloneCosts: [TrainingCost]
  /// By length, then by seed: accuracies by reference network.
  let lengths: [[(cold: [Double], labels: [Double])]]
  let selected: SelectionResult

  private let extremes = [BigNASReferences.smallest, BigNASReferences.middle, BigNASReferences.largest]

  func findings() -> Findings {
    var findings = Findings(on: data.summary)
    addClaims(to: &findings)
    addAccuracies(to: &findings)
    addLengths(to: &findings)
    addSelection(to: &findings)
    addLatencies(to: &findings)
    addCosts(to: &findings)
    return findings
  }

  private func all(_ variant: BigNASVariant) -> [BigNASResult]? {
    if let index = options.variants.firstIndex(of: variant) { return results.map { $0[index] } }
    return ablations.first { $0.variant == variant }.map { [$0] }
  }

  private func accuracy(_ variant: BigNASVariant, _ index: Int) -> Measurement? {
    all(variant).map { Measurement($0.map { $0.accuracies[index] }) }
  }

  private func meanOfExtremes(_ variant: BigNASVariant) -> Measurement? {
    all(variant).map { Measurement($0.map { result in extremes.reduce(0) { $0 + result.accuracies[$1] } / Double(extremes.count) }) }
  }

  private func meanOfAll(_ variant: BigNASVariant) -> Measurement? {
    all(variant).map { Measurement($0.map { $0.accuracies.reduce(0, +) / Double($0.accuracies.count) }) }
  }

  // MARK: Accuracy

  private func addAccuracies(to findings: inout Findings) {
    let percent = { (name: String) in Table.Column(name, .percent) }
    var table = Table(
      "accuracy", title: "Test accuracy of the same networks as they are cut out, calibrated, without further training",
      columns: [
        "training", percent("smallest"), percent("middle"), percent("largest"), percent("mean of all"), Table.Column("cost", "GMAC"),
        "seeds",
      ])
    for variant in options.variants + options.ablations {
      let runs = all(variant)!
      table.append(
        [.text(variant.title)] + extremes.map { .number(accuracy(variant, $0)!) } + [
          .number(meanOfAll(variant)!), .number(Measurement(runs.map { $0.cost.multiplyAdds / 1e9 })), .init(runs.count),
        ])
      for (index, name) in zip(extremes, ["smallest", "middle", "largest"]) {
        findings.add(Metric("\(variant.rawValue).\(name)-accuracy", accuracy(variant, index)!, .percent))
      }
    }
    if !alone.isEmpty {
      table.append(
        ["each trained alone"] + extremes.map { .init(alone[$0]) } + [
          .init(alone.reduce(0, +) / Double(alone.count)), .init(aloneCosts.reduce(0) { $0 + $1.multiplyAdds } / 1e9), 1,
        ])
      for (index, name) in zip(extremes, ["smallest", "middle", "largest"]) {
        findings.add(Metric("alone.\(name)-accuracy", Measurement(alone[index]), .percent))
      }
    }
    findings.add(table)

    let order = references.multiplyAdds.indices.sorted { references.multiplyAdds[$0] < references.multiplyAdds[$1] }
    let x = order.map { Double(references.multiplyAdds[$0]) / 1000 }
    var curves = options.variants.map { variant in Curve(variant.title, x: x, y: order.map { accuracy(variant, $0)! }, role: variant.role) }
    if !alone.isEmpty { curves.append(Curve("each trained alone", x: x, y: order.map { Measurement(alone[$0]) }, role: .baseline)) }
    findings.add(
      Figure(
        "accuracy", title: "One training, networks of every size",
        caption:
          "Test accuracy of the same networks by their multiply-adds, as they are cut out, by the way in which the shared weights were trained.",
        .lines(LinePlot(x: Axis("multiply-adds, thousands"), y: Axis("test accuracy", .percent), curves))))
  }

  private func addLengths(to findings: inout Findings) {
    guard !lengths.isEmpty else { return }
    func mean(_ values: [Double]) -> Double { extremes.reduce(0) { $0 + values[$1] } / Double(extremes.count) }
    let gaps = lengths.map { Measurement($0.map { mean($0.labels) - mean($0.cold) }) }
    var table = Table(
      "lengths",
      title: "How far distillation by a cold teacher lies behind labels, by the length of training (mean of smallest, middle, largest)",
      columns: ["epochs", Table.Column("labels", .percent), Table.Column("distilled in place", .percent), Table.Column("gap", .percent)])
    for (length, (runs, gap)) in zip(options.lengths, zip(lengths, gaps)) {
      table.append([
        .init(length), .number(Measurement(runs.map { mean($0.labels) })), .number(Measurement(runs.map { mean($0.cold) })), .number(gap),
      ])
      findings.add(Metric("gap-after-\(length)-epochs", gap, .percent))
    }
    findings.add(table)
    findings.add(
      Figure(
        "lengths", title: "A cold teacher catches up",
        caption: "Labels minus distillation in place, mean of smallest, middle and largest network, by epochs of training.",
        .lines(
          LinePlot(
            x: Axis("epochs", scale: .logarithmic), y: Axis("gap", .percent), [Curve("gap", x: options.lengths.map(Double.init), y: gaps)]))
      ))
    for (index, (short, long)) in zip(gaps, gaps.dropFirst()).enumerated() {
      findings.add(
        Claim(
          "gap-shrinks-\(options.lengths[index])-to-\(options.lengths[index + 1])",
          "The gap of the cold teacher to labels shrinks with the length of training.",
          measured: long, .atMost, baseline: short, unit: .percent, measuredName: "gap after \(options.lengths[index + 1]) epochs",
          baselineName: "after \(options.lengths[index])"))
    }
  }

  // MARK: Selection

  private func addSelection(to findings: inout Findings) {
    var table = Table(
      "selection", title: "Coarse to fine: the best skeleton within a bound, then small changes",
      columns: [
        "bound, multiply-adds", "multiply-adds", Table.Column("best skeleton", .percent), Table.Column("after changes", .percent),
        Table.Column("test accuracy", .percent),
      ])
    for network in selected.selected {
      table.append([
        .init(network.limit), .init(network.multiplyAdds), .init(network.skeleton), .init(network.found), .init(network.accuracy),
      ])
      findings.add(Metric("selected-\(network.limit).test-accuracy", Measurement(network.accuracy), .percent))
    }
    findings.add(table)
    findings.add(
      Figure(
        "selection", title: "Skeletons and what is chosen from them",
        caption:
          "Accuracy on the pictures set apart by multiply-adds: every skeleton of the grid, and the networks chosen within the bounds by small changes.",
        .pareto(
          ParetoPlot(
            x: Axis("multiply-adds, thousands"), .lower, y: Axis("accuracy", .percent), .higher,
            selected.skeletons.map { .init(x: $0.multiplyAdds / 1000, y: $0.accuracy, role: .baseline) }
              + selected.selected.map { .init("within \($0.limit / 1000)k", x: Double($0.multiplyAdds) / 1000, y: $0.found) }))))
    if !selected.fineTuned.isEmpty {
      var tuned = Table(
        "fine-tuning", title: "An epoch by itself, at a hundredth of the rate",
        columns: ["network", Table.Column("as cut out", .percent), Table.Column("after", .percent)])
      for row in selected.fineTuned {
        tuned.append([.text(row.name), .init(row.before), .init(row.after)])
        findings.add(Metric("fine-tuning-\(row.name).gain", Measurement(row.after - row.before), .percent))
      }
      findings.add(tuned)
    }
  }

  private func addLatencies(to findings: inout Findings) {
    var table = Table(
      "latency", title: "One picture through a network, medians of \(options.latencyRuns) runs",
      columns: [
        "network", "multiply-adds", Table.Column("plain, folded", .milliseconds), Table.Column("plain", .milliseconds),
        Table.Column("slices of the supernet", .milliseconds),
      ])
    for row in selected.latencies {
      table.append([.text(row.name), .init(row.multiplyAdds), .init(row.folded), .init(row.plain), .init(row.sliced)])
      findings.add(Metric("latency-\(row.name).plain", Measurement(row.folded), .milliseconds))
      findings.add(Metric("latency-\(row.name).sliced", Measurement(row.sliced), .milliseconds))
    }
    findings.add(table)
  }

  private func addCosts(to findings: inout Findings) {
    for variant in options.variants {
      findings.add(Metric("\(variant.rawValue).training-gmacs", Measurement(all(variant)!.map { $0.cost.multiplyAdds / 1e9 }), "GMAC"))
    }
  }

  // MARK: Claims

  private func addClaims(to findings: inout Findings) {
    let (smallest, largest) = (BigNASReferences.smallest, BigNASReferences.largest)
    func claim(
      _ id: String, _ statement: String, _ value: Measurement, _ relation: Relation, _ baseline: Measurement, _ margin: Double = 0,
      unit: Unit = .percent, _ names: (String, String)
    ) {
      findings.add(
        Claim(
          id, statement, measured: value, relation, baseline: baseline, margin: margin, unit: unit, measuredName: names.0,
          baselineName: names.1))
    }
    if let labels = accuracy(.sandwichLabels, largest), let uniform = accuracy(.uniform, largest) {
      claim(
        "sandwich-helps-the-largest",
        "With labels for all, the sandwich makes the largest network better than training of random networks does.",
        labels, .atLeast, uniform, 1, ("sandwich with labels, largest network", "random networks, largest network"))
      claim(
        "sandwich-keeps-the-smallest", "And the smallest one no worse.", accuracy(.sandwichLabels, smallest)!, .atLeast,
        accuracy(.uniform, smallest)!, -0.3, ("sandwich with labels, smallest network", "random networks, smallest network"))
    }
    if let runs = all(.sandwichLabels), !alone.isEmpty {
      let worst = runs.map { run in run.accuracies.indices.map { run.accuracies[$0] - alone[$0] }.min()! }
      claim(
        "close-to-alone", "Every network cut out is within four points of the same network trained alone.", Measurement(worst), .atLeast,
        Measurement(-4.0), 0, ("worst difference to a network trained alone", "-4 points"))
      let means = references.architectures.indices.map { index in runs.reduce(0) { $0 + $1.accuracies[index] } / Double(runs.count) }
      claim(
        "ranks-as-alone", "Networks rank as they do when trained alone (Kendall's tau).", Measurement(kendallCorrelation(means, alone)),
        .atLeast,
        0.5, unit: .none, ("tau over \(alone.count) networks", "threshold"))
    }
    if let warm = meanOfExtremes(.warm), let cold = meanOfExtremes(.sandwich) {
      claim(
        "warm-teacher-is-better", "A teacher that has learnt first is better than a cold one, after as many epochs.", warm, .above, cold, 0,
        ("warm teacher, mean of smallest, middle and largest", "cold teacher"))
    }
    claim(
      "calibration-is-needed", "A network evaluated by the largest one's statistics loses at least 10 points.",
      Measurement(selected.calibrated),
      .atLeast, Measurement(selected.borrowed), 10, ("smallest network, calibrated", "by the largest network's statistics"))
    if let small = selected.latencies.first, let large = selected.latencies.last {
      claim(
        "small-runs-faster", "The smallest network, cut out, takes less time for a picture than the largest.", Measurement(small.folded),
        .atMostTimes,
        Measurement(large.folded), 0.9, unit: .milliseconds, ("smallest network, plain", "largest network, plain"))
      claim(
        "plain-runs-faster", "A network cut out takes less time than the same one as slices of the supernet.", Measurement(small.folded),
        .atMost,
        Measurement(small.sliced), 0, unit: .milliseconds, ("smallest network, plain", "smallest network, slices"))
    }
  }
}
