import Synchronization

/// An operation of the user's own: a kernel on memory, and how it differentiates.
///
///     let cube = CustomOperation(name: "cube") { inputs, outputs in
///       ...                                     // fill outputs[0] from inputs[0]
///     } derivative: { call in [call.cotangents[0] * 3 * call.inputs[0].square()] }
///     let y = cube(x, outputs: [(x.shape, x.dtype)])[0]
///
/// The kernel runs inside the engine: it must not evaluate tensors. Operands are contiguous, in row-major order.
public final class CustomOperation: Sendable {
  /// Memory of one operand.
  public struct Operand {
    public let shape: Shape
    public let dtype: DType
    public let bytes: UnsafeMutableRawBufferPointer

    /// The elements as `Scalar`, which must be the Swift type of `dtype`.
    public func elements<Scalar: TensorScalar>(as type: Scalar.Type = Scalar.self) -> UnsafeMutableBufferPointer<Scalar> {
      precondition(Scalar.dtype == dtype, "custom operation: operand is \(dtype), not \(Scalar.dtype)")
      return bytes.bindMemory(to: Scalar.self)
    }
  }

  /// What the derivative may use.
  public struct Derivative {
    public let inputs: [Tensor]
    public let outputs: [Tensor]
    /// The cotangent of each output.
    public let cotangents: [Tensor]
  }

  public typealias Kernel = @Sendable (_ inputs: [Operand], _ outputs: [Operand]) -> Void
  public typealias DerivativeRule = @Sendable (Derivative) -> [Tensor?]

  public let name: String
  let kernel: Kernel
  let derivative: DerivativeRule?

  /// - Parameter derivative: gives one cotangent an input (nil where none flows); without it, the operation cannot be differentiated.
  public init(name: String, kernel: @escaping Kernel, derivative: DerivativeRule? = nil) {
    self.name = name
    self.kernel = kernel
    self.derivative = derivative
  }

  /// Records the operation.
  public func callAsFunction(_ inputs: Tensor..., outputs: [(shape: Shape, dtype: DType)]) -> [Tensor] {
    Tensor.record(Custom(definition: self, types: outputs.map { TensorType($0.shape, $0.dtype) }), inputs)
  }
}

struct Custom: Primitive {
  let definition: CustomOperation
  let types: [TensorType]

  var name: String { definition.name }
  var isPure: Bool { false }
  func encode(into key: inout StructureKey) {
    // Two definitions are different operations even under one name; plans keep the definition alive, so its address stays its own.
    key.append(UInt64(UInt(bitPattern: ObjectIdentifier(definition))))
    for type in types { key.append(type) }
  }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] { types }

  func cotangents(_ call: Differentiation) -> [Tensor?] {
    guard let derivative = definition.derivative else { trap(name, call.inputs, "this custom operation has no derivative") }
    let cotangents = call.outputs.indices.map { call.cotangent($0) }
    return derivative(CustomOperation.Derivative(inputs: call.inputs, outputs: call.outputs, cotangents: cotangents))
  }

  /// The user's kernel is its own definition; the reference runs it on memory of the element types.
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    let inputTypes = inputs.map { TensorType($0.shape, $0.dtype) }
    let memory = (inputTypes + outputs).map { Buffer(byteCount: $0.byteCount) }
    for (index, input) in inputs.enumerated() { input.store(input.dtype, at: memory[index].pointer) }
    run(inputTypes, outputs) { memory[$0].pointer }
    return outputs.enumerated().map { ReferenceArray($1, at: memory[inputs.count + $0].pointer) }
  }

  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let reads = call.inputs.map { lowering.contiguous($0) }
    let writes = call.outputs.map { lowering.newBuffer($0) }
    let operation = self
    let inputTypes = call.inputTypes
    let outputTypes = call.outputTypes
    lowering.add(
      Kernel(name, reads: reads, writes: writes) { addresses in operation.run(inputTypes, outputTypes) { addresses[$0] } })
  }

  private func run(_ inputs: [TensorType], _ outputs: [TensorType], at address: (Int) -> UnsafeMutableRawPointer) {
    func operand(_ type: TensorType, _ index: Int) -> CustomOperation.Operand {
      CustomOperation.Operand(
        shape: type.shape, dtype: type.dtype, bytes: UnsafeMutableRawBufferPointer(start: address(index), count: type.byteCount))
    }
    definition.kernel(
      inputs.enumerated().map { operand($1, $0) }, outputs.enumerated().map { operand($1, inputs.count + $0) })
  }
}
