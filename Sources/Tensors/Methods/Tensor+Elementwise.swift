// Elementwise functions and operators. Operands broadcast in the manner of NumPy; mixed element types are promoted to the wider kind.

extension Tensor {
  private func apply(_ function: Elementwise.Function) -> Tensor {
    let operation = Elementwise(function: function)
    return Tensor.record(operation, [self], TensorType(shape, operation.resultType(dtype)))
  }

  /// Functions with values between the integers turn integers into float32 first.
  private func applyReal(_ function: Elementwise.Function) -> Tensor {
    (dtype.isFloatingPoint ? self : cast(to: .float32)).apply(function)
  }

  static func combine(_ function: Elementwise.Function, _ a: Tensor, _ b: Tensor) -> Tensor {
    let operation = Elementwise(function: function)
    let left = a.shape
    let right = b.shape
    guard let shape = left.broadcast(with: right) else {
      trap(operation.name, [a, b], "shapes \(left) and \(right) do not broadcast together")
    }
    if a.dtype == b.dtype {
      return record(operation, [a, b], TensorType(shape, operation.resultType(a.dtype)))
    }
    let dtype = a.dtype.promoted(with: b.dtype)
    return record(operation, [a.cast(to: dtype), b.cast(to: dtype)], TensorType(shape, operation.resultType(dtype)))
  }

  /// A number that meets this tensor takes its element type; a fraction makes integers float32.
  func number(_ value: Double) -> Tensor {
    if dtype.isFloatingPoint { return .literal(value, dtype) }
    if value == value.rounded(.towardZero) { return .literal(value, dtype == .bool ? .int32 : dtype) }
    return .literal(value, .float32)
  }

  // MARK: Arithmetic

  public static func + (a: Tensor, b: Tensor) -> Tensor { combine(.add, a, b) }
  public static func - (a: Tensor, b: Tensor) -> Tensor { combine(.subtract, a, b) }
  public static func * (a: Tensor, b: Tensor) -> Tensor { combine(.multiply, a, b) }
  /// The quotient; of integers, rounded down.
  public static func / (a: Tensor, b: Tensor) -> Tensor { combine(.divide, a, b) }
  /// The remainder, with the sign of the divisor.
  public static func % (a: Tensor, b: Tensor) -> Tensor { combine(.remainder, a, b) }
  public static prefix func - (a: Tensor) -> Tensor { a.apply(.negative) }

  public static func + (a: Tensor, b: Double) -> Tensor { a + a.number(b) }
  public static func - (a: Tensor, b: Double) -> Tensor { a - a.number(b) }
  public static func * (a: Tensor, b: Double) -> Tensor { a * a.number(b) }
  public static func / (a: Tensor, b: Double) -> Tensor { a / a.number(b) }
  public static func % (a: Tensor, b: Double) -> Tensor { a % a.number(b) }
  public static func + (a: Double, b: Tensor) -> Tensor { b.number(a) + b }
  public static func - (a: Double, b: Tensor) -> Tensor { b.number(a) - b }
  public static func * (a: Double, b: Tensor) -> Tensor { b.number(a) * b }
  public static func / (a: Double, b: Tensor) -> Tensor { b.number(a) / b }

  public static func += (a: inout Tensor, b: Tensor) { a = a + b }
  public static func -= (a: inout Tensor, b: Tensor) { a = a - b }
  public static func *= (a: inout Tensor, b: Tensor) { a = a * b }
  public static func /= (a: inout Tensor, b: Tensor) { a = a / b }
  public static func += (a: inout Tensor, b: Double) { a = a + b }
  public static func -= (a: inout Tensor, b: Double) { a = a - b }
  public static func *= (a: inout Tensor, b: Double) { a = a * b }
  public static func /= (a: inout Tensor, b: Double) { a = a / b }

  /// `self` raised to the power `exponent`, elementwise.
  public func pow(_ exponent: Tensor) -> Tensor { Tensor.combine(.power, self, exponent) }
  /// `self` raised to the power `exponent`, elementwise.
  public func pow(_ exponent: Double) -> Tensor { pow(number(exponent)) }
  public func maximum(_ other: Tensor) -> Tensor { Tensor.combine(.maximum, self, other) }
  public func maximum(_ other: Double) -> Tensor { maximum(number(other)) }
  public func minimum(_ other: Tensor) -> Tensor { Tensor.combine(.minimum, self, other) }
  public func minimum(_ other: Double) -> Tensor { minimum(number(other)) }
  /// Values below `lower` become `lower`, values above `upper` become `upper`; NaN stays. The derivative is 1 between the bounds and 0 on them and
  /// beyond.
  public func clamped(_ lower: Double, _ upper: Double) -> Tensor {
    let bounds = [number(lower), number(upper)]
    let type = bounds.reduce(dtype) { $0.promoted(with: $1.dtype) }
    let operands = ([self] + bounds).map { $0.cast(to: type) }
    return Tensor.record(Elementwise(function: .clamp), operands, TensorType(shape, type))
  }

  // MARK: Functions of one operand

  public func abs() -> Tensor { apply(.absolute) }
  /// -1, 0 or 1.
  public func sign() -> Tensor { apply(.sign) }
  public func square() -> Tensor { apply(.square) }
  public func floor() -> Tensor { apply(.floor) }
  public func ceil() -> Tensor { apply(.ceiling) }
  /// The nearest integer; ties go to the even one.
  public func rounded() -> Tensor { apply(.round) }
  public func truncated() -> Tensor { apply(.truncate) }
  public func sqrt() -> Tensor { applyReal(.squareRoot) }
  /// 1 / sqrt(self).
  public func rsqrt() -> Tensor { applyReal(.reciprocalSquareRoot) }
  public func reciprocal() -> Tensor { applyReal(.reciprocal) }
  public func exp() -> Tensor { applyReal(.exp) }
  /// exp(self) - 1, exact near 0.
  public func expm1() -> Tensor { applyReal(.expMinusOne) }
  /// The natural logarithm.
  public func log() -> Tensor { applyReal(.log) }
  /// log(1 + self), exact near 0.
  public func log1p() -> Tensor { applyReal(.logOnePlus) }
  public func sin() -> Tensor { applyReal(.sine) }
  public func cos() -> Tensor { applyReal(.cosine) }
  public func tan() -> Tensor { applyReal(.tangent) }
  public func asin() -> Tensor { applyReal(.arcsine) }
  public func acos() -> Tensor { applyReal(.arccosine) }
  public func atan() -> Tensor { applyReal(.arctangent) }
  public func sinh() -> Tensor { applyReal(.hyperbolicSine) }
  public func cosh() -> Tensor { applyReal(.hyperbolicCosine) }
  public func tanh() -> Tensor { applyReal(.hyperbolicTangent) }
  public func asinh() -> Tensor { applyReal(.inverseHyperbolicSine) }
  public func acosh() -> Tensor { applyReal(.inverseHyperbolicCosine) }
  public func atanh() -> Tensor { applyReal(.inverseHyperbolicTangent) }
  /// 1 / (1 + exp(-self)).
  public func sigmoid() -> Tensor { applyReal(.sigmoid) }
  /// log(1 + exp(self)).
  public func softplus() -> Tensor { applyReal(.softplus) }
  public func erf() -> Tensor { applyReal(.erf) }
  /// 1 - erf(self), exact for large values.
  public func erfc() -> Tensor { applyReal(.erfc) }
  /// max(self, 0).
  public func relu() -> Tensor { apply(.relu) }
  public func isNaN() -> Tensor { apply(.isNaN) }
  public func isFinite() -> Tensor { apply(.isFinite) }
  /// The angle of the point (x: other, y: self).
  public func atan2(_ other: Tensor) -> Tensor { Tensor.combine(.arctangent2, self, other) }

  // MARK: Comparison and logic

  public static func .== (a: Tensor, b: Tensor) -> Tensor { combine(.equal, a, b) }
  public static func .!= (a: Tensor, b: Tensor) -> Tensor { combine(.notEqual, a, b) }
  public static func .< (a: Tensor, b: Tensor) -> Tensor { combine(.less, a, b) }
  public static func .<= (a: Tensor, b: Tensor) -> Tensor { combine(.lessOrEqual, a, b) }
  public static func .> (a: Tensor, b: Tensor) -> Tensor { combine(.greater, a, b) }
  public static func .>= (a: Tensor, b: Tensor) -> Tensor { combine(.greaterOrEqual, a, b) }
  public static func .== (a: Tensor, b: Double) -> Tensor { a .== a.number(b) }
  public static func .!= (a: Tensor, b: Double) -> Tensor { a .!= a.number(b) }
  public static func .< (a: Tensor, b: Double) -> Tensor { a .< a.number(b) }
  public static func .<= (a: Tensor, b: Double) -> Tensor { a .<= a.number(b) }
  public static func .> (a: Tensor, b: Double) -> Tensor { a .> a.number(b) }
  public static func .>= (a: Tensor, b: Double) -> Tensor { a .>= a.number(b) }
  /// Of `bool` tensors the logical, of integers the bitwise operation.
  public static func .& (a: Tensor, b: Tensor) -> Tensor { combine(.and, a, b) }
  public static func .| (a: Tensor, b: Tensor) -> Tensor { combine(.or, a, b) }
  public static func .^ (a: Tensor, b: Tensor) -> Tensor { combine(.exclusiveOr, a, b) }
  public static prefix func .! (a: Tensor) -> Tensor { a.apply(.not) }

  /// `whenTrue` where `condition` is true, `whenFalse` elsewhere; all three broadcast.
  public static func select(_ condition: Tensor, _ whenTrue: Tensor, _ whenFalse: Tensor) -> Tensor {
    guard condition.dtype == .bool else { trap("select", [condition, whenTrue, whenFalse], "the condition must be bool") }
    let dtype = whenTrue.dtype.promoted(with: whenFalse.dtype)
    return record(Elementwise(function: .select), [condition, whenTrue.cast(to: dtype), whenFalse.cast(to: dtype)])[0]
  }

  // MARK: Types

  /// The elements converted: toward zero for integers, nonzero becomes true.
  public func cast(to dtype: DType) -> Tensor {
    dtype == self.dtype ? self : Tensor.record(Cast(target: dtype), [self], TensorType(shape, dtype))
  }

  /// The same value, through which no derivative flows.
  public func stopGradient() -> Tensor { Tensor.record(StopGradient(), [self], TensorType(shape, dtype)) }

  /// The same value under an identity of its own, to differentiate with respect to.
  func asVariable() -> Tensor { stopGradient() }
}

infix operator .& : LogicalConjunctionPrecedence
infix operator .| : LogicalDisjunctionPrecedence
infix operator .^ : LogicalDisjunctionPrecedence
prefix operator .!
