import CZlib

/// The gzip format (RFC 1952) through zlib.
package enum Gzip {
  /// Packs bytes to one member. Equal bytes give equal results: no time of writing is stored.
  package static func compressed(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8] {
    let capacity = apus_gzip_bound(bytes.count)
    return [UInt8](unsafeUninitializedCapacity: capacity) { target, count in
      count = bytes.withUnsafeBufferPointer { apus_gzip_compress($0.baseAddress, $0.count, level, target.baseAddress, capacity) }
      precondition(count > 0, "Gzip: zlib could not pack \(bytes.count) bytes")
    }
  }
}
