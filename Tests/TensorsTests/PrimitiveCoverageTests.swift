import Foundation
import Tensors
import TestSupport
import Testing

/// No primitive without a test of its derivative: the cases that are held against central differences contain every one.
@Suite struct PrimitiveCoverageTests {
  /// What has no derivative: leaves, and results that are whole numbers or random bits.
  private static let withoutDerivative: Set<String> = ["Constant", "ScalarConstant", "Iota", "RandomBits", "UniformFromBits", "ArgExtreme"]

  @Test func everyDerivativeIsHeldAgainstDifferences() throws {
    let declared = try Self.declaredPrimitives()
    #expect(declared.count > 40)
    var covered: Set<String> = []
    for testCase in Self.cases where testCase.isDifferentiable {
      let parts = graph(of: testCase)
      // The first derivative is that of the operations in the outputs; the second, of those in the first.
      covered.formUnion(operationTypes(computing: testCase.checksSecondDerivative ? parts.gradients : parts.outputs))
    }
    let missing = declared.subtracting(covered).subtracting(Self.withoutDerivative)
    #expect(missing.isEmpty, "no case differentiates \(missing.sorted())")
    #expect(Self.withoutDerivative.isSubset(of: declared), "\(Self.withoutDerivative.subtracting(declared)) are no primitives")
  }

  /// Cases that do not differentiate hold values against the reference, so that what has no derivative is tested too.
  @Test func everyValueIsHeldAgainstTheReference() throws {
    var covered: Set<String> = []
    for testCase in Self.cases {
      let parts = graph(of: testCase)
      covered.formUnion(operationTypes(computing: parts.outputs + parts.gradients))
    }
    let missing = try Self.declaredPrimitives().subtracting(covered)
    #expect(missing.isEmpty, "no case computes \(missing.sorted())")
  }

  private static var cases: [OperationCase] {
    OperationCases.elementwise + OperationCases.movement + OperationCases.reductions + OperationCases.products + OperationCases.convolutions
      + OperationCases.pooling + OperationCases.normalizations + OperationCases.indexed + OperationCases.segments + OperationCases.sparse
      + OperationCases.attention + OperationCases.ordering + OperationCases.generators + SamplingTests.resizing + SamplingTests.sampling
      + FourierTests.cases + LinearAlgebraCases.all
  }

  private func graph(of testCase: OperationCase) -> (outputs: [Tensor], gradients: [Tensor]) {
    var random = TestRandom(seed: 1)
    let operands = testCase.operands.map { operand -> Tensor in
      let values = (0..<operand.shape.elementCount).map { _ in random.uniform(operand.range) }
      let tensor = Tensor(values, shape: operand.shape).cast(to: operand.isInteger ? .int64 : testCase.dtype)
      evaluate(tensor)
      return tensor
    }
    let outputs = testCase.build(operands)
    let variables = operands.filter(\.dtype.isFloatingPoint)
    guard testCase.isDifferentiable, !variables.isEmpty else { return (outputs, []) }
    let total = outputs.filter(\.dtype.isFloatingPoint).map { $0.square().sum() }.reduce(Tensor(0, dtype: testCase.dtype), +)
    return (outputs, total.gradients(withRespectTo: variables))
  }

  /// The types that the sources declare.
  private static func declaredPrimitives() throws -> Set<String> {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    let files = try #require(FileManager.default.enumerator(at: root.appending(path: "Sources/Tensors"), includingPropertiesForKeys: nil))
    var names: Set<String> = []
    for case let file as URL in files where file.pathExtension == "swift" {
      for match in try String(contentsOf: file, encoding: .utf8).matches(of: /(?m)^struct (\w+): Primitive\b/) {
        names.insert(String(match.1))
      }
    }
    return names
  }
}
