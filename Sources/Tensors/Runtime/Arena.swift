#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// The temporary memory that plans share; it grows to what the largest of them needs.
final class Arena {
  private var base: UnsafeMutableRawPointer?
  private(set) var capacity = 0

  func memory(_ byteCount: Int) -> UnsafeMutableRawPointer {
    if byteCount <= capacity, let base { return base }
    if let base { free(base) }
    capacity = max(byteCount, 1 << 20)
    let grown = allocateAligned(capacity)
    base = grown
    return grown
  }

  /// Returns the memory to the system; plans ask again when they run.
  func release() {
    if let base { free(base) }
    base = nil
    capacity = 0
  }

  deinit { if let base { free(base) } }
}

func monotonicNanoseconds() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
