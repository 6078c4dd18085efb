import Foundation
import Tensors

/// Takes the needed files out of archives whose checksum is known.
enum Unpacking {
  /// The members of a zip archive, each written whole under its last name.
  static func zip(_ url: URL, members: [String], into folder: URL) throws {
    let archive = try ZipArchive(url)
    for member in members {
      guard let entry = archive.entries.first(where: { $0.name == member }) else { throw missing(member, in: url) }
      try AtomicFile.write(
        try archive.contents(of: entry), to: folder.appendingPathComponent(URL(fileURLWithPath: member).lastPathComponent))
    }
  }

  /// The members of a tar archive packed with gzip, by the system's tar.
  static func tar(_ url: URL, members: [String], into folder: URL) throws {
    let temporary = folder.appendingPathComponent(".unpacking-\(getpid())")
    try? FileManager.default.removeItem(at: temporary)
    try FileManager.default.createDirectory(at: temporary, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: temporary) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments =
      ["tar", "--extract", "--gzip", "--file", url.path, "--directory", temporary.path, "--no-same-owner", "--no-same-permissions", "--"]
      + members
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    let errors = Pipe()
    process.standardError = errors
    do { try process.run() } catch {
      throw FileAccessError(path: url.path, action: "unpack", reason: error.localizedDescription, advice: "install tar and gzip")
    }
    let words = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationReason == .exit, process.terminationStatus == 0 else {
      throw FileAccessError(
        path: url.path, action: "unpack", reason: words.split(separator: "\n").first.map(String.init) ?? "tar failed",
        advice: "tar and gzip must be installed, and the disk have room")
    }
    for member in members {
      let source = temporary.appendingPathComponent(member)
      var status = stat()
      guard lstat(source.path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { throw missing(member, in: url) }
      let target = folder.appendingPathComponent(source.lastPathComponent)
      guard rename(source.path, target.path) == 0 else {
        throw FileAccessError(path: target.path, action: "write", reason: String(cString: strerror(errno)))
      }
    }
  }

  private static func missing(_ member: String, in url: URL) -> FileFormatError {
    FileFormatError(path: url.path, found: "no file \"\(member)\"", expected: "it among the files of the archive")
  }
}
