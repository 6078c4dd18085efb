import Foundation
import Tensors

/// What has arrived of a file so far. One process at a time may add to it.
final class PartialFile {
  let url: URL
  let descriptor: Int32
  var path: String { url.path }
  var folder: URL { url.deletingLastPathComponent() }

  /// The name holds the checksum, so that the rest of one file is never added to the beginning of another.
  init(for file: StandardDataset.RemoteFile, beside target: URL) throws {
    url = target.deletingLastPathComponent().appendingPathComponent(".\(file.name).\(file.checksum.hexadecimal.prefix(12)).part")
    descriptor = open(url.path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw FileAccessError(path: url.path, action: "write", reason: String(cString: strerror(errno))) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw FileAccessError(
        path: url.path, action: "write", reason: "another process is downloading this file", advice: "wait until it is done")
    }
  }

  deinit {
    // Nothing came: leave nothing.
    if (try? size()) == 0 { unlink(url.path) }
    close(descriptor)
  }

  func size() throws -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure("read") }
    return Int(status.st_size)
  }

  func empty() throws {
    guard ftruncate(descriptor, 0) == 0 else { throw failure("write") }
  }

  /// Gives the file its name.
  func publish(as target: URL) throws {
    guard fsync(descriptor) == 0, rename(url.path, target.path) == 0 else { throw failure("write") }
    let parent = open(folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard parent >= 0 else { throw failure("write") }
    defer { close(parent) }
    guard fsync(parent) == 0 || errno == EINVAL else { throw failure("write") }
  }

  private func failure(_ action: String) -> FileAccessError {
    FileAccessError(path: url.path, action: action, reason: String(cString: strerror(errno)))
  }
}
