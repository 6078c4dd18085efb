import CCurl
import Foundation
import Tensors

/// Downloads standard sets into a folder, one folder a set.
///
/// A file appears under its name when it is whole and its checksum is right. What arrived of it until then is kept beside, and a later call goes
/// on from there.
public struct DatasetFetcher: Sendable {
  /// How far the files of a set are.
  public struct Progress: Sendable, Hashable {
    public let file: String
    /// Bytes of the file that are here, those of earlier calls included.
    public let received: Int
    /// Bytes of the whole file; nil while nobody knows.
    public let total: Int?
  }

  /// What became of a file.
  public enum Outcome: String, Sendable, Codable {
    /// It was there already, and whole.
    case present
    case fetched
  }

  /// The folder of the sets' folders.
  public let directory: URL
  /// Where to look for the files by name instead of at their publishers'; nil asks the publishers.
  public let mirror: URL?
  /// Seconds to wait for a connection, and for the next byte.
  public let patience: Int
  /// How often a transfer that breaks off is taken up again before the call fails.
  public let retries: Int

  public init(directory: URL = DataDirectory.standard, mirror: URL? = nil, patience: Int = 30, retries: Int = 3) {
    precondition(patience >= 1 && retries >= 0, "DatasetFetcher: patience \(patience) must be at least 1, retries \(retries) at least 0")
    self.directory = directory
    self.mirror = mirror
    self.patience = patience
    self.retries = retries
  }

  /// Where a set lies, or will.
  public func folder(of set: StandardDataset) -> URL { directory.appendingPathComponent(set.name) }

  /// Gets what is missing of a set.
  ///
  /// - Parameter progress: told a few times a second; returns whether to go on.
  /// - Returns: what became of each file that the publisher offers.
  /// - Throws: `FileAccessError` where there is no network, a server refuses or a file cannot be written; `FileFormatError` where what came is not
  ///   what the checksum tells; `CancellationError` after `progress` said no, with what arrived kept.
  @discardableResult
  public func fetch(
    _ set: StandardDataset, progress: (Progress) -> Bool = { _ in true }
  ) throws -> [(file: StandardDataset.RemoteFile, outcome: Outcome)] {
    let folder = folder(of: set)
    try createFolder(folder)
    var outcomes: [(file: StandardDataset.RemoteFile, outcome: Outcome)] = []
    switch set.packing {
    case .none:
      for file in set.files { outcomes.append((file, try fetch(file, into: folder, progress: progress))) }
    case .tarGzip(let members), .zip(let members):
      if set.isPresent(in: folder) { return [(set.files[0], .present)] }
      let archive = set.files[0]
      let outcome = try fetch(archive, into: folder, progress: progress)
      let url = folder.appendingPathComponent(archive.name)
      if case .zip = set.packing {
        try Unpacking.zip(url, members: members, into: folder)
      } else {
        try Unpacking.tar(url, members: members, into: folder)
      }
      try? FileManager.default.removeItem(at: url)
      outcomes.append((archive, outcome))
    }
    if !set.classNames.isEmpty {
      try AtomicFile.write(Array((set.classNames.joined(separator: "\n") + "\n").utf8), to: folder.appendingPathComponent("classes.txt"))
    }
    return outcomes
  }

  // MARK: - One file

  private func fetch(_ file: StandardDataset.RemoteFile, into folder: URL, progress: (Progress) -> Bool) throws -> Outcome {
    let target = folder.appendingPathComponent(file.name)
    if FileManager.default.fileExists(atPath: target.path), try file.checksum.computed(of: target) == file.checksum { return .present }
    let partial = try PartialFile(for: file, beside: target)
    var failure: (any Error)?
    let urls = mirror.map { [$0.appendingPathComponent(file.name)] } ?? file.urls
    for url in urls {
      do {
        try transfer(file, from: url, into: partial, progress: progress)
        try partial.publish(as: target)
        return .fetched
      } catch let error as CancellationError {
        throw error
      } catch let error as FileAccessError where error.path == partial.path {
        throw error
      } catch {
        // The first publisher's failure is the one that tells most.
        failure = failure ?? error
      }
    }
    throw failure!
  }

  private func transfer(
    _ file: StandardDataset.RemoteFile, from url: URL, into partial: PartialFile, progress: (Progress) -> Bool
  ) throws {
    var breaks = 0
    var hasStartedAfresh = false
    while true {
      let start = try partial.size()
      if let size = file.byteCount, start == size {
        // An earlier call was stopped between the last byte and the check.
      } else {
        let limit = file.byteCount ?? ByteReader.defaultLimit
        let result = withoutActuallyEscaping(progress) { progress in
          let context = TransferContext(file: file, progress: progress)
          return apus_transfer(
            url.absoluteString, partial.descriptor, Int64(start), Int64(limit), patience, patience,
            { context, received, total in Unmanaged<TransferContext>.fromOpaque(context!).takeUnretainedValue().report(received, total) },
            Unmanaged.passUnretained(context).toOpaque())
        }
        switch result.outcome {
        case APUS_TRANSFER_DONE: break
        case APUS_TRANSFER_BROKEN where breaks < retries:
          // As long as bytes keep coming, it is worth going on.
          breaks = try partial.size() > start ? 1 : breaks + 1
          continue
        case APUS_TRANSFER_NOT_RESUMABLE where !hasStartedAfresh, APUS_TRANSFER_REFUSED where result.status == 416 && !hasStartedAfresh,
          APUS_TRANSFER_TOO_LARGE where start > 0 && !hasStartedAfresh:
          hasStartedAfresh = true
          try partial.empty()
          continue
        case APUS_TRANSFER_CANCELLED: throw CancellationError()
        default: throw try failure(result, file: file, url: url, partial: partial)
        }
      }
      let size = try partial.size()
      if let expected = file.byteCount, size < expected {
        // Some servers close the connection early and say nothing.
        guard breaks < retries else {
          throw FileAccessError(
            path: url.absoluteString, action: "download", reason: "the connection ended after \(size) of \(expected) bytes",
            advice: "run the same command again: it goes on from there")
        }
        breaks = size > start ? 1 : breaks + 1
        continue
      }
      let found = try file.checksum.computed(of: partial.url)
      if found == file.checksum { return }
      try partial.empty()
      // What was taken up again may have been the rest of something else.
      if start > 0, !hasStartedAfresh {
        hasStartedAfresh = true
        continue
      }
      throw FileFormatError(
        path: url.absoluteString, found: "\(found) of \(size) bytes", expected: "\(file.checksum)",
        advice: "the server sent another file or a damaged one; nothing was kept; try again later, or another --mirror")
    }
  }

  private func failure(
    _ result: apus_transfer_result, file: StandardDataset.RemoteFile, url: URL, partial: PartialFile
  ) throws -> any Error {
    let message = withUnsafeBytes(of: result.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    let kept = try partial.size()
    let again = kept > 0 ? "\(kept) bytes are kept; run the same command again to go on from there" : "try again later"
    func refused(_ reason: String, _ advice: String) -> FileAccessError {
      FileAccessError(path: url.absoluteString, action: "download", reason: reason, advice: advice)
    }
    switch result.outcome {
    case APUS_TRANSFER_NO_CONNECTION:
      return refused(
        "there is no network, or the server cannot be reached (\(message))",
        kept > 0 ? again : "connect and try again, or copy the files into \(partial.folder.path) by other means")
    case APUS_TRANSFER_REFUSED where result.status == 416:
      // There is nothing behind what arrived: the server's file is shorter.
      try partial.empty()
      return FileFormatError(
        path: url.absoluteString, found: "a file of \(kept) bytes", expected: file.byteCount.map { "\($0) bytes" } ?? "more bytes",
        advice: "the server has another file; nothing was kept; try again later, or another --mirror")
    case APUS_TRANSFER_REFUSED:
      return refused(
        result.status == 404 ? "the server has no such file (HTTP status 404)" : "the server refused (HTTP status \(result.status))",
        result.status == 404 ? "the publisher may have moved it; look for it at another --mirror" : "try again later")
    case APUS_TRANSFER_BROKEN: return refused("the connection broke off (\(message))", again)
    case APUS_TRANSFER_NOT_WRITTEN:
      return FileAccessError(
        path: partial.path, action: "write", reason: message, advice: "make room on the disk, or choose another folder with --to")
    case APUS_TRANSFER_TOO_LARGE:
      try partial.empty()
      return FileFormatError(
        path: url.absoluteString, found: "more bytes", expected: "\(file.byteCount ?? ByteReader.defaultLimit) bytes",
        advice: "the server sent another file; nothing was kept; try again later, or another --mirror")
    default: return refused(message.isEmpty ? "the transfer failed" : message, again)
    }
  }

  private func createFolder(_ url: URL) throws {
    do {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    } catch {
      throw FileAccessError(path: url.path, action: "create", reason: error.localizedDescription, advice: "choose another folder with --to")
    }
  }
}

/// What the transfer's callback needs.
private final class TransferContext {
  private let file: StandardDataset.RemoteFile
  private let progress: (DatasetFetcher.Progress) -> Bool

  init(file: StandardDataset.RemoteFile, progress: @escaping (DatasetFetcher.Progress) -> Bool) {
    self.file = file
    self.progress = progress
  }

  func report(_ received: Int64, _ total: Int64) -> Bool {
    progress(.init(file: file.name, received: Int(received), total: file.byteCount ?? (total < 0 ? nil : Int(total))))
  }
}
