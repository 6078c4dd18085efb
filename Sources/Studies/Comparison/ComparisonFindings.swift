import Training

/// The report of a comparison: what every method reached, and what it took.
struct ComparisonFindings {
  let options: ComparisonOptions
  /// By seed, then by system, then by contender.
  let results: [[[Contender]]]

  private struct Row {
    let system: String
    let contender: Contender
    let accuracy: Measurement
    let seconds: Measurement
    let megabytes: Measurement

    var title: String { contender.name }
    var metricName: String {
      let words = contender.name.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
      return "\(system).\(words.joined(separator: "-"))"
    }
  }

  private var rows: [Row] {
    options.systems.enumerated().flatMap { index, system in
      results[0][index].enumerated().map { position, first in
        func measured(_ value: (Contender) -> Double) -> Measurement { Measurement(results.map { value($0[index][position]) }) }
        return Row(
          system: system, contender: first, accuracy: measured(\.accuracy), seconds: measured(\.cost.seconds),
          megabytes: measured { Double($0.cost.peakBytes) / 1_048_576 })
      }
    }
  }

  func findings(on data: DataSummary) -> Findings {
    var findings = Findings(on: data)
    let rows = rows
    for row in rows {
      findings.add(Metric("\(row.metricName).test-accuracy", row.accuracy, .percent))
      findings.add(Metric("\(row.metricName).training-time", row.seconds, .seconds))
      findings.add(Metric("\(row.metricName).step-memory", row.megabytes, "MiB"))
      findings.add(Metric("\(row.metricName).parameters", Measurement(row.contender.parameterCount)))
    }
    findings.add(
      Figure(
        "accuracy-and-time", title: "Accuracy for the time of training",
        caption: "Test accuracy against the seconds that the training steps took. Of those on the front, none is beaten in both.",
        .pareto(
          ParetoPlot(
            x: Axis("training time", .seconds, scale: .logarithmic), .lower, y: Axis("test accuracy", .percent), .higher,
            rows.map { .init($0.title, x: $0.seconds.mean, y: $0.accuracy.mean, role: $0.contender.role) }))))
    findings.add(
      Figure(
        "accuracy-and-memory", title: "Accuracy for the memory of a step",
        caption: "Test accuracy against what the largest training step holds: inputs, parameters, outputs and temporaries, as planned.",
        .pareto(
          ParetoPlot(
            x: Axis("memory of a step", "MiB", scale: .logarithmic), .lower, y: Axis("test accuracy", .percent), .higher,
            rows.map { .init($0.title, x: $0.megabytes.mean, y: $0.accuracy.mean, role: $0.contender.role) }))))
    findings.add(
      Figure(
        "accuracy", title: "Test accuracy", caption: "On the same \(data.testExamples ?? 0) pictures; baselines in grey.",
        .bars(BarPlot(Axis("test accuracy", .percent), rows.map { .init($0.title, $0.accuracy, role: $0.contender.role) }))))
    var table = Table(
      "methods", title: "What every method reached within \(options.epochs) passes over \(data.trainingExamples ?? 0) pictures",
      columns: [
        "method", "system", Table.Column("test accuracy", .percent), Table.Column("training time", .seconds),
        Table.Column("memory of a step", "MiB"), "parameters",
      ])
    for row in rows {
      table.append([
        .text(row.title), .text(row.system), .number(row.accuracy), .number(row.seconds), .number(row.megabytes),
        .init(row.contender.parameterCount),
      ])
    }
    findings.add(table)
    return findings
  }
}
