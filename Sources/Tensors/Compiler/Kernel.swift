/// What a plan runs: one call into C with the addresses of its operands.
struct Kernel {
  /// Receives the addresses of the reads, then of the writes, then of the scratch memory if there is any.
  typealias Body = @Sendable (UnsafePointer<UnsafeMutableRawPointer>) -> Void

  var name: String
  var reads: [View]
  var writes: [View]
  var scratchBytes = 0
  /// Floating point operations, for the plan's description.
  var flops = 0.0
  /// Pairs of a write and a read that may share memory, when nobody needs the read value afterwards.
  var inPlace: [(write: Int, read: Int)] = []
  var body: Body

  /// What an open kernel becomes once its epilogue is settled.
  struct Completion {
    let scratchBytes: Int
    let body: Body

    init(scratchBytes: Int = 0, body: @escaping Body) {
      self.scratchBytes = scratchBytes
      self.body = body
    }
  }

  init(
    _ name: String, reads: [View], writes: [View], scratchBytes: Int = 0, flops: Double = 0, inPlace: [(write: Int, read: Int)] = [],
    body: @escaping Body = { _ in fatalError("an open kernel was not completed") }
  ) {
    self.name = name
    self.reads = reads
    self.writes = writes
    self.scratchBytes = scratchBytes
    self.flops = flops
    self.inPlace = inPlace
    self.body = body
  }
}

/// What a matrix product or a convolution can still do to its result while that is in registers.
struct Epilogue: Hashable {
  enum Activation: UInt8, Hashable { case relu, sigmoid, hyperbolicTangent, gelu }
  /// Addition of a vector along the last axis. Its address follows those of the kernel's own reads.
  var hasBias = false
  /// Addition of an array of the result's shape, after the bias. Its address follows.
  var hasResidual = false
  /// Applied last.
  var activation: Activation?
}

/// A kernel that may still take over the operations on its result.
struct OpenKernel {
  var epilogue = Epilogue()
  /// Which epilogues the kernel can carry out.
  let supports: (Epilogue) -> Bool
  /// Builds the kernel once the epilogue is settled.
  let build: (Epilogue) -> Kernel.Completion
}

/// The operation to be lowered, with its operands as values of the graph.
struct LoweringCall {
  let inputs: [Int]
  let outputs: [Int]
  let inputTypes: [TensorType]
  let outputTypes: [TensorType]

  func type(ofInput index: Int) -> TensorType { inputTypes[index] }
}
