import Foundation
import Layers
import Tensors
import Training

extension Study {
  /// The options of a preset with changes, checked.
  /// - Throws: `OptionError`, `OptionsFileError`
  public static func options(_ preset: Preset, file: OptionsFile? = nil, _ assignments: [String]) throws -> Options {
    var options = options(preset)
    if let system = file?.system, system != card.slug {
      throw OptionsFileError(path: file!.url.path, line: nil, problem: "holds options of \(system), not of \(card.slug)")
    }
    try file?.apply(to: &options)
    try options.apply(assignments)
    try options.check()
    return options
  }

  /// Refuses what `options` refuses.
  public static func checkOptions(_ preset: Preset, file: OptionsFile? = nil, _ assignments: [String]) throws {
    _ = try options(preset, file: file, assignments)
  }

  /// Runs the study and writes its findings, figures, report and models to the output directory.
  ///
  /// Nothing is done before the options are checked and the directory is taken. The directory appears whole when the run is done; an interrupted run
  /// leaves its state beside it, in `NAME.partial`.
  public static func execute(_ request: RunRequest, progress: ProgressDisplay = .silent) throws -> CompletedRun {
    let options = try options(request.preset, file: request.optionsFile, request.assignments)
    let saved = SavedRequest(system: card.slug, preset: request.preset, seed: request.seed, data: request.data, options: options)
    if request.leftover == .resume, let done = try completedRun(at: request.output, saved) { return done }

    let output = try OutputDirectory(request.output, leftover: request.leftover)
    let beginning = ContinuousClock.now
    var record: Int64?
    do {
      let optionsFile = output.working.appendingPathComponent("options.json")
      let isResuming = request.leftover == .resume && FileManager.default.fileExists(atPath: optionsFile.path)
      if isResuming { try refuseOther(optionsFile, saved) }
      try AtomicFile.write(ReportJSON.encode(saved), to: optionsFile)
      let description = try description(request, options)
      record = try request.store?.begin(description, data: request.data, directory: output.final, resuming: isResuming)

      let recorder = try Recorder(directory: output.working, resuming: isResuming)
      let findings: Findings
      do {
        defer { try? recorder.close() }
        findings = try run(
          options,
          StudyRun(
            preset: request.preset, seed: request.seed, data: request.data, directory: output.working, isResuming: isResuming,
            progress: progress, recorder: recorder))
        recorder.record(findings)
        try recorder.close()
      }
      let cost = RunCost(seconds: (ContinuousClock.now - beginning) / .seconds(1), peakBytes: ResourceUse.current.peakResidentBytes)
      let report = Report(findings, of: description, cost: cost)
      let warnings = try report.write(to: output.working)
      try output.commit()
      if let store = request.store, let record {
        do { try store.finish(record, report, directory: output.final) } catch {
          throw UnrecordedRun(directory: output.final, cause: error)
        }
      }
      return CompletedRun(directory: output.final, document: report.document, warnings: warnings, isNew: true)
    } catch {
      output.abandon()
      if let record, !(error is UnrecordedRun) {
        // The reason why the run ended is what its user has to hear, whatever the store says.
        try? request.store?.end(
          record, error is Interrupted ? .interrupted : .failed, problem: "\(error)",
          seconds: (ContinuousClock.now - beginning) / .seconds(1))
      }
      throw error
    }
  }

  private static func description(_ request: RunRequest, _ options: Options) throws -> RunDescription {
    RunDescription(
      system: card.slug, title: card.title, authors: card.authors, year: card.year, source: card.source, family: card.family.title,
      problem: card.problem, claim: card.claim, preset: request.preset.rawValue, seed: request.seed,
      options: Options.fields.map { RunDescription.Option(name: $0.name, value: $0.text(options), meaning: $0.meaning) },
      optionsJSON: try JSONValue(encoding: options), command: command(request))
  }

  private static func command(_ request: RunRequest) -> String {
    var parts = [
      ["./apus"] + (request.words ?? ["run", card.slug]), ["--preset", request.preset.rawValue], ["--seed", String(request.seed)],
    ]
    if let data = request.data { parts.append(["--data", data]) }
    if let file = request.optionsFile { parts.append(["--config", file.url.relativePath]) }
    parts += request.assignments.map { ["--set", $0] }
    let words = parts.map { $0.map(shellQuoted).joined(separator: " ") }
    let line = words.joined(separator: " ")
    return line.count <= 80 ? line : words.joined(separator: " \\\n  ")
  }

  // MARK: Resuming

  /// The run that lies at `url`, if it is the one asked for and is done.
  private static func completedRun(at url: URL, _ saved: SavedRequest<Options>) throws -> CompletedRun? {
    let findings = url.appendingPathComponent("findings.json")
    let hasLeftover = FileManager.default.fileExists(atPath: OutputDirectory.workingDirectory(for: url.standardizedFileURL).path)
    guard !hasLeftover, FileManager.default.fileExists(atPath: findings.path) else { return nil }
    try refuseOther(url.appendingPathComponent("options.json"), saved)
    let document = try RunFiles.findings(in: url)
    return CompletedRun(directory: url, document: document, warnings: [], isNew: false)
  }

  private static func refuseOther(_ file: URL, _ saved: SavedRequest<Options>) throws {
    let there = try RunFiles.decode(JSONValue.self, from: file)
    let here = try JSONValue(encoding: saved)
    let differences = there.differences(from: here)
    guard differences.isEmpty else { throw RequestMismatch(path: file.deletingLastPathComponent().path, differences: differences) }
  }

  // MARK: Files from elsewhere

  /// Applies the model in a run's directory to new inputs.
  /// - Throws: `FileAccessError`, `FileFormatError`, `ModelStateError`, `StudyError`
  public static func predict(_ inputs: [String], in directory: URL) throws -> [Prediction] {
    let options = directory.appendingPathComponent("options.json")
    let saved = try RunFiles.decode(SavedRequest<Options>.self, from: options)
    do { try saved.options.check() } catch {
      throw FileFormatError(path: options.path, at: .field("options"), found: "\(error)", expected: "what a run of this version writes")
    }
    let model = SavedModel(options: saved.options, directory: directory)
    return try blaming(model.parameters, expected: "the model that the run saved") { try predict(inputs, with: model) }
  }

  /// Compares this project's method with the results in a parity case.
  /// - Throws: `FileAccessError`, `FileFormatError`
  public static func verify(_ file: URL) throws -> [ParityTensor] {
    let contents = try SafetensorsFile(reading: file)
    return try blaming(file, expected: "a case as the system's specification says") { try verify(contents) }
  }

  /// What a method refuses of a file's contents is the file's fault.
  private static func blaming<Result>(_ file: URL, expected: String, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch  where error is FileFormatError || error is FileAccessError || error is ModelStateError || error is StudyError {
      throw error
    } catch {
      throw FileFormatError(path: file.path, found: "contents that the method refuses (\(error))", expected: expected)
    }
  }
}

/// A word of a command line, in quotes where a shell would read more into it.
private func shellQuoted(_ word: String) -> String {
  let isPlain = !word.isEmpty && word.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./=,:+@%".contains($0)) }
  return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
}

extension JSONValue {
  /// In words, field by field: "options.epochs is 5 there and 6 here".
  fileprivate func differences(from here: JSONValue, at path: String = "") -> [String] {
    guard self != here else { return [] }
    if case .object(let one) = self, case .object(let other) = here {
      return Set(one.keys).union(other.keys).sorted().flatMap { key in
        (one[key] ?? .null).differences(from: other[key] ?? .null, at: path.isEmpty ? key : "\(path).\(key)")
      }
    }
    return ["\(path) is \(words) there and \(here.words) here"]
  }

  private var words: String {
    switch self {
    case .null: "not given"
    case .boolean(let value): String(value)
    case .integer(let value): String(value)
    case .number(let value): String(value)
    case .string(let value): value
    case .array(let values): values.map(\.words).joined(separator: ",")
    case .object: "a group"
    }
  }
}
