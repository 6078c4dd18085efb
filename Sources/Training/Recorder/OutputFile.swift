import Foundation
import Tensors

/// A file that grows at its end.
final class OutputFile {
  let path: String
  private var descriptor: Int32

  /// Opens the file, creating it where it is missing, and emptying it unless `appending`.
  init(_ url: URL, appending: Bool) throws(FileAccessError) {
    path = url.path
    descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND | (appending ? 0 : O_TRUNC), 0o644)
    guard descriptor >= 0 else { throw FileAccessError(path: path, action: "open for writing", reason: String(cString: strerror(errno))) }
  }

  deinit { if descriptor >= 0 { Foundation.close(descriptor) } }

  func write(_ bytes: [UInt8]) throws(FileAccessError) {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress! + done, bytes.count - done) }
      if count < 0 {
        if errno == EINTR { continue }
        throw FileAccessError(
          path: path, action: "write", reason: String(cString: strerror(errno)), advice: errno == ENOSPC ? "free some space and resume" : "")
      }
      done += count
    }
  }

  /// Forces what was written to the disk.
  func synchronize() throws(FileAccessError) {
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == EROFS else {
      throw FileAccessError(path: path, action: "write", reason: String(cString: strerror(errno)))
    }
  }

  func close() {
    if descriptor >= 0 { Foundation.close(descriptor) }
    descriptor = -1
  }
}
