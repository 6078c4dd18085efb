import Foundation
import Studies
import Tensors
import Training

/// A study small enough to be checked by hand: a line fitted by gradient descent, beside the constant that fits best.
struct SlopeStudy: Study {
  struct Options: StudyOptions {
    enum Noise: String, Codable, CaseIterable, OptionValue { case none, normal }

    var steps = 60
    var learningRate = 0.5
    var noise = Noise.normal
    var points = 64
    var seeds = 2
    var widths = [1, 2]
    /// Interrupts the run where it is true, so that what an interrupted run leaves can be looked at.
    var isInterrupted = false

    static let fields: [Field] = [
      Field("steps", \.steps, "steps of gradient descent", in: 1...10_000),
      Field("learningRate", \.learningRate, "step size", in: 0...1),
      Field("noise", \.noise, "what is added to the line"),
      Field("points", \.points, "points on the line", oneOf: [16, 64, 256]),
      Field("seeds", \.seeds, "repetitions", in: 1...10),
      Field("widths", \.widths, "numbers that do nothing", eachIn: 1...4),
      Field("isInterrupted", \.isInterrupted, "stop after the first step"),
    ]

    func validate() throws(OptionError) {
      if noise == .none && seeds > 1 {
        throw OptionError(field: "seeds", value: String(seeds), expected: "1 where noise is none", advice: "without noise all seeds agree")
      }
    }
  }

  static let card = StudyCard(
    slug: "slope", title: "Lines & <their> slopes", authors: ["A. Author", "B. Author"], year: 1805, source: "a letter", family: .shallow,
    problem: "Find a line.", claim: "A line fits better than a constant.", data: [.generated])

  static func options(_ preset: Preset) -> Options {
    var options = Options()
    if preset == .paper { options.steps = 500 }
    return options
  }

  static func run(_ options: Options, _ run: StudyRun) throws -> Findings {
    var findings = Findings(on: DataSummary("line", isGenerated: true, trainingExamples: options.points))
    let runs = try run.overSeeds(options.seeds) { seed in
      var stream = RandomStream(seed: seed)
      let x = Tensor.uniform([options.points], key: stream.next(), from: -1, to: 1)
      let noise = options.noise == .none ? 0 : 0.1
      let y = 2 * x + 1 + Tensor.normal([options.points], key: stream.next()) * noise
      var (slope, offset) = (Tensor(0), Tensor(0))
      var losses: [Double] = []
      for step in 0..<options.steps {
        let loss = (slope * x + offset - y).square().mean()
        let gradients = loss.gradients(withRespectTo: [slope, offset])
        slope = slope - gradients[0] * options.learningRate
        offset = offset - gradients[1] * options.learningRate
        evaluate(slope, offset, loss)
        losses.append(loss.scalar(as: Double.self))
        run.recorder.record("loss", losses[step], step: step)
        if options.isInterrupted {
          let checkpoint = Checkpoint(step: step + 1, tensors: ["slope": slope, "offset": offset], state: seed)
          let path = try run.checkpoints("line", options: options).save(checkpoint)
          throw Interrupted(signal: SIGINT, checkpoint: path, step: step + 1)
        }
      }
      try SafetensorsFile.write(["slope": slope, "offset": offset], to: run.file("model.safetensors"))
      return (losses: losses, constant: y.variance().scalar(as: Double.self))
    }
    let line = Measurement(runs.map { $0.losses.last! })
    let constant = Measurement(runs.map(\.constant))
    findings.add(Metric("line.loss", line))
    findings.add(
      Figure(
        "loss", title: "The line is found", caption: "Squared error by step & seed <band>.",
        .lines(LinePlot(x: "step", y: Axis("loss", scale: .logarithmic), [Curve("line", perEpoch: runs.map(\.losses))]))))
    findings.add(
      Table(
        "fits", title: "Both fits", columns: ["fit", "loss"], rows: [["line", .number(line)], ["constant, \"best\"", .number(constant)]]))
    findings.add(
      Claim(
        "line-fits", "A line fits better than a constant", measured: line, .below, baseline: constant, measuredName: "line",
        baselineName: "constant"))
    findings.add(Claim("line-is-perfect", "A line fits without error", measured: line, .atMost, baseline: 0, baselineName: "nothing"))
    return findings
  }

  static func verify(_ file: SafetensorsFile) throws -> [ParityTensor] {
    var parity = Parity(file)
    let count = try parity.integer("count")
    let x = try parity.tensor("in.x", shape: [count])
    try parity.compare("out.double", x * 2)
    return parity.tensors
  }
}

/// A directory that goes away with the test.
func withTemporaryDirectory<Result>(_ body: (URL) throws -> Result) throws -> Result {
  let url = FileManager.default.temporaryDirectory.appendingPathComponent("apus-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: url) }
  return try body(url)
}
