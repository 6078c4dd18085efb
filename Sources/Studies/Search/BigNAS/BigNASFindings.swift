import Layers
import Search
import Tensors
import Training

/// What the trained networks say about the paper's claims.
struct BigNASFindings {
  let options: BigNASOptions
  let data: SupernetData
  let references: ReferenceNetworks
  /// By seed, then by variant, ablations after the others.
  let results: [[BigNASResult]]
  /// By reference network, with the first seed; empty where none was trained alone.
  let alone: [(accuracy: Double, outcome: SupernetOutcome)]
  /// By length, then by seed: accuracies by reference network.
  let lengths: [[(cold: [Double], labels: [Double])]]
  let selected: SelectionResult

  private let extremes = ReferenceNetworks.extremes
  private let extremeNames = ["smallest", "middle", "largest"]
  private var variants: [BigNASVariant] { options.variants + options.ablations }

  init(
    options: BigNASOptions, data: SupernetData, references: ReferenceNetworks, results: [[BigNASResult]],
    alone: [(accuracy: Double, outcome: SupernetOutcome)], lengths: [[(cold: [Double], labels: [Double])]], selected: SelectionResult
  ) {
    self.options = options
    self.data = data
    self.references = references
    self.results = results
    self.alone = alone
    self.lengths = lengths
    self.selected = selected
  }

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
    variants.firstIndex(of: variant).map { index in results.map { $0[index] } }
  }

  private func accuracy(_ variant: BigNASVariant, _ index: Int) -> Measurement? {
    all(variant).map { Measurement($0.map { $0.accuracies[index] }) }
  }

  private func mean(ofExtremes accuracies: [Double]) -> Double {
    extremes.reduce(0) { $0 + accuracies[$1] } / Double(extremes.count)
  }

  private func meanOfExtremes(_ variant: BigNASVariant) -> Measurement? {
    all(variant).map { Measurement($0.map { mean(ofExtremes: $0.accuracies) }) }
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
        "training", percent("smallest"), percent("middle"), percent("largest"), percent("mean of these"), percent("mean of all"),
        Table.Column("cost", "GMAC"), "seeds",
      ])
    for variant in variants {
      let runs = all(variant)!
      table.append(
        [.text(variant.title)] + extremes.map { .number(accuracy(variant, $0)!) } + [
          .number(meanOfExtremes(variant)!), .number(meanOfAll(variant)!), .number(Measurement(runs.map { $0.cost.multiplyAdds / 1e9 })),
          .init(runs.count),
        ])
      for (index, name) in zip(extremes, extremeNames) {
        findings.add(Metric("\(variant.rawValue).\(name)-accuracy", accuracy(variant, index)!, .percent))
      }
    }
    if !alone.isEmpty {
      table.append(
        ["each trained alone"] + extremes.map { .init(alone[$0].accuracy) } + [
          .init(mean(ofExtremes: alone.map(\.accuracy))), .init(alone.reduce(0) { $0 + $1.accuracy } / Double(alone.count)),
          .init(alone.reduce(0) { $0 + $1.outcome.cost.multiplyAdds } / 1e9), 1,
        ])
      for (index, name) in zip(extremes, extremeNames) {
        findings.add(Metric("alone.\(name)-accuracy", Measurement(alone[index].accuracy), .percent))
      }
    }
    findings.add(table)

    let order = references.all.indices.sorted { references.all[$0].multiplyAdds < references.all[$1].multiplyAdds }
    let x = order.map { Double(references.all[$0].multiplyAdds) / 1000 }
    var curves = options.variants.map { variant in Curve(variant.title, x: x, y: order.map { accuracy(variant, $0)! }, role: variant.role) }
    if !alone.isEmpty {
      curves.append(Curve("each trained alone", x: x, y: order.map { Measurement(alone[$0].accuracy) }, role: .baseline))
    }
    findings.add(
      Figure(
        "accuracy", title: "One training, networks of every size",
        caption:
          "Test accuracy of the same networks by their multiply-adds, as they are cut out, by the way in which the shared weights were trained.",
        .lines(LinePlot(x: Axis("multiply-adds, thousands"), y: Axis("test accuracy", .percent), curves))))
  }

  private func addLengths(to findings: inout Findings) {
    guard !lengths.isEmpty else { return }
    let gaps = lengths.map { Measurement($0.map { mean(ofExtremes: $0.labels) - mean(ofExtremes: $0.cold) }) }
    var table = Table(
      "lengths",
      title: "How far distillation by a cold teacher lies behind labels, by the length of training (mean of smallest, middle, largest)",
      columns: ["epochs", Table.Column("labels", .percent), Table.Column("distilled in place", .percent), Table.Column("gap", .percent)])
    for (length, (runs, gap)) in zip(options.lengths, zip(lengths, gaps)) {
      table.append([
        .init(length), .number(Measurement(runs.map { mean(ofExtremes: $0.labels) })),
        .number(Measurement(runs.map { mean(ofExtremes: $0.cold) })), .number(gap),
      ])
      findings.add(Metric("gap-after-\(length)-epochs", gap, .percent))
    }
    findings.add(table)
    let epochs = options.lengths.map(Double.init)
    findings.add(
      Figure(
        "lengths", title: "How far a cold teacher lies behind labels",
        caption:
          "Accuracy by labels minus accuracy by distillation in place, mean of smallest, middle and largest network, by epochs of training; "
          + "\(options.seeds) seed\(options.seeds == 1 ? "" : "s").",
        .lines(
          LinePlot(
            x: Axis("epochs", scale: .logarithmic), y: Axis("labels minus distillation", .percent),
            [
              Curve("gap", x: epochs, y: gaps),
              Curve("none", x: epochs, y: epochs.map { _ in Measurement(0.0) }, role: .baseline),
            ]))))
    findings.add(
      Figure(
        "lengths-accuracy", title: "Labels and a cold teacher, by length of training",
        caption: "Mean test accuracy of smallest, middle and largest network, by epochs of training.",
        .lines(
          LinePlot(
            x: Axis("epochs", scale: .logarithmic), y: Axis("test accuracy", .percent),
            [
              Curve(
                BigNASVariant.sandwich.title, x: epochs, y: lengths.map { Measurement($0.map { mean(ofExtremes: $0.cold) }) }),
              Curve(
                BigNASVariant.sandwichLabels.title, x: epochs, y: lengths.map { Measurement($0.map { mean(ofExtremes: $0.labels) }) },
                role: .baseline),
            ]))))
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
    for variant in variants {
      findings.add(Metric("\(variant.rawValue).training-gmacs", Measurement(all(variant)!.map { $0.cost.multiplyAdds / 1e9 }), "GMAC"))
    }
    let rollbacks = results.map { $0.reduce(0) { $0 + Double($1.outcome.rollbacks) } }
    findings.add(Metric("rollbacks", Measurement(rollbacks)))
  }

  // MARK: Claims

  private func addClaims(to findings: inout Findings) {
    let (smallest, largest) = (ReferenceNetworks.smallest, ReferenceNetworks.largest)
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
      let worst = runs.map { run in run.accuracies.indices.map { run.accuracies[$0] - alone[$0].accuracy }.min()! }
      claim(
        "close-to-alone", "Every network cut out is within four points of the same network trained alone.", Measurement(worst), .atLeast,
        Measurement(-4.0), 0, ("worst difference to a network trained alone", "-4 points"))
      let means = references.all.indices.map { index in runs.reduce(0) { $0 + $1.accuracies[index] } / Double(runs.count) }
      claim(
        "ranks-as-alone", "Networks rank as they do when trained alone (Kendall's tau).",
        Measurement(kendallCorrelation(means, alone.map(\.accuracy))),
        .atLeast, 0.5, unit: .none, ("tau over \(alone.count) networks", "threshold"))
    }
    if let warm = meanOfExtremes(.warm), let cold = meanOfExtremes(.sandwich) {
      claim(
        "warm-teacher-is-better", "A teacher that has learnt first is better than a cold one, after as many epochs.", warm, .above, cold, 0,
        ("warm teacher, mean of smallest, middle and largest", "cold teacher"))
    }
    addAblationClaims(to: &findings)
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

  /// What the paper says about each part of its recipe, one left out at a time.
  private func addAblationClaims(to findings: inout Findings) {
    let parts: [(id: String, statement: String, with: BigNASVariant, without: BigNASVariant)] = [
      ("zero-scales-help", "Residual blocks whose last scale starts at 0 make better networks than with 1.", .sandwich, .fullScale),
      ("regularising-the-biggest-alone-helps", "Regularising the biggest network alone is better than all.", .sandwich, .regularizesAll),
      ("constant-ending-helps", "A rate that stops at a share of the peak is better than a cosine to 0.", .constantEnding, .sandwich),
      ("labels-are-not-needed", "Labels beside the biggest network's prediction make no better networks.", .sandwich, .sandwichMixed),
    ]
    for part in parts {
      guard let with = meanOfExtremes(part.with), let without = meanOfExtremes(part.without) else { continue }
      findings.add(
        Claim(
          part.id, part.statement, measured: with, .atLeast, baseline: without, unit: .percent,
          measuredName: "\(part.with.title), mean of smallest, middle and largest", baselineName: part.without.title))
    }
  }
}
