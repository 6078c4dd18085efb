import Foundation
import Tensors
import Training

/// Several systems on the same pictures, in the same parts and under the same budget: one report.
///
/// A study among studies, so that its runs are resumed, recorded and shown as all others.
public enum ComparisonStudy: Study {
  public static let card = StudyCard(
    slug: "comparison", title: "Several systems on the same data", authors: [], year: 2026, source: "Apus", family: .architectures,
    problem: "Figures of different papers were measured on different splits and with different budgets.",
    claim: "Nothing: it measures accuracy, training time and memory side by side.", data: [.labelledImages, .generated])

  public static func options(_ preset: Preset) -> ComparisonOptions {
    var options = ComparisonOptions()
    switch preset {
    case .quick: break
    case .reduced:
      options.seeds = 3
      options.trainingExamples = 8000
      options.testExamples = 2000
      options.epochs = 10
      options.batchSize = 64
    case .paper:
      options.seeds = 5
      options.trainingExamples = 60_000
      options.testExamples = 10_000
      options.pooling = 1
      options.epochs = 100
      options.batchSize = 128
    }
    return options
  }

  public static func run(_ options: ComparisonOptions, _ run: StudyRun) throws -> Findings {
    var summary: DataSummary?
    let results = try run.overSeeds(options.seeds) { seed in
      let contest = Contest(
        images: try LabelledImages(
          run.data, trainingExamples: options.trainingExamples, testExamples: options.testExamples, pooling: options.pooling, seed: seed),
        epochs: options.epochs, batchSize: options.batchSize, seed: seed)
      summary = summary ?? contest.images.summary
      let phase = run.progress.phase("system", of: options.systems.count)
      defer { phase.finish() }
      return try options.systems.map { system in
        defer { phase.advance() }
        return try contenders(of: system, contest, run)
      }
    }
    return ComparisonFindings(options: options, results: results).findings(on: summary!)
  }

  /// Those of an earlier, interrupted run are taken from its files: their cost was measured then.
  private static func contenders(of system: String, _ contest: Contest, _ run: StudyRun) throws -> [Contender] {
    let part = "\(system)-seed-\(contest.seed)"
    let file = OutputDirectory.checkpoints(in: run.directory).appendingPathComponent("\(part).json")
    if run.isResuming, FileManager.default.fileExists(atPath: file.path) { return try RunFiles.decode([Contender].self, from: file) }
    let study = Studies.comparable.first { $0.card.slug == system }!
    // Begun anew even when resuming: the cost of half a training is no cost.
    let own = StudyRun(
      preset: run.preset, seed: contest.seed, data: run.data, directory: run.directory.appendingPathComponent(".work"),
      progress: run.progress,
      recorder: run.recorder.scoped(part))
    defer { try? FileManager.default.removeItem(at: own.directory) }
    let contenders = try study.contend(contest, own)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try AtomicFile.write(ReportJSON.encode(contenders), to: file)
    return contenders
  }

  public static func verify(_ file: SafetensorsFile) throws -> [ParityTensor] {
    throw StudyError("a comparison is no method: it has no parity case", advice: "verify the systems it compares")
  }
}
