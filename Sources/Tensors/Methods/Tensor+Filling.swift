extension Tensor {
  /// A tensor whose element bytes, in row-major order and the machine's byte order, `fill` writes in place. They are undefined before.
  package init(shape: Shape, dtype: DType, fill: (UnsafeMutableRawBufferPointer) throws -> Void) rethrows {
    let type = TensorType(shape, dtype)
    let buffer = Buffer(byteCount: type.byteCount)
    try fill(UnsafeMutableRawBufferPointer(start: buffer.pointer, count: type.byteCount))
    self.init(buffer: buffer, type: type)
  }
}
