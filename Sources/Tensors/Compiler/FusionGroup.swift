import CKernels

/// Elementwise operations, and reductions of them, over one iteration space: the future program of one fused kernel.
struct FusionGroup {
  struct Instruction {
    enum Kind: Equatable {
      /// Element of `loads[index]`.
      case load(Int)
      /// The position along an axis of the iteration space.
      case iota(axis: Int)
      /// Random bits under the key `loads[index]`.
      case randomBits(key: Int)
      case constant(Double)
      case apply(apus_op)
    }
    var kind: Kind
    /// Class of the result.
    var dtype: DType
    var operands: (Int, Int, Int) = (-1, -1, -1)
  }

  struct Output {
    var register: Int
    var view: View
    var reduction: Reduction?
  }

  let domain: Shape
  var loads: [View] = []
  /// Register `i` holds the result of instruction `i`.
  var instructions: [Instruction] = []
  var outputs: [Output] = []
  /// Axes of every reduction in the group; nil while there is none.
  var reducedAxes: AxisSet?
  /// When it runs, relative to other kernels.
  var time: Int
  /// Whether a kernel already reads an output, which fixes the time.
  var isPinned = false
  /// The group this one was merged into, and where its registers went.
  var mergedInto: (group: Int, offset: Int)?

  /// Stays within the block machine's limits, with room for what emission adds.
  static let maximumLoads = 31
  static let maximumInstructions = 200
  static let maximumOutputs = 16

  mutating func load(_ view: View) -> Int {
    for (register, instruction) in instructions.enumerated() {
      if case .load(let index) = instruction.kind, loads[index] == view { return register }
    }
    loads.append(view)
    return append(Instruction(kind: .load(loads.count - 1), dtype: Self.registerType(view.dtype)))
  }

  mutating func append(_ instruction: Instruction) -> Int {
    instructions.append(instruction)
    return instructions.count - 1
  }

  mutating func constant(_ value: Double, _ dtype: DType) -> Int {
    append(Instruction(kind: .constant(value), dtype: Self.registerType(dtype)))
  }

  mutating func apply(_ operation: apus_op, _ dtype: DType, _ a: Int, _ b: Int = -1, _ c: Int = -1) -> Int {
    append(Instruction(kind: .apply(operation), dtype: Self.registerType(dtype), operands: (a, b, c)))
  }

  /// Appends another group's program; its register `r` becomes `r + offset`.
  mutating func absorb(_ other: FusionGroup) -> Int {
    let offset = instructions.count
    let firstLoad = loads.count
    loads.append(contentsOf: other.loads)
    for var instruction in other.instructions {
      switch instruction.kind {
      case .load(let index): instruction.kind = .load(index + firstLoad)
      case .randomBits(let index): instruction.kind = .randomBits(key: index + firstLoad)
      default: break
      }
      let shift = { (register: Int) in register < 0 ? register : register + offset }
      instruction.operands = (shift(instruction.operands.0), shift(instruction.operands.1), shift(instruction.operands.2))
      instructions.append(instruction)
    }
    for var output in other.outputs {
      output.register += offset
      outputs.append(output)
    }
    if reducedAxes == nil { reducedAxes = other.reducedAxes }
    return offset
  }

  /// The register class an element type is computed in.
  static func registerType(_ dtype: DType) -> DType {
    switch dtype {
    case .float32, .bfloat16: .float32
    case .float64: .float64
    case .int64: .int64
    case .int32, .uint8, .bool: .int32
    }
  }
}
