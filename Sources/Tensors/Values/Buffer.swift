import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Memory of one realised tensor: 64-byte aligned, returned to a small cache when released.
///
/// The pointer is written only while the buffer is being produced, before any other thread can know of it, or when the
/// engine has proved that nobody else owns it (donation); afterwards it is read-only. That is what makes sharing it safe.
final class Buffer: Sendable {
  nonisolated(unsafe) let pointer: UnsafeMutableRawPointer
  let byteCount: Int

  init(byteCount: Int) {
    self.byteCount = byteCount
    pointer = BufferCache.shared.take(byteCount)
  }

  convenience init(copying bytes: UnsafeRawBufferPointer) {
    self.init(byteCount: bytes.count)
    if let base = bytes.baseAddress { pointer.copyMemory(from: base, byteCount: bytes.count) }
  }

  deinit { BufferCache.shared.give(pointer, byteCount) }
}

/// Keeps recently released blocks by size, because fresh pages from the kernel cost more than the arithmetic on them.
private final class BufferCache: Sendable {
  static let shared = BufferCache()

  /// Blocks beyond this total are returned to the system.
  private static let capacity = 256 << 20

  private struct Blocks {
    nonisolated(unsafe) var bySize: [Int: [UnsafeMutableRawPointer]] = [:]
    var total = 0
  }

  private let blocks = Mutex(Blocks())

  private static func blockSize(_ byteCount: Int) -> Int { (max(byteCount, 1) + 63) & ~63 }

  func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
    let size = Self.blockSize(byteCount)
    let address = blocks.withLock { blocks -> UInt? in
      guard let block = blocks.bySize[size]?.popLast() else { return nil }
      blocks.total -= size
      return UInt(bitPattern: block)
    }
    if let address, let block = UnsafeMutableRawPointer(bitPattern: address) { return block }
    return allocateAligned(size)
  }

  func give(_ pointer: UnsafeMutableRawPointer, _ byteCount: Int) {
    let size = Self.blockSize(byteCount)
    let address = UInt(bitPattern: pointer)
    let kept = blocks.withLock { blocks -> Bool in
      guard blocks.total + size <= Self.capacity, let block = UnsafeMutableRawPointer(bitPattern: address) else { return false }
      blocks.bySize[size, default: []].append(block)
      blocks.total += size
      return true
    }
    if !kept { free(pointer) }
  }
}

/// 64-byte aligned memory from the system; large blocks ask for huge pages, which cuts page faults and TLB misses.
func allocateAligned(_ byteCount: Int) -> UnsafeMutableRawPointer {
  let large = byteCount >= 4 << 20
  var pointer: UnsafeMutableRawPointer?
  let status = posix_memalign(&pointer, large ? 2 << 20 : 64, byteCount)
  guard status == 0, let pointer else { fatalError("out of memory: \(byteCount) bytes could not be allocated") }
  if large { madvise(pointer, byteCount, MADV_HUGEPAGE) }
  return pointer
}
