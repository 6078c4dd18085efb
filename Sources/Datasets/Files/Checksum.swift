import CCrypto
import Foundation
import Tensors

/// A checksum of a file's bytes.
public enum Checksum: Hashable, Sendable, CustomStringConvertible {
  /// 64 hexadecimal digits.
  case sha256(String)
  /// 32 hexadecimal digits. Tells damage, not forgery; some standard sets are published with nothing better.
  case md5(String)

  public var hexadecimal: String {
    switch self {
    case .sha256(let digits), .md5(let digits): digits.lowercased()
    }
  }

  public var description: String {
    switch self {
    case .sha256: "sha256 \(hexadecimal)"
    case .md5: "md5 \(hexadecimal)"
    }
  }

  /// The checksum of the file at `url` by the same algorithm.
  /// - Throws: `FileAccessError`.
  public func computed(of url: URL) throws -> Checksum {
    switch self {
    case .sha256: .sha256(try Digest.hexadecimal(of: url, algorithm: APUS_DIGEST_SHA256))
    case .md5: .md5(try Digest.hexadecimal(of: url, algorithm: APUS_DIGEST_MD5))
    }
  }

  /// The SHA-256 of the file at `url`.
  /// - Throws: `FileAccessError`.
  public static func sha256(of url: URL) throws -> Checksum { try Checksum.sha256("").computed(of: url) }

  /// The SHA-256 of bytes in memory.
  public static func sha256(of bytes: [UInt8]) -> Checksum {
    .sha256(bytes.withUnsafeBytes { content in Digest.hexadecimal(algorithm: APUS_DIGEST_SHA256) { $0(content) } })
  }

  public static func == (left: Checksum, right: Checksum) -> Bool { left.description == right.description }
  public func hash(into hasher: inout Hasher) { hasher.combine(description) }
}

/// Message digests through libcrypto.
package enum Digest {
  /// The SHA-256, in hexadecimal digits, of the pieces that `body` hands to its argument.
  package static func sha256(feeding body: ((UnsafeRawBufferPointer) -> Void) throws -> Void) rethrows -> String {
    try hexadecimal(algorithm: APUS_DIGEST_SHA256, feeding: body)
  }

  static func hexadecimal(
    algorithm: apus_digest_algorithm, feeding body: ((UnsafeRawBufferPointer) -> Void) throws -> Void
  ) rethrows -> String {
    guard let digest = apus_digest_create(algorithm) else { fatalError("Digest: libcrypto offers no such algorithm on this machine") }
    defer { apus_digest_destroy(digest) }
    try body { piece in
      precondition(apus_digest_update(digest, piece.baseAddress, piece.count), "Digest: libcrypto failed")
    }
    let count = Int(algorithm == APUS_DIGEST_MD5 ? APUS_MD5_BYTES : APUS_SHA256_BYTES)
    var result = [UInt8](repeating: 0, count: count)
    precondition(apus_digest_finish(digest, &result), "Digest: libcrypto failed")
    return result.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
  }

  static func hexadecimal(of url: URL, algorithm: apus_digest_algorithm) throws -> String {
    let file = try ReadableFile(url)
    return try hexadecimal(algorithm: algorithm) { feed in
      var piece = [UInt8](repeating: 0, count: 1 << 20)
      var offset = 0
      while offset < file.byteCount {
        let count = min(piece.count, file.byteCount - offset)
        try piece.withUnsafeMutableBytes { try file.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[..<count]), at: offset) }
        piece.withUnsafeBytes { feed(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        offset += count
      }
    }
  }
}
