import CommandLineSupport
import Foundation
import Testing

/// What a wrong option must do: exit code 2, one line that holds all of the words, nothing on standard output, nothing left in the directory.
func expectOptionRefused(_ result: ApusProcess, saying words: String..., in directory: URL) throws {
  try expectOptionRefused(result, saying: words, in: directory)
}

func expectOptionRefused(_ result: ApusProcess, saying words: [String], in directory: URL) throws {
  #expect(result.exitCode == 2 && result.output.isEmpty && result.errorLines.count == 1, "\(result.errors)")
  for word in words { #expect(result.errors.contains(word), "\(result.errors)") }
  #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
}
