import ArgumentParser
import Foundation
import Layers
import Studies
import Tensors
import Training

/// An error as the command line tells it: one line of plain words, and an exit code.
struct Failure {
  let line: String
  let exitCode: Int32

  init(_ error: any Error) {
    switch error {
    case is OptionError, is UnknownSystem, is UnknownCommand, is OutputDirectoryError, is RequestMismatch, is CheckpointMismatch:
      self.init("\(error)", ExitCode.usage)
    case let error as StudyError: self.init(error.description, error.cause == .data ? ExitCode.data : ExitCode.usage)
    case let error as Diverged: self.init(error.description, ExitCode.checkFailed)
    case is OptionsFileError: self.init("\(error)", ExitCode.usage)
    case is RunStoreError, is UnrecordedRun, is NoSuchRun: self.init("\(error)", ExitCode.data)
    case is FileFormatError, is FileAccessError, is ModelStateError, is NoValidCheckpoint: self.init("\(error)", ExitCode.data)
    case let error as ChecksFailed: self.init(error.description, ExitCode.checkFailed)
    case is FetchInterrupted, is DemoInterrupted: self.init("\(error)", ExitCode.interrupted)
    case let error as Interrupted:
      self.init(error.description + (error.checkpoint == nil ? "" : ": give the same command with --resume"), ExitCode.interrupted)
    default:
      if ApusCommand.exitCode(for: error) == .validationFailure || error is ValidationError {
        let message = ApusCommand.message(for: error)
        let sentence = message.hasSuffix("?") ? "\(message) See" : "\(message.hasSuffix(".") ? String(message.dropLast()) : message); see"
        self.init("\(sentence) \(Self.helpCommand(for: error))", ExitCode.usage)
      } else {
        self.init("internal error: \(error); please report it with the command that led here", ExitCode.internalError)
      }
    }
  }

  private init(_ line: String, _ exitCode: Int32) {
    self.line = line.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }.joined(separator: " ")
    self.exitCode = exitCode
  }

  /// "apus run --help", read off the parser's own message.
  private static func helpCommand(for error: any Error) -> String {
    let message = ApusCommand.fullMessage(for: error)
    guard let match = message.firstMatch(of: /See '([^']+)' for more information/) else { return "apus --help" }
    return String(match.1)
  }
}

/// A check that did not pass.
struct ChecksFailed: Error, CustomStringConvertible {
  let description: String
}

/// A word that is no command.
struct UnknownCommand: Error, CustomStringConvertible {
  let word: String
  let names: [String]

  var description: String {
    "unknown command \"\(word)\": " + (suggestion(for: word, among: names).map { "did you mean apus \($0)?" } ?? "see apus --help")
  }
}
