import Foundation

/// Gives a crash the exit code of an internal error, and a last line that says so.
///
/// The handlers call nothing but what a signal handler may: they write a constant and end the process.
enum CrashReport {
  private static let message: StaticString =
    "apus: internal error: the program stopped itself; please report it with the lines above and the command\n"
  /// Handlers get a stack of their own, since the usual one may be what overflowed.
  private static let stackBytes = 64 << 10

  static func install() {
    var stack = stack_t()
    stack.ss_sp = UnsafeMutableRawPointer.allocate(byteCount: stackBytes, alignment: 16)
    stack.ss_size = stackBytes
    sigaltstack(&stack, nil)
    for number in [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV] {
      var action = sigaction()
      action.sa_flags = SA_ONSTACK | Int32(bitPattern: UInt32(SA_RESETHAND))
      action.__sigaction_handler.sa_handler = { _ in
        _ = write(STDERR_FILENO, CrashReport.message.utf8Start, CrashReport.message.utf8CodeUnitCount)
        _exit(ExitCode.internalError)
      }
      sigaction(number, &action, nil)
    }
  }
}
