import CommandLineSupport
import Foundation
import Studies
import Tensors
import Testing
import Training

@Suite("The command line")
struct CommandLineTests {
  @Test func versionAndHelp() throws {
    let version = try ApusProcess(["--version"])
    #expect(version.exitCode == 0 && version.output == Apus.version + "\n" && version.errors.isEmpty)
    let commands = ["demo", "systems", "run", "verify", "predict", "summary", "data", "bench"]
    let help = try ApusProcess(["--help"])
    #expect(help.exitCode == 0 && help.errors.isEmpty)
    for command in commands {
      #expect(help.output.contains("\n  \(command) "), "\(command)")
      let own = try ApusProcess([command, "--help"])
      #expect(own.exitCode == 0 && own.output.contains("USAGE: apus \(command)") && own.errors.isEmpty, "\(command)")
    }
    #expect(try ApusProcess([]).output == help.output)
  }

  @Test(arguments: [
    (["rnu"], "did you mean apus run?"),
    (["zebra"], "see apus --help"),
    (["run"], "see apus run --help"),
    (["run", "nopropp-xyz"], "unknown system"),
    (["systems", "--jsn"], "--json"),
    (["systems", "extra"], "extra"),
    (["run", "noprop", "--preset", "huge"], "'quick', 'reduced' or 'paper'"),
    (["run", "noprop", "--seed", "one"], "--seed"),
    (["run", "noprop", "--seed=-1"], "expected a whole number from 0"),
    (["run", "noprop", "--resume", "--restart"], "contradict"),
    (["verify", "--system", "zebra", "case.safetensors"], "unknown system"),
    (["summary", "zebra"], "unknown system"),
    (["bench", "zebra"], "zebra"),
  ])
  func wrongUseIsRefusedInOneLine(arguments: [String], words: String) throws {
    let result = try ApusProcess(arguments)
    #expect(result.exitCode == 2)
    #expect(result.output.isEmpty)
    #expect(result.errorLines.count == 1 && result.errors.hasPrefix("apus: "), "\(result.errors)")
    #expect(result.errors.contains(words), "\(result.errors)")
  }

  @Test(arguments: [["summary", "/nowhere/run"], ["predict", "/nowhere/run", "a.png"], ["summary", "/nowhere/run", "--json"]])
  func missingRunsAreDataErrors(arguments: [String]) throws {
    let result = try ApusProcess(arguments)
    #expect(result.exitCode == 3 && result.output.isEmpty && result.errorLines.count == 1)
    #expect(result.errors.contains("/nowhere/run/") && result.errors.contains("there is no such file"))
  }

  @Test func systemsAreListed() throws {
    let result = try ApusProcess(["systems", "--json"])
    #expect(result.exitCode == 0 && result.errors.isEmpty)
    let systems = try #require(result.document as? [[String: Any]])
    #expect(systems.map { $0["slug"] as? String } == Studies.all.map { $0.card.slug })
    for system in systems {
      for key in ["title", "family", "claim", "presets", "data", "year", "authors"] { #expect(system[key] != nil, "\(key)") }
    }
    let text = try ApusProcess(["systems"])
    for study in Studies.all { #expect(text.output.contains(study.card.slug)) }
  }

  @Test func aReaderThatLeavesIsNoError() throws {
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/sh")
    shell.arguments = ["-c", "(\"$1\" help run; echo $? >&2) | head -c 1 >/dev/null", "sh", ApusProcess.program.path]
    let errors = Pipe()
    shell.standardError = errors
    try shell.run()
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    shell.waitUntilExit()
    #expect(text == "0\n")
  }

  @Test func crashesAreInternalErrors() throws {
    let result = try ApusProcess(["bench", "mlp-tiny", "--seconds", "60", "--threads", "1"]) { process in
      Thread.sleep(forTimeInterval: 0.3)
      kill(process.processIdentifier, SIGSEGV)
    }
    #expect(result.exitCode == 70)
    #expect(result.errors.contains("apus: internal error"))
  }
}

/// What holds for every system there is.
@Suite("The command line and every system")
struct SystemCommandTests {
  private static let slugs = Studies.all.map { $0.card.slug }

  @Test(arguments: slugs)
  func optionsAreListed(slug: String) throws {
    let result = try ApusProcess(["run", slug, "--options", "--json"])
    #expect(result.exitCode == 0 && result.errors.isEmpty)
    let options = try #require(result.document as? [[String: Any]])
    for option in options {
      for key in ["name", "meaning", "allowed", "value", "presets"] { #expect(option[key] != nil, "\(key)") }
    }
    #expect(try ApusProcess(["run", slug, "--options"]).exitCode == 0)
    #expect(try ApusProcess(["summary", slug]).output.contains(slug))
    #expect(try ApusProcess(["summary", slug, "--json"]).document is [String: Any])
  }

  @Test(arguments: slugs)
  func wrongRequestsLeaveNothing(slug: String) throws {
    try withTemporaryDirectory { directory in
      func refused(_ arguments: [String], _ exitCode: Int32, _ words: String) throws {
        let result = try ApusProcess(["run", slug, "--json"] + arguments, in: directory)
        #expect(result.exitCode == exitCode, "\(arguments): \(result.errors)")
        #expect(result.output.isEmpty && result.errorLines.count == 1 && result.errors.contains(words), "\(arguments): \(result.errors)")
      }
      try refused(["--set", "zebra=1"], 2, "unknown option \"zebra\"")
      try refused(["--set", "zebra"], 2, "expected name=value")
      try refused(["--data", directory.appendingPathComponent("missing").path], 3, "missing")
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0 != "runs" }.isEmpty)
      let file = directory.appendingPathComponent("file")
      try Data("x".utf8).write(to: file)
      try refused(["--out", file.path], 2, "is a file")
      try refused(["--out", file.path + "/below"], 2, "cannot be written")
    }
  }

  @Test(arguments: slugs)
  func casesThatAreNoneAreDataErrors(slug: String) throws {
    try withTemporaryDirectory { directory in
      let file = directory.appendingPathComponent("case.safetensors")
      func refused(_ what: String) throws {
        let result = try ApusProcess(["verify", "--system", slug, file.path, "--json"])
        #expect(result.exitCode == 3 && result.output.isEmpty && result.errorLines.count == 1, "\(what): \(result.errors)")
        #expect(result.errors.contains(file.path), "\(what): \(result.errors)")
      }
      try refused("missing")
      try Data("no case".utf8).write(to: file)
      try refused("garbage")
      try SafetensorsFile.write(["other": Tensor([1.0])], to: file)
      try refused("another case")
    }
  }
}
