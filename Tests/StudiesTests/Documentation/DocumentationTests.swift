import CommandLineSupport
import Foundation
import Studies
import Testing

private let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../..").standardizedFileURL

@Suite("The tutorial")
struct TutorialTests {
  /// Runs every command of the page, in the order of the page.
  @Test func everyCommandOfTheTutorialWorks() throws {
    let page = try String(contentsOf: repository.appendingPathComponent("Documentation/Tutorial.md"), encoding: .utf8)
    let blocks = page.matches(of: /(?s)```sh\n(.*?)```/).map { String($0.1) }
    #expect(blocks.count >= 7)
    try withTemporaryDirectory { directory in
      for block in blocks {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-euo", "pipefail", "-c", block]
        process.currentDirectoryURL = directory
        let path = ApusProcess.program.deletingLastPathComponent().path
        process.environment = ProcessInfo.processInfo.environment.merging([
          "PATH": path + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin")
        ]) { $1 }
        process.standardInput = FileHandle.nullDevice
        let log = directory.appendingPathComponent("log.txt")
        try Data().write(to: log)
        process.standardOutput = try FileHandle(forWritingTo: log)
        process.standardError = process.standardOutput
        try process.run()
        process.waitUntilExit()
        let said = try String(contentsOf: log, encoding: .utf8).suffix(2000)
        #expect(process.terminationStatus == 0, "\(block)\n\(said)")
      }
      for file in [
        "runs/first/report.html", "runs/second/findings.json", "runs/compared/report.html", "runs/store.sqlite", "my-digits/3/0000.png",
      ] {
        #expect(FileManager.default.fileExists(atPath: directory.appendingPathComponent(file).path), "\(file)")
      }
    }
  }
}

@Suite("Documentation")
struct DocumentationTests {
  @Test func generatedPartsAreUpToDate() throws {
    let result = try ApusProcess(["documentation", repository.path, "--check"])
    #expect(result.exitCode == 0, "\(result.errors)")
  }

  @Test func everySystemHasItsPageAndItsFigure() throws {
    for study in Studies.all {
      let slug = study.card.slug
      let page = try String(contentsOf: repository.appendingPathComponent("Documentation/Systems/\(slug).md"), encoding: .utf8)
      let figures = page.matches(of: /!\[[^\]]*\]\(([^)]+)\)/).map { String($0.1) }
      #expect(!figures.isEmpty, "\(slug) shows a figure")
      for figure in figures {
        #expect(
          FileManager.default.fileExists(atPath: repository.appendingPathComponent("Documentation/Systems/\(figure)").path),
          "\(slug): \(figure)")
      }
      #expect(page.contains("apus run \(slug)"), "\(slug) says how to run it")
    }
  }

  /// A link of a page leads somewhere.
  @Test func linksLeadSomewhere() throws {
    let folders = ["", "Documentation", "Documentation/Systems"]
    for folder in folders.map({ repository.appendingPathComponent($0) }) {
      for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) where name.hasSuffix(".md") {
        let page = try String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
        for link in page.matches(of: /\]\(([^)#\s]+)[^)]*\)/).map({ String($0.1) }) where !link.contains("://") {
          #expect(FileManager.default.fileExists(atPath: folder.appendingPathComponent(link).standardizedFileURL.path), "\(name): \(link)")
        }
      }
    }
  }
}
