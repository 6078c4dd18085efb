import ArgumentParser
import Foundation
import Training

/// Starts the command line, and turns every outcome into one of its exit codes.
@main
enum EntryPoint {
  static func main() {
    CrashReport.install()
    // A reader that goes away is noticed where the text is written.
    signal(SIGPIPE, SIG_IGN)
    ConsoleLogHandler.bootstrap()
    exit(run(Array(CommandLine.arguments.dropFirst())))
  }

  private static func run(_ arguments: [String]) -> Int32 {
    do {
      try refuseUnknownSubcommand(arguments)
      var command = try ApusCommand.parseAsRoot(arguments)
      try command.run()
      return ExitCode.done
    } catch {
      guard ApusCommand.exitCode(for: error) != .success else {
        // Help and version arrive as errors that are none.
        StandardOutput.write(ApusCommand.fullMessage(for: error) + "\n")
        return ExitCode.done
      }
      let failure = Failure(error)
      Console.standardError.print("apus: " + failure.line)
      return failure.exitCode
    }
  }

  private static func refuseUnknownSubcommand(_ arguments: [String]) throws {
    guard let word = arguments.first, !word.hasPrefix("-") else { return }
    let names = ApusCommand.configuration.subcommands.compactMap { $0.configuration.commandName } + ["help"]
    if !names.contains(word) { throw UnknownCommand(word: word, names: names) }
  }
}
