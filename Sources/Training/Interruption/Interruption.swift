import CSignals

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The user's wish to stop: Ctrl-C, or SIGTERM from whatever runs this process.
///
/// The command line installs the handlers; loops ask `signal` after each step, save, and throw `Interrupted`. A program that installs nothing keeps its
/// own handling. A second signal ends the process at once.
public enum Interruption {
  /// From now on SIGINT and SIGTERM ask for an orderly end.
  /// - Parameter announces: whether the first signal says on standard error what will happen.
  public static func install(announces: Bool = true) {
    let isInstalled = apus_interruption_install(announces)
    precondition(isInstalled, "Interruption: the system refused a signal handler: \(String(cString: strerror(errno)))")
  }

  /// Restores the handlers that were there before and forgets a wish to stop.
  public static func uninstall() { apus_interruption_uninstall() }

  /// The signal that asked for an end; nil as long as nobody did.
  public static var signal: Int32? {
    let number = apus_interruption_signal()
    return number == 0 ? nil : number
  }

  /// Forgets a wish to stop, for a program that goes on to something else.
  public static func clear() { apus_interruption_clear() }
}

/// A run that was stopped on request. Its state is in `checkpoint`, from which it continues as if nothing had happened.
public struct Interrupted: Error, Sendable, Equatable {
  /// SIGINT or SIGTERM.
  public let signal: Int32
  /// The file that holds the state; nil where the run keeps no checkpoints.
  public let checkpoint: String?
  /// Steps done.
  public let step: Int

  public init(signal: Int32, checkpoint: String?, step: Int) {
    self.signal = signal
    self.checkpoint = checkpoint
    self.step = step
  }
}

extension Interrupted: CustomStringConvertible {
  public var description: String {
    let state = checkpoint.map { "the state is saved in \($0); resume continues from there" } ?? "no checkpoints are kept, so nothing is saved"
    return "interrupted after step \(step): \(state)"
  }
}
