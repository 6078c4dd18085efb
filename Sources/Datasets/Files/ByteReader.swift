import CZlib
import Foundation
import Tensors

/// Reads a file from front to back, unpacking gzip on the way, and never makes room for more than the file can hold.
///
/// Offsets count bytes of the content, after unpacking.
final class ByteReader {
  /// Contents beyond this many bytes are refused: they would not fit the memory of the machines this is meant for.
  static let defaultLimit = 8 << 30

  /// No deflate stream grows by more than this factor.
  private static let maximumExpansion = 1032
  private static let chunk = 1 << 16

  let path: String
  let isCompressed: Bool
  private(set) var offset = 0

  private let file: ReadableFile?
  private let memory: [UInt8]
  private let limit: Int
  private let storedCount: Int
  /// How much of the stored bytes was taken, into the window or out of it.
  private var storedOffset = 0
  private var inflater: OpaquePointer?
  private var window: [UInt8] = []
  private var windowStart = 0
  private var isAtMemberEnd = false

  /// - Throws: `FileAccessError`; `FileFormatError` for a file above the limit.
  init(_ url: URL, limit: Int = ByteReader.defaultLimit) throws {
    let file = try ReadableFile(url)
    self.file = file
    memory = []
    path = url.path
    storedCount = file.byteCount
    self.limit = limit
    let start = try file.bytes(at: 0, count: min(2, file.byteCount))
    isCompressed = start == [0x1f, 0x8b]
    if isCompressed { inflater = apus_inflater_create() }
    guard isCompressed || storedCount <= limit else {
      throw failure(found: "\(storedCount) bytes", expected: "at most \(limit) bytes", advice: "split the file")
    }
  }

  /// Reads from memory what stands in for the file at `path`.
  init(_ bytes: [UInt8], path: String) {
    file = nil
    memory = bytes
    self.path = path
    storedCount = bytes.count
    limit = bytes.count
    isCompressed = false
  }

  deinit {
    if let inflater { apus_inflater_destroy(inflater) }
  }

  /// The most bytes that may still follow.
  var bound: Int {
    let (product, overflow) = storedCount.multipliedReportingOverflow(by: isCompressed ? Self.maximumExpansion : 1)
    return min(overflow ? .max : product, limit) - offset
  }

  func failure(
    at place: Int? = nil, found: String, expected: String, advice: String = "the file is damaged; copy or download it again"
  ) -> FileFormatError {
    FileFormatError(path: path, at: .byte(place ?? offset), found: found, expected: expected, advice: advice)
  }

  // MARK: - Reading

  /// Reads exactly `count` bytes of `content`, which a message names.
  func bytes(_ count: Int, of content: @autoclosure () -> String) throws -> [UInt8] {
    try requireRoom(count, of: content())
    var bytes = [UInt8](repeating: 0, count: count)
    try bytes.withUnsafeMutableBytes { try read(into: $0, of: content()) }
    return bytes
  }

  /// Refuses `count` bytes where the file cannot hold that many. To be asked before room is made for them.
  func requireRoom(_ count: Int, of content: @autoclosure () -> String) throws {
    guard count > bound else { return }
    let size = isCompressed ? "a gzip file of \(storedCount) bytes" : "\(storedCount - offset) bytes after it"
    let allowed = count > limit - offset ? " (the limit is \(limit))" : ""
    throw failure(found: size, expected: "\(count) bytes of \(content())\(allowed)")
  }

  /// Fills `target`; a file that ends before that is refused.
  func read(into target: UnsafeMutableRawBufferPointer, of content: @autoclosure () -> String) throws {
    let start = offset
    let count = try readSome(into: target)
    guard count == target.count else {
      throw failure(
        at: start + count, found: "the end of the file", expected: "\(target.count - count) more bytes of \(content())",
        advice: "the file is cut short; copy or download it again")
    }
  }

  /// All that follows.
  func rest() throws -> [UInt8] {
    var result: [UInt8] = []
    if !isCompressed { result.reserveCapacity(bound) }
    var piece = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      let count = try piece.withUnsafeMutableBytes { try readSome(into: $0) }
      if count == 0 { return result }
      guard result.count + count <= limit else {
        throw failure(found: "more than \(limit) bytes after unpacking", expected: "at most that many", advice: "split the file")
      }
      result.append(contentsOf: piece[..<count])
    }
  }

  /// Refuses a file that goes on.
  func requireEnd(after content: @autoclosure () -> String) throws {
    var byte: UInt8 = 0
    let place = offset
    if try withUnsafeMutableBytes(of: &byte, { try readSome(into: $0) }) > 0 {
      throw failure(at: place, found: "more bytes", expected: "the end of the file after \(content())")
    }
  }

  /// Fills `target` as far as the file reaches; returns how far.
  func readSome(into target: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = isCompressed ? try inflate(into: target) : try readStored(into: target)
    offset += count
    return count
  }

  private func readStored(into target: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = min(target.count, storedCount - storedOffset)
    let part = UnsafeMutableRawBufferPointer(rebasing: target[..<count])
    if let file {
      try file.read(into: part, at: storedOffset)
    } else {
      memory.withUnsafeBytes { part.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[storedOffset..<storedOffset + count])) }
    }
    storedOffset += count
    return count
  }

  // MARK: - Gzip

  private func inflate(into target: UnsafeMutableRawBufferPointer) throws -> Int {
    guard let inflater else { throw FileAccessError(path: path, action: "read", reason: "out of memory") }
    var done = 0
    while done < target.count {
      if windowStart == window.count { try refillWindow() }
      if isAtMemberEnd {
        // Further members may follow, or padding with zeros, as gzip itself accepts.
        while windowStart < window.count, window[windowStart] == 0 { windowStart += 1 }
        if windowStart == window.count {
          if storedOffset == storedCount { break }
          continue
        }
        apus_inflater_reset(inflater)
        isAtMemberEnd = false
      }
      var inputCount = window.count - windowStart
      var outputCount = target.count - done
      let isExhausted = inputCount == 0
      let status = window.withUnsafeBufferPointer { input in
        apus_inflater_run(
          inflater, input.baseAddress.map { $0 + windowStart }, &inputCount,
          target.baseAddress!.assumingMemoryBound(to: UInt8.self) + done, &outputCount)
      }
      windowStart += inputCount
      done += outputCount
      switch status {
      case APUS_INFLATE_END_OF_MEMBER: isAtMemberEnd = true
      case APUS_INFLATE_CORRUPT:
        throw failure(
          at: offset + done, found: "damaged gzip data (\(String(cString: apus_inflater_message(inflater))))", expected: "a gzip stream")
      default:
        if isExhausted && outputCount == 0 {
          throw failure(
            at: offset + done, found: "the end of the file within a gzip stream", expected: "the rest of the stream",
            advice: "the file is cut short; copy or download it again")
        }
      }
    }
    return done
  }

  private func refillWindow() throws {
    let count = min(Self.chunk, storedCount - storedOffset)
    windowStart = 0
    window = try file?.bytes(at: storedOffset, count: count) ?? []
    storedOffset += count
  }
}

extension ByteReader {
  /// The bytes of a whole file, unpacked.
  static func contents(of url: URL, limit: Int = ByteReader.defaultLimit) throws -> [UInt8] { try ByteReader(url, limit: limit).rest() }
}
