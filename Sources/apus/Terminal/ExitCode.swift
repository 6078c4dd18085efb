/// The exit codes of the command line.
enum ExitCode {
  static let done: Int32 = 0
  static let checkFailed: Int32 = 1
  static let usage: Int32 = 2
  static let data: Int32 = 3
  static let interrupted: Int32 = 4
  static let internalError: Int32 = 70
}
