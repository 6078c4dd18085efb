/// The product of matrices in the last two axes, over broadcast leading axes.
struct Matmul: Primitive {
  var name: String { "matmul" }
  func encode(into key: inout StructureKey) {}

  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let a = inputs[0].shape
    let b = inputs[1].shape
    guard inputs[0].dtype == inputs[1].dtype, inputs[0].dtype.isFloatingPoint else {
      throw ShapeError("operands must have one floating point type")
    }
    guard a.rank >= 2, b.rank >= 2 else { throw ShapeError("operands need at least two axes") }
    guard a[a.rank - 1] == b[b.rank - 2] else {
      throw ShapeError("\(a[a.rank - 1]) columns of the first do not meet \(b[b.rank - 2]) rows of the second")
    }
    guard let batch = Shape(a.dropLast(2)).broadcast(with: Shape(b.dropLast(2))) else {
      throw ShapeError("leading axes \(Shape(a.dropLast(2))) and \(Shape(b.dropLast(2))) do not broadcast together")
    }
    return [TensorType(Shape(batch.dimensions + [a[a.rank - 2], b[b.rank - 1]]), inputs[0].dtype)]
  }

  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let a = call.inputs[0]
    let b = call.inputs[1]
    let g = call.cotangent
    var forA: Tensor?
    var forB: Tensor?
    if call.wanted[0] { forA = Tensor.record(Matmul(), [g, b.transposed()])[0].summed(toShape: a.shape) }
    if call.wanted[1] {
      if b.rank == 2 && a.rank > 2 {
        // One product over all rows instead of a sum of products.
        let rows = a.reshaped(to: [-1, a.shape[a.rank - 1]])
        let cotangentRows = g.reshaped(to: [-1, g.shape[g.rank - 1]])
        forB = Tensor.record(Matmul(), [rows.transposed(), cotangentRows])[0]
      } else {
        forB = Tensor.record(Matmul(), [a.transposed(), g])[0].summed(toShape: b.shape)
      }
    }
    return [forA, forB]
  }

  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    let shape = outputs[0].shape
    let batch = Array(shape.dropLast(2))
    let a = inputs[0].broadcast(to: Shape(batch + inputs[0].shape.suffix(2)))
    let b = inputs[1].broadcast(to: Shape(batch + inputs[1].shape.suffix(2)))
    let m = shape[shape.rank - 2]
    let n = shape[shape.rank - 1]
    let k = a.shape[a.shape.rank - 1]
    var result = ReferenceArray(repeating: 0, outputs[0])
    for matrix in 0..<batch.reduce(1, *) {
      for row in 0..<m {
        for column in 0..<n {
          var sum = 0.0
          for inner in 0..<k { sum += a.values[(matrix * m + row) * k + inner] * b.values[(matrix * k + inner) * n + column] }
          result.values[(matrix * m + row) * n + column] = sum
        }
      }
    }
    return [result]
  }

  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    let rank = outputs[0].shape.rank
    // Labels: output axes, then the contracted one.
    var roles = [AxisRoles.Role](repeating: .independent, count: rank) + [.reduced(.sum)]
    func labels(_ operand: Int, _ last: [Int]) -> [Int] {
      let shape = inputs[operand].shape
      return (0..<(shape.rank - 2)).map { axis -> Int in
        let label = rank - shape.rank + axis
        guard shape[axis] != outputs[0].shape[label] else { return label }
        roles.append(.whole)
        return roles.count - 1
      } + last
    }
    let a = labels(0, [rank - 2, rank])
    let b = labels(1, [rank, rank - 1])
    return AxisRoles(inputs: [a, b], outputs: [Array(0..<rank)], roles: roles, linearInputs: [0, 1])
  }
}

extension Tensor {
  /// The matrix product, by NumPy's rules: the last two axes are matrices, leading axes broadcast, a vector on the left is a row and on the
  /// right a column.
  public func matmul(_ other: Tensor) -> Tensor {
    let dtype = dtype.promoted(with: other.dtype)
    guard rank > 0, other.rank > 0 else { trap("matmul", [self, other], "scalars have no matrix product") }
    let type = dtype.isFloatingPoint ? dtype : .float32
    var a = cast(to: type)
    var b = other.cast(to: type)
    if rank == 1 { a = a.expandingShape(at: 0) }
    if other.rank == 1 { b = b.expandingShape(at: 1) }
    var result = Tensor.record(Matmul(), [a, b])[0]
    if other.rank == 1 { result = result.reshaped(to: Shape(result.shape.dropLast())) }
    if rank == 1 {
      var extents = result.shape.dimensions
      extents.remove(at: extents.count - (other.rank == 1 ? 1 : 2))
      result = result.reshaped(to: Shape(extents))
    }
    return dtype.isFloatingPoint ? result : result.cast(to: dtype)
  }
}
