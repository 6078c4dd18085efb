import CKernels

/// Operations that compute each output element from the input elements at the same (broadcast) position.
struct Elementwise: Primitive {
  let function: Function

  enum Function: UInt8, Sendable, CaseIterable {
    // One operand.
    case negative, absolute, sign, floor, ceiling, round, truncate, squareRoot, reciprocalSquareRoot, reciprocal, square
    case exp, expMinusOne, log, logOnePlus, sine, cosine, tangent, arcsine, arccosine, arctangent
    case hyperbolicSine, hyperbolicCosine, hyperbolicTangent, inverseHyperbolicSine, inverseHyperbolicCosine, inverseHyperbolicTangent
    case sigmoid, softplus, erf, erfc, relu, not, isNaN, isFinite
    // Two operands.
    case add, subtract, multiply, divide, power, maximum, minimum, remainder, arctangent2
    case and, or, exclusiveOr, equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
    // Three operands: condition, value where true, value where false; value, lowest, highest.
    case select, clamp
  }

  var name: String { "\(function)" }
  func encode(into key: inout StructureKey) { key.append(UInt64(function.rawValue)) }

  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    var shape = inputs[0].shape
    for input in inputs.dropFirst() {
      guard let joined = shape.broadcast(with: input.shape) else {
        throw ShapeError("shapes \(shape) and \(input.shape) do not broadcast together")
      }
      shape = joined
    }
    return [TensorType(shape, resultType(inputs.last!.dtype))]
  }

  /// Comparisons and tests give `bool`; everything else keeps the operands' type.
  func resultType(_ operand: DType) -> DType {
    switch function {
    case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .not, .isNaN, .isFinite: .bool
    default: operand
    }
  }

  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    let linear: Set<Int> =
      switch function {
      case .negative: [0]
      case .multiply: [0, 1]
      case .divide: [0]
      default: []
      }
    return .elementwise(inputs: inputs, outputs: outputs, linear: linear)
  }

  func lower(_ call: LoweringCall, into lowering: inout Lowering) { lowering.fuse(call, function) }
}

// MARK: - Derivatives

extension Elementwise {
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let terms = derivative(call)
    return zip(call.inputs, terms).map { input, term in term?.summed(toShape: input.shape) }
  }

  /// The cotangent before broadcast axes are summed away.
  private func derivative(_ call: Differentiation) -> [Tensor?] {
    let x = call.inputs[0]
    let y = call.outputs[0]
    let g = call.cotangent
    let wanted = call.wanted
    /// Computes a term only where somebody wants it.
    func term(_ index: Int, _ value: () -> Tensor) -> Tensor? { wanted[index] ? value() : nil }

    switch function {
    case .negative: return [-g]
    case .absolute: return [g * x.sign()]
    case .sign, .floor, .ceiling, .round, .truncate, .not, .isNaN, .isFinite: return [nil]
    case .squareRoot: return [g * 0.5 / y]
    case .reciprocalSquareRoot: return [g * -0.5 * y / x]
    case .reciprocal: return [-g * y.square()]
    case .square: return [g * 2 * x]
    case .exp: return [g * y]
    case .expMinusOne: return [g * (y + 1)]
    case .log: return [g / x]
    case .logOnePlus: return [g / (x + 1)]
    case .sine: return [g * x.cos()]
    case .cosine: return [-g * x.sin()]
    case .tangent: return [g * (y.square() + 1)]
    case .arcsine: return [g * (1 - x.square()).rsqrt()]
    case .arccosine: return [-g * (1 - x.square()).rsqrt()]
    case .arctangent: return [g / (x.square() + 1)]
    case .hyperbolicSine: return [g * x.cosh()]
    case .hyperbolicCosine: return [g * x.sinh()]
    case .hyperbolicTangent: return [g * (1 - y.square())]
    case .inverseHyperbolicSine: return [g * (x.square() + 1).rsqrt()]
    case .inverseHyperbolicCosine: return [g * (x.square() - 1).rsqrt()]
    case .inverseHyperbolicTangent: return [g / (1 - x.square())]
    case .sigmoid: return [g * y * (1 - y)]
    case .softplus: return [g * x.sigmoid()]
    case .erf: return [g * (2 / Double.pi.squareRoot()) * (-x.square()).exp()]
    case .erfc: return [g * (-2 / Double.pi.squareRoot()) * (-x.square()).exp()]
    case .relu: return [Tensor.select(y .> 0, g, Tensor(0, dtype: g.dtype))]
    case .add: return [g, g]
    case .subtract: return [g, term(1) { -g }]
    case .multiply: return [term(0) { g * call.inputs[1] }, term(1) { g * x }]
    case .divide:
      let b = call.inputs[1]
      return [term(0) { g / b }, term(1) { -g * y / b }]
    case .power:
      let b = call.inputs[1]
      return [
        term(0) { g * b * x.pow(b - 1) },
        // x^b log x is 0 at x = 0, where the logarithm alone would spoil it.
        term(1) { Tensor.select(x .> 0, g * y * Tensor.select(x .> 0, x, Tensor(1, dtype: x.dtype)).log(), Tensor(0, dtype: g.dtype)) },
      ]
    case .maximum, .minimum:
      let b = call.inputs[1]
      // Equal operands share the cotangent, which keeps the rule symmetric.
      let share = (function == .maximum ? x .> b : x .< b).cast(to: g.dtype) + (x .== b).cast(to: g.dtype) * 0.5
      return [term(0) { g * share }, term(1) { g * (1 - share) }]
    case .remainder:
      let b = call.inputs[1]
      return [g, term(1) { -g * (x / b).floor() }]
    case .arctangent2:
      let b = call.inputs[1]
      let squares = x.square() + b.square()
      return [term(0) { g * b / squares }, term(1) { -g * x / squares }]
    case .and, .or, .exclusiveOr, .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: return [nil, nil]
    case .select:
      let zero = Tensor(0, dtype: g.dtype)
      return [nil, term(1) { Tensor.select(x, g, zero) }, term(2) { Tensor.select(x, zero, g) }]
    case .clamp:
      // Bounds are numbers. The output alone tells where the value passed, so the operand need not be kept.
      return [term(0) { Tensor.select((y .> call.inputs[1]) .& (y .< call.inputs[2]), g, Tensor(0, dtype: g.dtype)) }, nil, nil]
    }
  }
}

/// Conversion of the element type.
struct Cast: Primitive {
  let target: DType

  var name: String { "cast to \(target)" }
  func encode(into key: inout StructureKey) { key.append(UInt64(target.rawValue)) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] { [TensorType(inputs[0].shape, target)] }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let source = call.inputs[0].dtype
    return [source.isFloatingPoint && target.isFloatingPoint ? call.cotangent.cast(to: source) : nil]
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    [ReferenceArray(outputs[0].shape, target, inputs[0].values.map { ReferenceArray.convert($0, to: target) })]
  }
  func lower(_ call: LoweringCall, into lowering: inout Lowering) { lowering.fuseCast(call) }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    .elementwise(inputs: inputs, outputs: outputs, linear: target.isFloatingPoint ? [0] : [])
  }
}

/// Stops derivatives: the value passes, nothing flows back.
struct StopGradient: Primitive {
  var name: String { "stopGradient" }
  func encode(into key: inout StructureKey) {}
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] { [inputs[0]] }
  func cotangents(_ call: Differentiation) -> [Tensor?] { [nil] }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] { [inputs[0]] }
  func lower(_ call: LoweringCall, into lowering: inout Lowering) { lowering.alias(call.outputs[0], to: call.inputs[0]) }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles { .elementwise(inputs: inputs, outputs: outputs, linear: [0]) }
}
