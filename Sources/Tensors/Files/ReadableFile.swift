import Foundation

/// A regular file open for reading at any position, from any number of tasks at once.
package final class ReadableFile: Sendable {
  package let path: String
  package let byteCount: Int
  private let descriptor: Int32

  package init(_ url: URL) throws(FileAccessError) {
    path = url.path
    // Without O_NONBLOCK, opening a pipe would wait for a writer.
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw FileAccessError(path: path, action: "open", reason: String(cString: strerror(errno))) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw FileAccessError(path: path, action: "open", reason: "it is not a regular file")
    }
    byteCount = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// Fills `target` from the bytes at `offset`; a file that ends before that is refused.
  package func read(into target: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    var done = 0
    while done < target.count {
      let count = pread(descriptor, target.baseAddress! + done, target.count - done, off_t(offset + done))
      if count < 0 {
        if errno == EINTR { continue }
        throw FileAccessError(path: path, action: "read", reason: String(cString: strerror(errno)))
      }
      guard count > 0 else {
        throw FileFormatError(
          path: path, at: .byte(offset + done), found: "the end of the file", expected: "\(target.count - done) more bytes",
          advice: "the file is cut short; copy or download it again")
      }
      done += count
    }
  }

  /// `count` bytes from `offset` on.
  package func bytes(at offset: Int, count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    try bytes.withUnsafeMutableBytes { try read(into: $0, at: offset) }
    return bytes
  }
}
