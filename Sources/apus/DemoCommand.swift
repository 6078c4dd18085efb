import ArgumentParser
import Foundation
import Studies
import Training

struct DemoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "demo", abstract: "Train a network by NoProp and by back-propagation, side by side, within a minute.",
    discussion: "The same as apus run noprop --preset quick, on handwritten-looking digits that Apus draws itself.")

  @Option(help: ArgumentHelp("The output directory.", valueName: "dir"))
  var out = "runs/demo"

  @OptionGroup var storeOptions: StoreOptions

  func run() throws {
    let study = try Studies.study("noprop")
    Console.standardError.print(
      "Training the same network by NoProp and by back-propagation, on digits drawn by Apus. This takes about a minute.")
    Interruption.install()
    let done: CompletedRun
    do {
      done = try study.execute(
        RunRequest(preset: .quick, output: URL(fileURLWithPath: out), leftover: .discard, store: try storeOptions.storeForWriting()),
        progress: ProgressDisplay())
    } catch let error as Interrupted {
      throw DemoInterrupted(step: error.step, directory: out)
    }
    for warning in done.warnings { Console.standardError.print("apus: warning: \(warning)") }
    var next = TextTable(alignments: [.left, .left])
    next.append(["  ./apus systems", "every method there is"])
    next.append(["  ./apus run noprop --options", "what can be set"])
    next.append(["  ./apus predict \(RunText.shortest(done.directory)) PICTURE.png", "what the trained network makes of a digit"])
    StandardOutput.write(
      RunText.summary(done) + "\nOpen the report in a browser: it is one file and needs no network. What next:\n" + next.text())
  }
}

/// A demonstration that was stopped on request.
struct DemoInterrupted: Error, CustomStringConvertible {
  let step: Int
  let directory: String

  var description: String {
    "interrupted after step \(step): apus demo begins anew, apus run noprop --out \(directory) --resume goes on from here"
  }
}
