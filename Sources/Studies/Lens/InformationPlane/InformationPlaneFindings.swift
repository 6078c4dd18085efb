import Foundation
import Lens
import Tensors
import Training

// Foundation has one as well.
private typealias Measurement = Training.Measurement

/// What the trajectories say about the paper's claims.
struct InformationPlaneFindings {
  let options: InformationPlaneOptions
  let task: InformationPlaneTask
  let run: StudyRun
  let training: InformationPlaneTraining
  /// By variant, in the order of the options.
  let trajectories: [InformationPlaneVariant: InformationPlaneTrajectory]
  let estimates: [InformationPlaneVariant: InformationPlaneEstimates]
  let bottleneck: InformationPlaneBottleneck?

  init(
    options: InformationPlaneOptions, task: InformationPlaneTask, run: StudyRun, training: InformationPlaneTraining,
    trajectories: [InformationPlaneVariant: InformationPlaneTrajectory], bottleneck: InformationPlaneBottleneck?
  ) throws {
    self.options = options
    self.task = task
    self.run = run
    self.training = training
    self.trajectories = trajectories
    self.bottleneck = bottleneck
    var estimates: [InformationPlaneVariant: InformationPlaneEstimates] = [:]
    for (variant, trajectory) in trajectories {
      let isBounded = variant.activation == .tanh
      estimates[variant] = try InformationPlaneEstimates(
        trajectory, task: task, binning: isBounded ? .unit(options.bins) : .runRange(options.bins))
    }
    self.estimates = estimates
  }

  private var tanh: InformationPlaneEstimates { estimates[.tanh]! }
  /// The last hidden layer of the main networks, from 0.
  private var lastHidden: Int { options.hiddenUnits.count - 1 }

  func findings() throws -> Findings {
    var findings = Findings(on: task.summary)
    addPlanes(to: &findings)
    addClaims(to: &findings)
    try addReLUArtefact(to: &findings)
    addPaths(to: &findings)
    addGradients(to: &findings)
    addSnapshots(to: &findings)
    addSummary(to: &findings)
    try addBinCounts(to: &findings)
    try addEstimators(to: &findings)
    addBottleneck(to: &findings)
    try addSweeps(to: &findings)
    return findings
  }

  // MARK: The plane

  private func mean(_ values: [LayerInformation]) -> LayerInformation {
    let n = Double(values.count)
    return LayerInformation(
      aboutInput: values.reduce(0) { $0 + $1.aboutInput } / n, aboutLabel: values.reduce(0) { $0 + $1.aboutLabel } / n)
  }

  private func layerName(_ layer: Int, of count: Int) -> String { layer == count - 1 ? "softmax" : "layer \(layer + 1)" }

  private func plane(_ estimates: InformationPlaneEstimates) -> TrajectoryPlot {
    let ceiling = log2(Double(task.labels.count))
    let labels = entropyOfLabels
    let paths = (0..<estimates.layerCount).map { layer in
      TrajectoryPlot.Path(
        layerName(layer, of: estimates.layerCount),
        estimates.epochs.indices.map { record in
          let point = mean(estimates.values[record][layer])
          return TrajectoryPlot.Point(point.aboutInput, point.aboutLabel, at: Double(estimates.epochs[record]))
        })
    }
    let bound = TrajectoryPlot.Path(
      "bound of a deterministic rule", [.init(0, 0, at: 0), .init(labels, labels, at: 0), .init(ceiling, labels, at: 0)])
    return TrajectoryPlot(
      x: Axis("I(X;T)", "bit"), y: Axis("I(T;Y)", "bit"), value: Axis("epoch", scale: .logarithmic), paths, reference: [bound])
  }

  private var entropyOfLabels: Double {
    let counts = (0..<task.classCount).map { label in task.labels.count { $0 == label } }
    let n = Double(task.labels.count)
    return counts.reduce(0) { $0 - ($1 > 0 ? Double($1) / n * log2(Double($1) / n) : 0) }
  }

  private func addPlanes(to findings: inout Findings) {
    findings.add(
      Figure(
        "information-plane", title: "What each layer keeps of the input, and of the label",
        caption:
          "Layers of tanh networks in the information plane, the mean of \(options.networks) networks; colour is the epoch, by logarithm. "
          + "\(tanh.edges), all \(task.labels.count) patterns. Up is fitting, left is compression.",
        .trajectories(plane(tanh))))
    for variant in options.variants where variant != .tanh {
      guard let one = estimates[variant] else { continue }
      findings.add(
        Figure(
          "information-plane-\(variant.rawValue)", title: "The same for \(variant.title)",
          caption: "As above; \(one.edges).", .trajectories(plane(one))))
    }
  }

  // MARK: Claims

  private func addClaims(to findings: inout Findings) {
    let (bits, peakEpochs, _, _) = tanh.compression(layer: lastHidden)
    let name = "layer \(lastHidden + 1) of tanh networks"
    findings.add(
      Claim(
        "compression", "Saturating networks compress: I(X;T) of the last hidden layer falls by 2 bits and more after its peak.",
        measured: Measurement(bits), .atLeast, baseline: 2, unit: "bit", measuredName: "peak less end, \(name)", baselineName: "threshold"))
    findings.add(
      Claim(
        "fitting-is-short", "The peak comes within the first tenth of the epochs: compression is most of the training.",
        measured: Measurement(peakEpochs), .atMost, baseline: Measurement(Double(options.epochs) / 10), unit: "epochs",
        measuredName: "epoch of the peak, \(name)", baselineName: "a tenth"))
    findings.add(
      Claim(
        "label-is-kept", "What is left is what the label needs: I(T;Y) ends near H(Y).",
        measured: Measurement(tanh.final(layer: lastHidden).map(\.aboutLabel)), .atLeast, baseline: 0.95, unit: "bit",
        measuredName: "I(T;Y) at the end, \(name)", baselineName: "threshold"))
    if let relu = estimates[.relu], relu.layerCount > 2 {
      let layer = min(2, lastHidden)
      findings.add(
        Claim(
          "relu-does-not-compress", "ReLU networks, binned over the range of the run, compress less than half as much.",
          measured: Measurement(relu.compression(layer: layer).bits), .atMostTimes, baseline: Measurement(bits), margin: 0.5, unit: "bit",
          measuredName: "peak less end, layer \(layer + 1) of ReLU networks", baselineName: name))
    }
    if let small = estimates[.smallSample] {
      let softmax = tanh.layerCount - 1
      let falls = (0..<small.networkCount).map { network -> Double in
        let path = small.aboutLabel(layer: softmax, network: network)
        return path.max()! - path.last!
      }
      findings.add(
        Claim(
          "small-sample-forgets", "Trained on a small part of the patterns, the output's I(T;Y) ends below its own maximum.",
          measured: Measurement(falls), .atLeast, baseline: 0.08, unit: "bit", measuredName: "maximum less end, softmax",
          baselineName: "threshold"))
      let ends = small.final(layer: softmax).map(\.aboutLabel)
      findings.add(
        Claim(
          "small-sample-learns-less", "It ends 0.3 bit and more below training on \(Int(100 * options.trainingShare)) % of them.",
          measured: Measurement(tanh.final(layer: softmax).map(\.aboutLabel)), .atLeast, baseline: Measurement(ends), margin: 0.3,
          unit: "bit",
          measuredName: "I(T;Y) at the end, \(Int(100 * options.trainingShare)) %",
          baselineName: "\(NumberText.short(100 * options.smallShare)) %"))
    }
    let identities = identityViolation()
    findings.add(
      Claim(
        "identities", "0 <= I(T;Y) <= I(X;T), and neither exceeds what there is, for every network, layer and epoch.",
        measured: Measurement(identities), .atMost, baseline: 1e-9, unit: "bit", measuredName: "largest violation", baselineName: "rounding"
      ))
  }

  private func identityViolation() -> Double {
    let ceiling = log2(Double(task.labels.count))
    let labels = entropyOfLabels
    var worst = 0.0
    for one in estimates.values {
      for point in one.values.flatMap(\.self).flatMap(\.self) {
        let (x, y) = (point.aboutInput, point.aboutLabel)
        worst = max(worst, -y, y - x, x - ceiling, y - labels)
      }
    }
    return worst
  }

  // MARK: ReLU under the edges of tanh

  private func addReLUArtefact(to findings: inout Findings) throws {
    guard let trajectory = trajectories[.relu], let fair = estimates[.relu] else { return }
    let clipped = try InformationPlaneEstimates(trajectory, task: task, binning: .unit(options.bins))
    let curves = [(fair, "over the range of the run", SeriesRole.method), (clipped, "over [-1, 1], as the reference does", .baseline)]
    findings.add(
      Figure(
        "relu-edges", title: "ReLU networks: what binning makes of them",
        caption:
          "I(X;T) of layer \(min(3, lastHidden + 1)) of ReLU networks under two choices of \(options.bins) edges. Values beyond the last edge fall into "
          + "one bin, which looks like compression.",
        .lines(
          LinePlot(
            x: Axis("epoch + 1", scale: .logarithmic), y: Axis("I(X;T)", "bit"),
            curves.map { one, name, role in curve(name, one, layer: min(2, lastHidden), role: role) }))))
    findings.add(Metric("relu.compression-unit-edges", Measurement(clipped.compression(layer: min(2, lastHidden)).bits), "bit"))
  }

  private func curve(_ name: String, _ one: InformationPlaneEstimates, layer: Int, role: SeriesRole = .method) -> Curve {
    Curve(
      name, x: one.epochs.map { Double($0 + 1) }, runs: (0..<one.networkCount).map { one.aboutInput(layer: layer, network: $0) }, role: role
    )
  }

  // MARK: Paths over epochs

  private func addPaths(to findings: inout Findings) {
    findings.add(
      Figure(
        "compression", title: "Rise and fall of I(X;T)",
        caption: "Information about the input by epoch, layers of tanh networks; the band is a standard error over networks.",
        .lines(
          LinePlot(
            x: Axis("epoch + 1", scale: .logarithmic), y: Axis("I(X;T)", "bit"),
            (0..<tanh.layerCount).map { curve(layerName($0, of: tanh.layerCount), tanh, layer: $0) }))))
    findings.add(
      Figure(
        "saturation", title: "Compression and saturation go together",
        caption: "Share of units with |t| > 0.9 by epoch, layers of tanh networks.",
        .lines(
          LinePlot(
            x: Axis("epoch + 1", scale: .logarithmic), y: Axis("saturated units", .percent),
            (0..<tanh.layerCount - 1).map { layer in
              Curve(
                layerName(layer, of: tanh.layerCount), x: tanh.epochs.map { Double($0 + 1) },
                runs: (0..<tanh.networkCount).map { network in tanh.saturation.map { $0[layer][network] } })
            }))))
    if let trajectory = trajectories[.tanh] {
      findings.add(Metric("tanh.test-accuracy", Measurement(trajectory.testAccuracies.last!), .percent))
    }
  }

  // MARK: Gradients

  private func addGradients(to findings: inout Findings) {
    guard let trajectory = trajectories[.tanh], !trajectory.gradients.isEmpty else { return }
    let epochs = trajectory.epochs
    func ratios(_ layer: Int, _ network: Int) -> [Double] { trajectory.gradients.map { $0[layer][network].signalToNoise } }
    let layers = Array(max(0, trajectory.layerCount - 3)..<trajectory.layerCount)
    let floor = 1 / Double(options.gradientBatches).squareRoot()
    findings.add(
      Figure(
        "gradient-phases", title: "From drift to diffusion",
        caption:
          "Norm of the mean gradient over its deviation between \(options.gradientBatches) batches at fixed weights, by epoch; the grey line is what pure "
          + "noise gives.",
        .lines(
          LinePlot(
            x: Axis("epoch + 1", scale: .logarithmic), y: Axis("||mean|| / deviation", scale: .logarithmic),
            (0..<trajectory.layerCount).map { layer in
              Curve(
                layerName(layer, of: trajectory.layerCount), x: epochs.map { Double($0 + 1) },
                runs: (0..<trajectory.networkCount).map { ratios(layer, $0) })
            } + [Curve("pure noise", x: epochs.map { Double($0 + 1) }, runs: [epochs.map { _ in floor }], role: .baseline)]))))
    for (name, title, value) in [
      ("gradient-mean", "Mean gradient", { (one: GradientStatistics) in one.meanNorm / one.weightNorm }),
      ("gradient-deviation", "Deviation of gradients", { (one: GradientStatistics) in one.deviation / one.weightNorm }),
    ] {
      findings.add(
        Figure(
          name, title: "\(title), relative to the weights",
          caption: "By epoch and layer of tanh networks, divided by the norm of the layer's weights.",
          .lines(
            LinePlot(
              x: Axis("epoch + 1", scale: .logarithmic), y: Axis("share of ||W||", scale: .logarithmic),
              (0..<trajectory.layerCount).map { layer in
                Curve(
                  layerName(layer, of: trajectory.layerCount), x: epochs.map { Double($0 + 1) },
                  runs: (0..<trajectory.networkCount).map { network in trajectory.gradients.map { value($0[layer][network]) } })
              }))))
    }
    let early = epochs.indices.filter { epochs[$0] < 20 }
    let late = epochs.indices.filter { epochs[$0] >= options.epochs / 2 }
    guard !early.isEmpty, !late.isEmpty else { return }
    // The layer with the smallest ratio decides; a value a network.
    let drops = (0..<trajectory.networkCount).map { network in
      layers.map { layer -> Double in
        let all = ratios(layer, network)
        return early.map { all[$0] }.max()! / median(late.map { all[$0] })
      }.min()!
    }
    findings.add(
      Claim(
        "gradient-phases",
        "In the last three layers gradients of batches agree at first and are noise later: m/s falls to a third and less.",
        measured: Measurement(drops), .atLeast, baseline: 3,
        measuredName: "largest m/s of 20 epochs over the median of the last half, least of layers",
        baselineName: "threshold"))
    let transitions = (0..<trajectory.networkCount).map { network in
      GradientPhases.transition(epochs: epochs, signalToNoise: ratios(lastHidden, network)).map(Double.init)
    }
    let breaks = (0..<trajectory.networkCount).compactMap { network in
      GradientPhases.breakpoint(epochs: epochs, signalToNoise: ratios(lastHidden, network)).map(Double.init)
    }
    if !breaks.isEmpty { findings.add(Metric("gradients.breakpoint-epoch", Measurement(breaks), "epochs")) }
    let peaks = tanh.compression(layer: lastHidden).peakEpochs
    let pairs = zip(transitions, peaks).compactMap { transition, peak in transition.map { ($0, peak) } }
    if !pairs.isEmpty { findings.add(Metric("gradients.transition-epoch", Measurement(pairs.map(\.0)), "epochs")) }
    if pairs.count >= 3, let correlation = correlation(pairs) {
      findings.add(Metric("gradients.correlation-with-peak", Measurement(correlation)))
    }
  }

  private func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  private func correlation(_ pairs: [(Double, Double)]) -> Double? {
    let n = Double(pairs.count)
    let (mx, my) = (pairs.reduce(0) { $0 + $1.0 } / n, pairs.reduce(0) { $0 + $1.1 } / n)
    let (xx, yy, xy) = pairs.reduce((0.0, 0.0, 0.0)) { sums, pair in
      let (x, y) = (pair.0 - mx, pair.1 - my)
      return (sums.0 + x * x, sums.1 + y * y, sums.2 + x * y)
    }
    return xx > 0 && yy > 0 ? xy / (xx * yy).squareRoot() : nil
  }

  // MARK: Snapshots

  /// All networks at a few epochs, one colour a layer.
  private func addSnapshots(to findings: inout Findings) {
    let wanted = [0, 9, 400, 1220, 9000].filter { $0 < options.epochs } + [options.epochs - 1]
    let records = Set(wanted.map { epoch in tanh.epochs.indices.min { abs(tanh.epochs[$0] - epoch) < abs(tanh.epochs[$1] - epoch) }! })
      .sorted()
    for record in records {
      findings.add(
        Figure(
          "snapshot-\(tanh.epochs[record])", title: "All networks at epoch \(tanh.epochs[record])",
          caption: "Each point is a layer of one of \(options.networks) tanh networks.",
          .scatter(
            ScatterPlot(
              x: Axis("I(X;T)", "bit", range: 0...max(log2(Double(task.labels.count)) * 1.04, 1)),
              y: Axis("I(T;Y)", "bit", range: 0...entropyOfLabels * 1.06),
              (0..<tanh.layerCount).map { layer in
                ScatterPlot.Series(
                  layerName(layer, of: tanh.layerCount), tanh.values[record][layer].map { .init($0.aboutInput, $0.aboutLabel) })
              }))))
    }
  }

  // MARK: Tables

  private func addSummary(to findings: inout Findings) {
    var table = Table(
      "layers", title: "Layers over the whole run: mean and standard error over networks",
      columns: [
        "networks", "layer", Table.Column("peak I(X;T)", "bit"), Table.Column("end", "bit"), Table.Column("fall", "bit"),
        "epoch of the peak",
        Table.Column("I(T;Y) at the end", "bit"), Table.Column("saturated at the end", .percent),
      ])
    for variant in options.variants {
      guard let one = estimates[variant] else { continue }
      for layer in 0..<one.layerCount {
        let (bits, epochs, peaks, finals) = one.compression(layer: layer)
        table.append([
          .text(variant.title), .text(layerName(layer, of: one.layerCount)), .number(Measurement(peaks)), .number(Measurement(finals)),
          .number(Measurement(bits)), .number(Measurement(epochs)), .number(Measurement(one.final(layer: layer).map(\.aboutLabel))),
          variant.activation == .tanh && layer < one.layerCount - 1 ? .number(Measurement(one.saturation.last![layer])) : .empty,
        ])
      }
      findings.add(Metric("\(variant.rawValue).compression", Measurement(one.compression(layer: one.layerCount - 2).bits), "bit"))
    }
    findings.add(table)
  }

  private func addBinCounts(to findings: inout Findings) throws {
    guard let trajectory = trajectories[.tanh] else { return }
    var table = Table(
      "bins", title: "I(X;T) of tanh networks at the end of the run, by the number of bin edges",
      columns: ["edges"] + (0..<tanh.layerCount).map { Table.Column(layerName($0, of: tanh.layerCount), "bit") })
    for count in options.binCounts {
      let one = try InformationPlaneEstimates(trajectory, task: task, binning: .unit(count), records: [trajectory.epochs.count - 1])
      table.append([.init(count)] + (0..<one.layerCount).map { .number(Measurement(one.final(layer: $0).map(\.aboutInput))) })
    }
    findings.add(table)
  }

  /// The same layers by other estimators.
  private func addEstimators(to findings: inout Findings) throws {
    guard options.kernelPoints > 0, let trajectory = trajectories[.tanh] else { return }
    let kernel = try KernelDensityBounds(variance: options.kernelVariance)
    let nearest = try NearestNeighbourInformation()
    let samples = min(options.kernelSamples, task.labels.count)
    var random = RandomStream(seed: run.seed, step: -23)
    let order = Tensor.permutation(task.labels.count, key: random.next())[0..<samples]
    let labels = order.array(of: Int64.self).map { trajectory.labels[0][Int($0)] }
    let records = RecordPoints.logarithmic(epochs: trajectory.epochs.count, count: options.kernelPoints)
    let phase = run.progress.phase("estimators", of: records.count)
    defer { phase.finish() }
    var (upper, lower): ([[Double]], [[Double]]) = ([], [])
    var table = Table(
      "estimators", title: "Layers of the first tanh network at the end of the run, by estimator (\(samples) patterns for distances)",
      columns: [
        "layer", Table.Column("I(X;T), binned", "bit"), Table.Column("kernel, lower", "bit"), Table.Column("kernel, upper", "bit"),
        Table.Column("I(T;Y), binned", "bit"), Table.Column("kernel, upper", "bit"), Table.Column("neighbours", "bit"),
        Table.Column("decoder, lower", "bit"),
      ])
    for record in records {
      let layers = trajectory.snapshots[record].activations(task.inputs).map { $0[0] }
      evaluate(layers)
      let chosen = layers.map { $0.gathered(order) }
      evaluate(chosen)
      let bounds = chosen.map { kernel.bounds($0, labels: labels, classCount: task.classCount) }
      upper.append(bounds.map(\.upper.aboutInput))
      lower.append(bounds.map(\.lower.aboutInput))
      phase.advance()
      guard record == trajectory.epochs.count - 1 else { continue }
      for (layer, bound) in bounds.enumerated() {
        let neighbours = nearest.information(chosen[layer].array(of: Float.self), units: chosen[layer].shape[1], labels: labels)
        var decoder: Table.Cell = .empty
        if options.decoderEpochs > 0 {
          let value = VariationalBound(epochs: options.decoderEpochs).information(
            layers[layer], labels: trajectory.labels[0], classCount: task.classCount, random: &random)
          decoder = .init(value)
        }
        let binned = tanh.values[record][layer][0]
        table.append([
          .text(layerName(layer, of: bounds.count)), .init(binned.aboutInput), .init(bound.lower.aboutInput), .init(bound.upper.aboutInput),
          .init(binned.aboutLabel), .init(bound.upper.aboutLabel), .init(neighbours), decoder,
        ])
      }
    }
    findings.add(table)
    let epochs = records.map { Double(trajectory.epochs[$0] + 1) }
    let shown = [lastHidden, max(0, lastHidden - 2)]
    findings.add(
      Figure(
        "estimators", title: "The same layers by two estimators",
        caption:
          "I(X;T) of the first tanh network: counted in bins, and between the bounds of kernel densities with sigma^2 = \(options.kernelVariance). Noise of that size hides "
          + "what bins of 1/15 tell apart.",
        .lines(
          LinePlot(
            x: Axis("epoch + 1", scale: .logarithmic), y: Axis("I(X;T)", "bit"),
            shown.flatMap { layer in
              [
                Curve("layer \(layer + 1), binned", x: epochs, runs: [records.map { tanh.values[$0][layer][0].aboutInput }]),
                Curve("layer \(layer + 1), kernel, upper", x: epochs, runs: [upper.map { $0[layer] }], role: .baseline),
                Curve("layer \(layer + 1), kernel, lower", x: epochs, runs: [lower.map { $0[layer] }], role: .baseline),
              ]
            }))))
  }

  // MARK: The bottleneck

  private func addBottleneck(to findings: inout Findings) {
    guard let bottleneck else { return }
    let information = bottleneck.distribution.information
    let curve = bottleneck.curve.reversed().map(\.information)
    let paths = bottleneck.layers.enumerated().map { index, layer in
      TrajectoryPlot.Path(
        layerName(index, of: bottleneck.layers.count),
        zip(layer.information, layer.optimality).map { .init($0.aboutInput, $0.aboutLabel, at: $1.beta) })
    }
    findings.add(
      Figure(
        "bottleneck", title: "Layers and the best possible trade",
        caption:
          "Networks trained on labels of a noisy rule, at the end: what their layers keep, beside the information bottleneck's curve. Colour is the beta at which a "
          + "layer's encoder is nearest to the optimum's equations.",
        .trajectories(
          TrajectoryPlot(
            x: Axis("I(X;T)", "bit"), y: Axis("I(T;Y)", "bit"), value: Axis("beta", scale: .logarithmic), paths,
            reference: [
              .init(
                "bottleneck",
                [.init(0, 0, at: 0)] + curve.map { .init($0.aboutInput, $0.aboutLabel, at: 0) }
                  + [.init(log2(Double(task.labels.count)), information, at: 0)])
            ], isJoined: false))))
    var table = Table(
      "bottleneck", title: "Layers of networks trained on the noisy rule, at the end",
      columns: [
        "layer", Table.Column("I(X;T)", "bit"), Table.Column("I(T;Y)", "bit"), Table.Column("below the curve", "bit"), "beta",
        Table.Column("residual of the equations", "bit"),
      ])
    for (index, layer) in bottleneck.layers.enumerated() {
      table.append([
        .text(layerName(index, of: bottleneck.layers.count)), .number(Measurement(layer.information.map(\.aboutInput))),
        .number(Measurement(layer.information.map(\.aboutLabel))), .number(Measurement(layer.distance)),
        .number(Measurement(layer.optimality.map(\.beta))), .number(Measurement(layer.optimality.map(\.residual))),
      ])
    }
    findings.add(table)
    findings.add(Metric("bottleneck.mutual-information", Measurement(information), "bit"))
    findings.add(Metric("bottleneck.distinct-conditionals", Measurement(bottleneck.distinctConditionals)))
    findings.add(
      Claim(
        "layers-near-the-bound", "Trained layers lie near the bottleneck's curve.",
        measured: Measurement(meanOverLayers(bottleneck.layers.map(\.distance))), .atMost, baseline: 0.1, unit: "bit",
        measuredName: "distance below the curve, mean of layers", baselineName: "threshold"))
    findings.add(
      Claim(
        "bottleneck-solved", "The iterations end in solutions of the self-consistent equations.",
        measured: Measurement(bottleneck.curve.map(\.residual).max()!), .below, baseline: 1e-8, measuredName: "largest residual",
        baselineName: "threshold"))
    findings.add(
      Claim(
        "lagrangian-falls", "No iteration raises the Lagrangian.", measured: Measurement(bottleneck.curve.map(\.largestRise).max()!),
        .atMost,
        baseline: 1e-12, unit: "nat", measuredName: "largest rise", baselineName: "rounding"))
    findings.add(
      Claim(
        "curve-ends-at-all", "The curve rises, is concave, and ends at I(X;Y).", measured: Measurement(shapeViolation(curve, information)),
        .atMost,
        baseline: 1e-6, unit: "bit", measuredName: "largest violation", baselineName: "tolerance"))
    findings.add(
      Claim(
        "nothing-below-one", "With beta below 1 nothing is worth keeping.", measured: Measurement(bottleneck.below.aboutInput), .atMost,
        baseline: 1e-6, unit: "bit", measuredName: "I(X;T) at beta = 0.9", baselineName: "nothing"))
    findings.add(
      Claim(
        "deterministic-line",
        "For a deterministic rule the squared Lagrangian traces the line I(T;Y) = I(X;T), which the plain one jumps over.",
        measured: Measurement(bottleneck.squared.map { abs($0.aboutInput - $0.aboutLabel) }.max()!), .atMost, baseline: 1e-6, unit: "bit",
        measuredName: "distance from the line", baselineName: "tolerance"))
  }

  private func meanOverLayers(_ values: [[Double]]) -> [Double] {
    values[0].indices.map { network in values.reduce(0) { $0 + $1[network] } / Double(values.count) }
  }

  private func shapeViolation(_ curve: [LayerInformation], _ information: Double) -> Double {
    var worst = abs((curve.last?.aboutLabel ?? 0) - information) - 1e-3
    let points = [LayerInformation(aboutInput: 0, aboutLabel: 0)] + curve
    var slope = Double.infinity
    for (a, b) in zip(points, points.dropFirst()) {
      worst = max(worst, a.aboutInput - b.aboutInput, a.aboutLabel - b.aboutLabel)
      guard b.aboutInput - a.aboutInput > 1e-6 else { continue }
      let next = (b.aboutLabel - a.aboutLabel) / (b.aboutInput - a.aboutInput)
      worst = max(worst, (next - slope) * (b.aboutInput - a.aboutInput))
      slope = next
    }
    return worst
  }

  // MARK: Sweeps

  private func addSweeps(to findings: inout Findings) throws {
    guard options.sweepEpochs > 0 else { return }
    try addDepths(to: &findings)
    try addShares(to: &findings)
  }

  private func addDepths(to findings: inout Findings) throws {
    let depths = options.depths.filter { $0 <= options.hiddenUnits.count }.sorted()
    var table = Table(
      "depths", title: "Depth: epochs until the softmax knows 0.8 bit of the label, and what the last hidden layer forgets",
      columns: ["hidden layers", "epochs to 0.8 bit", Table.Column("fall of I(X;T)", "bit"), Table.Column("I(T;Y) at the end", "bit")])
    var epochsByDepth: [(Int, Measurement)] = []
    for depth in depths {
      let trajectory = try training.train(
        InformationPlaneExperiment(
          name: "depth-\(depth)", title: "\(depth) hidden layers", hiddenUnits: Array(options.hiddenUnits.prefix(depth)), activation: .tanh,
          share: options.trainingShare, labels: .given, epochs: options.sweepEpochs), gradients: false)
      let one = try InformationPlaneEstimates(trajectory, task: task, binning: .unit(options.bins))
      let reached = (0..<one.networkCount).map { network -> Double in
        let path = one.aboutLabel(layer: one.layerCount - 1, network: network)
        return Double(path.firstIndex { $0 >= 0.8 }.map { one.epochs[$0] } ?? options.sweepEpochs)
      }
      epochsByDepth.append((depth, Measurement(reached)))
      table.append([
        .init(depth), .number(Measurement(reached)), .number(Measurement(one.compression(layer: one.layerCount - 2).bits)),
        .number(Measurement(one.final(layer: one.layerCount - 1).map(\.aboutLabel))),
      ])
    }
    findings.add(table)
    if let shallow = epochsByDepth.first, let deep = epochsByDepth.last, shallow.0 < deep.0 {
      findings.add(
        Claim(
          "depth-helps", "More hidden layers need fewer epochs to the same I(T;Y).", measured: deep.1, .below, baseline: shallow.1,
          unit: "epochs",
          measuredName: "epochs to 0.8 bit, \(deep.0) hidden layers", baselineName: "\(shallow.0) hidden layer\(shallow.0 == 1 ? "" : "s")")
      )
    }
  }

  private func addShares(to findings: inout Findings) throws {
    let shares = Set(options.shares + [options.trainingShare]).sorted()
    var (ends, maxima): ([[Double]], [[Double]]) = ([], [])
    var paths: [TrajectoryPlot.Path] = []
    for share in shares {
      let trajectory = try training.train(
        InformationPlaneExperiment(
          name: "share-\(Int((share * 1000).rounded()))", title: "\(share)", hiddenUnits: options.hiddenUnits, activation: .tanh,
          share: share,
          labels: .given, epochs: options.sweepEpochs), gradients: false)
      let one = try InformationPlaneEstimates(trajectory, task: task, binning: .unit(options.bins))
      let softmax = one.layerCount - 1
      ends.append(one.final(layer: softmax).map(\.aboutLabel))
      maxima.append((0..<one.networkCount).map { one.aboutLabel(layer: softmax, network: $0).max()! })
      paths.append(
        .init(
          "\(NumberText.short(100 * share)) %",
          one.epochs.indices.map { record in
            let point = mean(one.values[record][lastHidden])
            return .init(point.aboutInput, point.aboutLabel, at: Double(one.epochs[record]))
          }))
    }
    findings.add(
      Figure(
        "shares", title: "The last hidden layer, by the part of the patterns learned from",
        caption: "Paths of layer \(lastHidden + 1) of tanh networks; with few patterns the path turns down before it ends.",
        .trajectories(
          TrajectoryPlot(x: Axis("I(X;T)", "bit"), y: Axis("I(T;Y)", "bit"), value: Axis("epoch", scale: .logarithmic), paths))))
    findings.add(
      Figure(
        "share-ends", title: "More patterns, more of the label",
        caption:
          "I(T;Y) of the softmax after \(options.sweepEpochs) epochs by the part of the patterns learned from, and its maximum on the way.",
        .lines(
          LinePlot(
            x: Axis("part of the patterns", .percent, scale: .logarithmic), y: Axis("I(T;Y)", "bit"),
            [
              Curve("at the end", x: shares.map { 100 * $0 }, y: ends.map { Measurement($0) }),
              Curve("maximum on the way", x: shares.map { 100 * $0 }, y: maxima.map { Measurement($0) }, role: .baseline),
            ]))))
  }
}
