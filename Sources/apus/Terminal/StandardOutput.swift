import Foundation
import Training

/// Standard output of this process: results, and nothing else.
enum StandardOutput {
  /// Writes all of `text`. Ends the process quietly where the reader has gone, as in `apus systems | head -1`.
  static func write(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Foundation.write(STDOUT_FILENO, $0.baseAddress!, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        if errno == EPIPE { exit(ExitCode.done) }
        let reason = String(cString: strerror(errno))
        Console.standardError.print("apus: standard output cannot be written: \(reason)")
        exit(ExitCode.data)
      }
      bytes = bytes.dropFirst(count)
    }
  }

  static func write(_ data: Data) { write(String(decoding: data, as: UTF8.self)) }
}
