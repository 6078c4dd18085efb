import CLAPACK
import COneDNN

/// A matrix product ready to run on the CPU.
final class MatrixProduct: Sendable {
  /// Run inside the engine's lock, by one thread at a time, as the bridge demands.
  nonisolated(unsafe) let handle: OpaquePointer

  init(_ specification: apus_matmul_spec) {
    var specification = specification
    var message = [CChar](repeating: 0, count: 256)
    guard let handle = apus_matmul_create(&specification, &message, message.count) else {
      fatalError("matmul: \(String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))")
    }
    self.handle = handle
  }

  deinit { apus_matmul_destroy(handle) }
}

/// A matrix product in double precision, which oneDNN does not have.
final class DoubleMatrixProduct: Sendable {
  /// Immutable after creation, as the bridge promises.
  nonisolated(unsafe) let handle: OpaquePointer

  init(_ specification: apus_matmul_spec) {
    func matrix(_ matrix: apus_matrix) -> apus_gemm_matrix {
      apus_gemm_matrix(batch_strides: matrix.batch_strides, row_stride: matrix.row_stride, column_stride: matrix.column_stride)
    }
    var own = apus_gemm_spec()
    own.dtype = APUS_F64
    own.batch_rank = specification.batch_rank
    own.batch = specification.batch
    own.rows = specification.rows
    own.columns = specification.columns
    own.inner = specification.inner
    own.a = matrix(specification.a)
    own.b = matrix(specification.b)
    own.c = matrix(specification.c)
    own.alpha = 1
    var message = [CChar](repeating: 0, count: 256)
    guard let handle = apus_gemm_create(&own, &message, message.count) else {
      fatalError("matmul: \(String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))")
    }
    self.handle = handle
  }

  deinit { apus_gemm_destroy(handle) }
}

extension Matmul {
  func lower(_ call: LoweringCall, into lowering: inout Lowering) {
    let output = call.outputTypes[0].shape
    if output.elementCount == 0 || call.inputTypes[0].shape.last == 0 {
      lowering.fill(lowering.newBuffer(call.outputs[0]), with: 0)
      return
    }
    let batch = Shape(output.dropLast(2))
    var a = lowering.view(call.inputs[0])
    var b = lowering.view(call.inputs[1])
    let target = lowering.newBuffer(call.outputs[0])
    let rows: Int
    let batchShape: Shape
    // Rows of a batch that share the right matrix are rows of one tall product.
    if b.rank == 2, let tall = a.reshaped(to: [a.shape.elementCount / a.shape[a.rank - 1], a.shape[a.rank - 1]]) {
      a = tall
      rows = a.shape[0]
      batchShape = []
    } else {
      a = a.broadcast(to: Shape(batch.dimensions + a.shape.suffix(2)))
      b = b.broadcast(to: Shape(batch.dimensions + b.shape.suffix(2)))
      rows = output[output.rank - 2]
      batchShape = batch
    }
    if batchShape.rank > Int(APUS_MATMUL_MAX_BATCH_RANK) {
      // More leading axes than the bridge walks: contiguous copies make one axis of them.
      let count = batchShape.elementCount
      a = lowering.compact(a).reshaped(to: Shape([count] + a.shape.suffix(2)))!
      b = lowering.compact(b).reshaped(to: Shape([count] + b.shape.suffix(2)))!
    }

    var specification = apus_matmul_spec()
    let batchRank = a.rank - 2
    specification.batch_rank = Int32(batchRank)
    specification.rows = Int64(rows)
    specification.columns = Int64(output[output.rank - 1])
    specification.inner = Int64(a.shape[a.rank - 1])
    Self.copy(batchRank, into: &specification.batch) { a.shape[$0] }
    specification.a = Self.matrix(a)
    specification.b = Self.matrix(b)
    let columns = output[output.rank - 1]
    var steps = [Int](repeating: 0, count: batchRank)
    var step = rows * columns
    for axis in stride(from: batchRank - 1, through: 0, by: -1) {
      steps[axis] = step
      step *= a.shape[axis]
    }
    var c = apus_matrix()
    c.dtype = apus_dtype(rawValue: .init(target.dtype.rawValue))
    c.row_stride = Int64(columns)
    c.column_stride = 1
    Self.copy(batchRank, into: &c.batch_strides) { steps[$0] }
    specification.c = c
    specification.epilogue.scale = 1
    let base = specification
    let flops = 2 * Double(output.elementCount) * Double(specification.inner)
    if target.dtype == .float64 {
      let product = DoubleMatrixProduct(base)
      lowering.add(
        Kernel(name, reads: [a, b], writes: [target], scratchBytes: apus_gemm_scratch_bytes(product.handle), flops: flops) { addresses in
          apus_gemm_run(product.handle, addresses[0], addresses[1], addresses[2], addresses[3])
        })
      return
    }
    // Scratch depends on the epilogue only through what oneDNN reorders, so the plain product tells how much is needed.
    let open = OpenKernel(
      supports: { _ in true },
      build: { epilogue in
        var specification = base
        specification.epilogue = Self.encode(epilogue, target.dtype)
        let product = MatrixProduct(specification)
        return Kernel.Completion(scratchBytes: apus_matmul_scratch_bytes(product.handle)) { addresses in
          var operands = apus_matmul_operands()
          operands.a = UnsafeRawPointer(addresses[0])
          operands.b = UnsafeRawPointer(addresses[1])
          var next = 2
          if epilogue.hasBias {
            operands.bias = UnsafeRawPointer(addresses[next])
            next += 1
          }
          if epilogue.hasResidual {
            operands.residual = UnsafeRawPointer(addresses[next])
            next += 1
          }
          operands.c = addresses[next]
          // Past the last operand lies the scratch memory, where there is any.
          operands.scratch = addresses[next + 1]
          let status = apus_matmul_run(product.handle, &operands)
          precondition(status == 0, "matmul: oneDNN failed with status \(status)")
        }
      })
    lowering.add(Kernel(name, reads: [a, b], writes: [target], flops: flops), open: open, computing: call.outputs[0])
  }

  private static func matrix(_ view: View) -> apus_matrix {
    var matrix = apus_matrix()
    matrix.dtype = apus_dtype(rawValue: .init(view.dtype.rawValue))
    matrix.row_stride = Int64(view.strides[view.rank - 2])
    matrix.column_stride = Int64(view.strides[view.rank - 1])
    copy(view.rank - 2, into: &matrix.batch_strides) { view.strides[$0] }
    return matrix
  }

  private static func copy<Tuple>(_ count: Int, into tuple: inout Tuple, _ value: (Int) -> Int) {
    withUnsafeMutableBytes(of: &tuple) { bytes in
      let words = bytes.bindMemory(to: Int64.self)
      for index in 0..<count { words[index] = Int64(value(index)) }
    }
  }

  static func encode(_ epilogue: Epilogue, _ dtype: DType) -> apus_epilogue {
    var encoded = apus_epilogue()
    encoded.scale = 1
    encoded.bias = epilogue.hasBias ? APUS_BIAS_PER_COLUMN : APUS_BIAS_NONE
    encoded.bias_dtype = apus_dtype(rawValue: .init(dtype.rawValue))
    encoded.residual = epilogue.hasResidual
    encoded.residual_dtype = encoded.bias_dtype
    switch epilogue.activation {
    case nil: encoded.activation = APUS_ACTIVATION_NONE
    case .relu: encoded.activation = APUS_ACTIVATION_RELU
    case .sigmoid: encoded.activation = APUS_ACTIVATION_SIGMOID
    case .hyperbolicTangent: encoded.activation = APUS_ACTIVATION_TANH
    case .gelu: encoded.activation = APUS_ACTIVATION_GELU
    }
    return encoded
  }
}
