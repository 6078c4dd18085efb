import Tensors
import TestSupport
import Testing

/// One use of an operation: operands to draw and what to do with them.
struct OperationCase: Sendable, CustomTestStringConvertible {
  struct Operand: Sendable {
    var shape: Shape
    var range: ClosedRange<Double> = -2...2
    /// Integers are drawn from the range and held as int64.
    var isInteger = false
    var isDifferentiated = true

    static func indices(_ shape: Shape, below count: Int) -> Operand {
      Operand(shape: shape, range: 0...Double(count - 1), isInteger: true, isDifferentiated: false)
    }
  }

  let name: String
  let operands: [Operand]
  var dtype = DType.float32
  var tolerance = 2e-4
  /// Whether derivatives exist almost everywhere and are worth checking.
  var isDifferentiable = true
  var checksSecondDerivative = false
  let build: @Sendable ([Tensor]) -> [Tensor]

  var testDescription: String { name }

  init(
    _ name: String, _ operands: [Operand], dtype: DType = .float32, tolerance: Double = 2e-4, isDifferentiable: Bool = true,
    checksSecondDerivative: Bool = false, build: @escaping @Sendable ([Tensor]) -> [Tensor]
  ) {
    self.name = name
    self.operands = operands
    self.dtype = dtype
    self.tolerance = tolerance
    self.isDifferentiable = isDifferentiable
    self.checksSecondDerivative = checksSecondDerivative
    self.build = build
  }

  init(
    _ name: String, _ shapes: [Shape], in range: ClosedRange<Double> = -2...2, dtype: DType = .float32, tolerance: Double = 2e-4,
    isDifferentiable: Bool = true, checksSecondDerivative: Bool = false, build: @escaping @Sendable ([Tensor]) -> Tensor
  ) {
    self.init(
      name, shapes.map { Operand(shape: $0, range: range) }, dtype: dtype, tolerance: tolerance, isDifferentiable: isDifferentiable,
      checksSecondDerivative: checksSecondDerivative
    ) { [build($0)] }
  }
}

/// The largest difference in units of the tolerance: absolute near zero, relative beyond one.
func worstDifference(_ actual: [Double], _ expected: [Double]) -> Double {
  guard actual.count == expected.count else { return .infinity }
  let scale = Swift.max(1, (expected.filter(\.isFinite).map(Swift.abs).max() ?? 1) * 0.1)
  var worst = 0.0
  for (a, b) in zip(actual, expected) {
    if a.isNaN && b.isNaN || a == b { continue }
    let difference = Swift.abs(a - b) / Swift.max(scale, Swift.abs(b))
    worst = difference.isNaN ? .infinity : Swift.max(worst, difference)
  }
  return worst
}

extension Tensor {
  var doubles: [Double] { cast(to: .float64).array(of: Double.self) }
}

/// Holds one case against the oracle: values, derivatives, and second derivatives where asked for.
func check(_ testCase: OperationCase, seed: UInt64 = 1) {
  var random = TestRandom(seed: seed &+ UInt64(testCase.name.utf8.reduce(7) { $0 &* 31 &+ Int($1) } & 0xffff))
  let operands = testCase.operands.map { operand -> Tensor in
    let count = operand.shape.elementCount
    if operand.isInteger {
      return Tensor((0..<count).map { _ in Int64(random.uniform(operand.range.lowerBound...(operand.range.upperBound + 0.999))) }, shape: operand.shape)
    }
    // Evenly spread in random order, so that no two values are nearly equal and none lies at a kink, where differences mislead.
    let width = (operand.range.upperBound - operand.range.lowerBound) / Double(max(count, 1))
    let values = (0..<count).shuffled(using: &random).map { operand.range.lowerBound + (Double($0) + 0.37) * width }
    return testCase.dtype == .float64 ? Tensor(values, shape: operand.shape) : Tensor(values, shape: operand.shape).cast(to: .float32)
  }

  let outputs = testCase.build(operands)
  let expected = Reference.evaluate(outputs)
  let forCompiled = testCase.build(operands)
  evaluate(forCompiled)
  for (index, output) in forCompiled.enumerated() {
    let worst = worstDifference(output.doubles, expected[index])
    #expect(worst <= testCase.tolerance, "\(testCase.name): output \(index) differs by \(worst), seed \(seed)")
  }
  guard testCase.isDifferentiable else { return }

  let variables = zip(operands, testCase.operands).filter { $1.isDifferentiated && !$1.isInteger }.map(\.0)
  // A random weight for each output element makes one scalar of everything.
  let weights = outputs.map { output -> Tensor? in
    output.dtype.isFloatingPoint ? Tensor(random.normal(output.elementCount), shape: output.shape).cast(to: output.dtype) : nil
  }
  func scalar(_ outputs: [Tensor]) -> Tensor {
    var total = Tensor(0, dtype: testCase.dtype)
    for (output, weight) in zip(outputs, weights) { if let weight { total = total + (output * weight).sum(axes: nil) } }
    return total
  }

  func compare(_ value: Tensor, _ rebuilt: Tensor, order: Int) {
    let symbolic = Reference.evaluate(value.gradients(withRespectTo: variables))
    for (variable, gradient) in zip(variables, symbolic) {
      let base = variable.doubles
      var numeric = [Double](repeating: 0, count: base.count)
      for position in base.indices {
        let step = 1e-4
        func at(_ offset: Double) -> Double {
          var moved = base
          moved[position] += offset
          return Reference.evaluate([value], replacing: [(variable, moved)])[0][0]
        }
        numeric[position] = (8 * (at(step) - at(-step)) - (at(2 * step) - at(-2 * step))) / (12 * step)
      }
      let worst = worstDifference(gradient, numeric)
      #expect(worst <= 1e-5, "\(testCase.name): derivative of order \(order) differs from central differences by \(worst), seed \(seed)")
    }
    let compiled = rebuilt.gradients(withRespectTo: variables)
    evaluate(compiled)
    for (gradient, expected) in zip(compiled, symbolic) {
      let worst = worstDifference(gradient.doubles, expected)
      #expect(worst <= testCase.tolerance * 5, "\(testCase.name): compiled derivative of order \(order) differs by \(worst), seed \(seed)")
    }
  }
  compare(scalar(testCase.build(operands)), scalar(testCase.build(operands)), order: 1)
  if testCase.checksSecondDerivative {
    let second = variables.map { Tensor(random.normal($0.elementCount), shape: $0.shape).cast(to: testCase.dtype) }
    func directional() -> Tensor {
      let first = scalar(testCase.build(operands)).gradients(withRespectTo: variables)
      var total = Tensor(0, dtype: testCase.dtype)
      for (gradient, direction) in zip(first, second) { total = total + (gradient * direction).sum(axes: nil) }
      return total
    }
    compare(directional(), directional(), order: 2)
  }
}
