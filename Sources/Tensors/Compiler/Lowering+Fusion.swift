import CKernels

/// How elementwise operations and reductions become instructions of the block machine.
extension Lowering {
  mutating func fuse(_ call: LoweringCall, _ function: Elementwise.Function) {
    if absorb(call, function) { return }
    let group = group(for: call.inputs, over: call.outputTypes[0].shape)
    let operands = call.inputs.map { register(of: $0, in: group) }
    let operandType = call.inputTypes[call.inputs.count - 1].dtype
    let result = groups[group].apply(function, operands, operandType, call.outputTypes[0].dtype)
    storage[call.outputs[0]] = .register(group: group, register: result)
  }

  mutating func fuseCast(_ call: LoweringCall) {
    let group = group(for: call.inputs, over: call.outputTypes[0].shape)
    let operand = register(of: call.inputs[0], in: group)
    let result = groups[group].cast(operand, from: call.inputTypes[0].dtype, to: call.outputTypes[0].dtype)
    storage[call.outputs[0]] = .register(group: group, register: result)
  }

  mutating func fuseReduction(_ call: LoweringCall, _ reduction: Reduction, _ axes: AxisSet) {
    let group = group(for: call.inputs, over: call.inputTypes[0].shape, reducing: axes)
    let operand = register(of: call.inputs[0], in: group)
    let target = temporary(call.outputTypes[0], writer: .group(group))
    groups[group].reducedAxes = axes
    groups[group].outputs.append(FusionGroup.Output(register: operand, view: target, reduction: reduction))
    storage[call.outputs[0]] = .memory(target)
  }

  mutating func fuseRandomBits(_ call: LoweringCall) {
    let key = contiguous(call.inputs[0])
    pin(key)
    var group = newGroup(call.outputTypes[0].shape)
    group.loads.append(key)
    let result = group.append(FusionGroup.Instruction(kind: .randomBits(key: 0), dtype: .int32))
    groups.append(group)
    storage[call.outputs[0]] = .register(group: groups.count - 1, register: result)
  }

  mutating func fuseUniform(_ call: LoweringCall) {
    let group = group(for: call.inputs, over: call.outputTypes[0].shape)
    let bits = register(of: call.inputs[0], in: group)
    storage[call.outputs[0]] = .register(group: group, register: groups[group].apply(APUS_OP_UNIFORM_F32, .float32, bits))
  }

  mutating func fuseIota(_ call: LoweringCall, axis: Int) {
    var group = newGroup(call.outputTypes[0].shape)
    let result = group.append(FusionGroup.Instruction(kind: .iota(axis: axis), dtype: .int64))
    groups.append(group)
    storage[call.outputs[0]] = .register(group: groups.count - 1, register: result)
  }
}

extension FusionGroup {
  mutating func cast(_ operand: Int, from source: DType, to target: DType) -> Int {
    if source == target { return operand }
    switch target {
    case .float32: return Self.registerType(source) == .float32 ? operand : apply(APUS_OP_TO_F32, .float32, operand)
    case .bfloat16:
      let single = cast(operand, from: source, to: .float32)
      return apply(APUS_OP_ROUND_BF16, .float32, single)
    case .float64: return apply(APUS_OP_TO_F64, .float64, operand)
    case .int64: return apply(APUS_OP_TO_I64, .int64, operand)
    case .int32: return Self.registerType(source) == .int32 ? operand : apply(APUS_OP_TO_I32, .int32, operand)
    case .uint8:
      if source == .bool { return operand }
      let integer = cast(operand, from: source, to: .int32)
      return apply(APUS_OP_WRAP_U8, .int32, integer)
    case .bool: return apply(APUS_OP_NOT_EQUAL, .int32, operand, constant(0, source))
    }
  }

  mutating func apply(_ function: Elementwise.Function, _ operands: [Int], _ operandType: DType, _ resultType: DType) -> Int {
    let a = operands[0]
    let b = operands.count > 1 ? operands[1] : -1
    let c = operands.count > 2 ? operands[2] : -1
    if function == .not { return apply(APUS_OP_EQUAL, .int32, a, constant(0, operandType)) }
    if operandType.isFloatingPoint == false {
      // Rounding leaves integers as they are, and every integer is a finite number.
      switch function {
      case .floor, .ceiling, .round, .truncate: return a
      case .isNaN: return constant(0, .bool)
      case .isFinite: return constant(1, .bool)
      default: break
      }
    }
    let result = apply(Self.operation(function), resultType, a, b, c)
    return resultType == .uint8 ? apply(APUS_OP_WRAP_U8, .int32, result) : result
  }

  private static func operation(_ function: Elementwise.Function) -> apus_op {
    switch function {
    case .negative: APUS_OP_NEGATE
    case .absolute: APUS_OP_ABS
    case .sign: APUS_OP_SIGN
    case .floor: APUS_OP_FLOOR
    case .ceiling: APUS_OP_CEIL
    case .round: APUS_OP_ROUND
    case .truncate: APUS_OP_TRUNC
    case .squareRoot: APUS_OP_SQRT
    case .reciprocalSquareRoot: APUS_OP_RSQRT
    case .reciprocal: APUS_OP_RECIPROCAL
    case .square: APUS_OP_SQUARE
    case .exp: APUS_OP_EXP
    case .expMinusOne: APUS_OP_EXPM1
    case .log: APUS_OP_LOG
    case .logOnePlus: APUS_OP_LOG1P
    case .sine: APUS_OP_SIN
    case .cosine: APUS_OP_COS
    case .tangent: APUS_OP_TAN
    case .arcsine: APUS_OP_ASIN
    case .arccosine: APUS_OP_ACOS
    case .arctangent: APUS_OP_ATAN
    case .hyperbolicSine: APUS_OP_SINH
    case .hyperbolicCosine: APUS_OP_COSH
    case .hyperbolicTangent: APUS_OP_TANH
    case .inverseHyperbolicSine: APUS_OP_ASINH
    case .inverseHyperbolicCosine: APUS_OP_ACOSH
    case .inverseHyperbolicTangent: APUS_OP_ATANH
    case .sigmoid: APUS_OP_SIGMOID
    case .softplus: APUS_OP_SOFTPLUS
    case .erf: APUS_OP_ERF
    case .erfc: APUS_OP_ERFC
    case .relu: APUS_OP_RELU
    case .not: APUS_OP_LOGICAL_NOT
    case .isNaN: APUS_OP_IS_NAN
    case .isFinite: APUS_OP_IS_FINITE
    case .add: APUS_OP_ADD
    case .subtract: APUS_OP_SUBTRACT
    case .multiply: APUS_OP_MULTIPLY
    case .divide: APUS_OP_DIVIDE
    case .power: APUS_OP_POWER
    case .maximum: APUS_OP_MAXIMUM
    case .minimum: APUS_OP_MINIMUM
    case .remainder: APUS_OP_MODULO
    case .arctangent2: APUS_OP_ATAN2
    case .and: APUS_OP_AND
    case .or: APUS_OP_OR
    case .exclusiveOr: APUS_OP_XOR
    case .equal: APUS_OP_EQUAL
    case .notEqual: APUS_OP_NOT_EQUAL
    case .less: APUS_OP_LESS
    case .lessOrEqual: APUS_OP_LESS_EQUAL
    case .greater: APUS_OP_GREATER
    case .greaterOrEqual: APUS_OP_GREATER_EQUAL
    case .select: APUS_OP_SELECT
    case .clamp: APUS_OP_CLAMP
    }
  }
}
