import Foundation
import Synchronization

/// A place for lines of text to the user, at whose bottom one line may be kept that is written over again and again.
///
/// The bar of a running job and the messages of a log share it, so that neither breaks the other.
public final class Console: Sendable {
  /// Standard error of this process.
  public static let standardError = Console(
    isTerminal: isatty(STDERR_FILENO) == 1 && environment("TERM") != "dumb",
    usesColor: (environment("NO_COLOR") ?? "").isEmpty, usesUnicode: isUnicodeLocale, width: { terminalWidth(STDERR_FILENO) },
    write: { text in
      var bytes = Array(text.utf8)[...]
      while !bytes.isEmpty {
        let count = bytes.withUnsafeBytes { Foundation.write(STDERR_FILENO, $0.baseAddress!, $0.count) }
        if count < 0 && errno != EINTR { return }
        bytes = bytes.dropFirst(max(count, 0))
      }
    })

  /// Whether a line can be written over.
  public let isTerminal: Bool
  public let usesColor: Bool
  /// Whether block characters may be used.
  public let usesUnicode: Bool
  private let columns: @Sendable () -> Int
  private let output: @Sendable (String) -> Void
  /// The line at the bottom; empty where there is none.
  private let bottomLine = Mutex("")

  public init(
    isTerminal: Bool, usesColor: Bool = false, usesUnicode: Bool = true, width: @escaping @Sendable () -> Int = { 80 },
    write: @escaping @Sendable (String) -> Void
  ) {
    self.isTerminal = isTerminal
    self.usesColor = usesColor
    self.usesUnicode = usesUnicode
    columns = width
    output = write
  }

  /// Characters in a line.
  public var width: Int { columns() }

  /// Writes whole lines above the line at the bottom.
  public func print(_ text: String) {
    bottomLine.withLock { line in
      output((line.isEmpty ? "" : Self.erase) + text + "\n" + line)
    }
  }

  /// Sets the line at the bottom; an empty one takes it away. Does nothing where lines cannot be written over.
  func setBottomLine(_ text: String) {
    guard isTerminal else { return }
    bottomLine.withLock { line in
      guard text != line else { return }
      output((line.isEmpty ? "" : Self.erase) + text)
      line = text
    }
  }

  /// Back to the first column, and clear to the end of the line.
  private static let erase = "\r\u{1B}[K"

  private static func environment(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }

  private static var isUnicodeLocale: Bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap(environment).first { !$0.isEmpty } ?? ""
    return locale.uppercased().replacing("-", with: "").contains("UTF8")
  }

  private static func terminalWidth(_ descriptor: Int32) -> Int {
    var size = winsize()
    if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    return environment("COLUMNS").flatMap { Int($0) } ?? 80
  }
}
