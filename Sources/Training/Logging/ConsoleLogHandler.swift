import Logging
import Tensors

/// A log for people at a command line: one plain line a message on standard error, above a progress bar that may be there.
public struct ConsoleLogHandler: LogHandler {
  public var logLevel: Logger.Level
  public var metadata: Logger.Metadata = [:]
  private let console: Console

  public init(console: Console = .standardError, logLevel: Logger.Level = .info) {
    self.console = console
    self.logLevel = logLevel
  }

  public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  public func log(event: LogEvent) {
    let all = metadata.merging(event.metadata ?? [:]) { $1 }
    let details = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
    console.print(Self.prefix(event.level) + "\(event.message)".asOneLine + details)
  }

  private static func prefix(_ level: Logger.Level) -> String {
    switch level {
    case .info, .notice: ""
    default: "\(level.rawValue): "
    }
  }

  /// Sends the messages of every `Logger` of this process here. Call it once, when a command line program starts.
  public static func bootstrap(logLevel: Logger.Level = .info) {
    LoggingSystem.bootstrap { _ in ConsoleLogHandler(logLevel: logLevel) }
  }
}
