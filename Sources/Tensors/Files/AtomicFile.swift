import Foundation
import Synchronization

/// Replaces files whole: whoever opens the path sees the old content or the new, never a part, even after a loss of power.
///
/// The content is written beside the target, forced to the disk, and then given the target's name.
package enum AtomicFile {
  /// Takes the content of a file piece by piece.
  package struct Writer {
    fileprivate let descriptor: Int32
    fileprivate let path: String

    package func write(_ bytes: UnsafeRawBufferPointer) throws(FileAccessError) {
      var done = 0
      while done < bytes.count {
        let count = writeOnce(descriptor, bytes.baseAddress! + done, bytes.count - done)
        if count < 0 {
          if errno == EINTR { continue }
          throw FileAccessError(path: path, action: "write", reason: String(cString: strerror(errno)))
        }
        done += count
      }
    }

    package func write(_ bytes: some Collection<UInt8>) throws(FileAccessError) {
      let contiguous = ContiguousArray(bytes)
      let result: Result<Void, FileAccessError> = contiguous.withUnsafeBytes { bytes in
        do throws(FileAccessError) { return .success(try write(bytes)) } catch { return .failure(error) }
      }
      try result.get()
    }
  }

  private static let serial = Atomic<Int>(0)

  /// Writes what `body` gives to the file at `url`. When `body` throws, the old file stays and nothing is left behind.
  package static func write(to url: URL, _ body: (Writer) throws -> Void) throws {
    let path = url.path
    let directory = url.deletingLastPathComponent().path
    let number = serial.add(1, ordering: .relaxed).newValue
    let temporary = url.deletingLastPathComponent().appendingPathComponent(".\(url.lastPathComponent).\(getpid()).\(number).partial").path
    func failure() -> FileAccessError { FileAccessError(path: path, action: "write", reason: String(cString: strerror(errno))) }

    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure() }
    do {
      try body(Writer(descriptor: descriptor, path: path))
      guard fsync(descriptor) == 0 else { throw failure() }
    } catch {
      close(descriptor)
      unlink(temporary)
      throw error
    }
    guard close(descriptor) == 0, rename(temporary, path) == 0 else {
      let error = failure()
      unlink(temporary)
      throw error
    }
    // The new name is in the directory, which has to reach the disk as well.
    let parent = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard parent >= 0 else { throw failure() }
    defer { close(parent) }
    guard fsync(parent) == 0 || errno == EINVAL else { throw failure() }
  }

  /// Writes `bytes` to the file at `url`.
  package static func write(_ bytes: some Collection<UInt8>, to url: URL) throws {
    try write(to: url) { try $0.write(bytes) }
  }
}

/// The system's function, whose name the writer's own methods hide.
private func writeOnce(_ descriptor: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int { write(descriptor, bytes, count) }
