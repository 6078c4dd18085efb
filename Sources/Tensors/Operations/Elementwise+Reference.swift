import Foundation

extension Elementwise {
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    let operands = inputs.map { $0.broadcast(to: outputs[0].shape) }
    let dtype = outputs[0].dtype
    let count = outputs[0].shape.elementCount
    var result = [Double](repeating: 0, count: count)
    for index in 0..<count {
      let a = operands[0].values[index]
      let b = operands.count > 1 ? operands[1].values[index] : 0
      let c = operands.count > 2 ? operands[2].values[index] : 0
      result[index] = ReferenceArray.convert(meaning(a, b, c, isInteger: !inputs[inputs.count - 1].dtype.isFloatingPoint), to: dtype)
    }
    return [ReferenceArray(outputs[0].shape, dtype, result)]
  }

  private func meaning(_ a: Double, _ b: Double, _ c: Double, isInteger: Bool) -> Double {
    func truth(_ condition: Bool) -> Double { condition ? 1 : 0 }
    switch function {
    case .negative: return -a
    case .absolute: return Swift.abs(a)
    case .sign: return a > 0 ? 1 : a < 0 ? -1 : a
    case .floor: return a.rounded(.down)
    case .ceiling: return a.rounded(.up)
    case .round: return a.rounded(.toNearestOrEven)
    case .truncate: return a.rounded(.towardZero)
    case .squareRoot: return a.squareRoot()
    case .reciprocalSquareRoot: return 1 / a.squareRoot()
    case .reciprocal: return 1 / a
    case .square: return a * a
    case .exp: return Foundation.exp(a)
    case .expMinusOne: return Foundation.expm1(a)
    case .log: return Foundation.log(a)
    case .logOnePlus: return Foundation.log1p(a)
    case .sine: return Foundation.sin(a)
    case .cosine: return Foundation.cos(a)
    case .tangent: return Foundation.tan(a)
    case .arcsine: return Foundation.asin(a)
    case .arccosine: return Foundation.acos(a)
    case .arctangent: return Foundation.atan(a)
    case .hyperbolicSine: return Foundation.sinh(a)
    case .hyperbolicCosine: return Foundation.cosh(a)
    case .hyperbolicTangent: return Foundation.tanh(a)
    case .inverseHyperbolicSine: return Foundation.asinh(a)
    case .inverseHyperbolicCosine: return Foundation.acosh(a)
    case .inverseHyperbolicTangent: return Foundation.atanh(a)
    case .sigmoid: return 1 / (1 + Foundation.exp(-a))
    case .softplus: return a > 0 ? a + Foundation.log1p(Foundation.exp(-a)) : Foundation.log1p(Foundation.exp(a))
    case .erf: return Foundation.erf(a)
    case .erfc: return Foundation.erfc(a)
    case .relu: return a.isNaN ? a : Swift.max(a, 0)
    case .not: return truth(a == 0)
    case .isNaN: return truth(a.isNaN)
    case .isFinite: return truth(a.isFinite)
    case .add: return a + b
    case .subtract: return a - b
    case .multiply: return a * b
    case .divide: return isInteger ? (a / b).rounded(.down) : a / b
    case .power: return Foundation.pow(a, b)
    case .maximum: return a.isNaN || b.isNaN ? .nan : Swift.max(a, b)
    case .minimum: return a.isNaN || b.isNaN ? .nan : Swift.min(a, b)
    case .remainder:
      let remainder = Foundation.fmod(a, b)
      return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder
    case .arctangent2: return Foundation.atan2(a, b)
    case .and: return Double(Int64(a) & Int64(b))
    case .or: return Double(Int64(a) | Int64(b))
    case .exclusiveOr: return Double(Int64(a) ^ Int64(b))
    case .equal: return truth(a == b)
    case .notEqual: return truth(a != b)
    case .less: return truth(a < b)
    case .lessOrEqual: return truth(a <= b)
    case .greater: return truth(a > b)
    case .greaterOrEqual: return truth(a >= b)
    case .select: return a != 0 ? b : c
    case .clamp: return a.isNaN ? a : Swift.min(Swift.max(a, b), c)
    }
  }
}
