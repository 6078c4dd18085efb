/// Sum, maximum, minimum or product over a set of axes, which the output keeps with extent 1.
struct Reduce: Primitive {
  let reduction: Reduction
  let axes: AxisSet

  var name: String { "reduce \(reduction)" }
  func encode(into key: inout StructureKey) { key.append(UInt64(reduction.rawValue) << 8 | UInt64(axes.bits)) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    [TensorType(inputs[0].shape.reduced(axes, keeping: true), inputs[0].dtype)]
  }

  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let x = call.inputs[0]
    let y = call.outputs[0]
    let g = call.cotangent
    switch reduction {
    case .sum: return [g.broadcast(to: x.shape)]
    case .maximum, .minimum:
      // Equal extremes share the cotangent.
      let mask = (x .== y).cast(to: g.dtype)
      return [mask * (g / mask.sum(axes: axes.elements, keepingAxes: true))]
    case .product:
      // With one zero the cotangent goes to that element alone, with two nowhere; division by the element itself would lose both.
      let isZero = (x .== 0).cast(to: g.dtype)
      let zeros = isZero.sum(axes: axes.elements, keepingAxes: true)
      let others = Tensor.select(x .== 0, Tensor(1, dtype: x.dtype), x)
      let productOfOthers = others.product(axes: axes.elements, keepingAxes: true)
      let noZero = (zeros .== 0).cast(to: g.dtype)
      let oneZero = (zeros .== 1).cast(to: g.dtype)
      return [g * productOfOthers * (noZero / others + oneZero * isZero)]
    }
  }

  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    let start: Double =
      switch reduction {
      case .sum: 0
      case .product: 1
      case .maximum: Self.lowest(outputs[0].dtype)
      case .minimum: Self.highest(outputs[0].dtype)
      }
    var result = ReferenceArray(repeating: start, outputs[0])
    forEachPosition(of: inputs[0].shape) { position in
      let target = position.indices.map { axes.contains($0) ? 0 : position[$0] }
      let value = inputs[0][position]
      let held = result[target]
      switch reduction {
      case .sum: result[target] = ReferenceArray.convert(held + value, to: outputs[0].dtype)
      case .product: result[target] = ReferenceArray.convert(held * value, to: outputs[0].dtype)
      case .maximum: result[target] = held.isNaN || value.isNaN ? .nan : Swift.max(held, value)
      case .minimum: result[target] = held.isNaN || value.isNaN ? .nan : Swift.min(held, value)
      }
    }
    return [result]
  }

  private static func lowest(_ dtype: DType) -> Double {
    switch dtype {
    case .float32, .float64, .bfloat16: -.infinity
    case .int32: Double(Int32.min)
    case .int64: Double(Int64.min)
    case .uint8, .bool: 0
    }
  }

  private static func highest(_ dtype: DType) -> Double {
    switch dtype {
    case .float32, .float64, .bfloat16: .infinity
    case .int32: Double(Int32.max)
    case .int64: Double(Int64.max)
    case .uint8: 255
    case .bool: 1
    }
  }

  func lower(_ call: LoweringCall, into lowering: inout Lowering) { lowering.fuseReduction(call, reduction, axes) }

  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    let rank = inputs[0].shape.rank
    var roles = (0..<rank).map { axes.contains($0) ? AxisRoles.Role.reduced(reduction) : .independent }
    let output = (0..<rank).map { axis -> Int in
      guard axes.contains(axis) else { return axis }
      roles.append(.whole)
      return roles.count - 1
    }
    return AxisRoles(inputs: [Array(0..<rank)], outputs: [output], roles: roles, linearInputs: reduction == .sum ? [0] : [])
  }
}
