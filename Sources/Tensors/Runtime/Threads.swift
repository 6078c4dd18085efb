import CKernels

/// Threads that kernels may use; by default all cores. Results do not depend on it, except for the last bits of some convolution gradients.
public var threadCount: Int { Int(apus_thread_count()) }

/// Sets how many threads kernels may use (at least 1). Meant for the start of a program.
public func setThreadCount(_ count: Int) {
  Engine.shared.withGraphLocked { _ in apus_set_thread_count(Int32(clamping: max(count, 1))) }
}
