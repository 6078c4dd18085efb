import Tensors
import Testing

/// Every case of the fixture: values, derivatives and second derivatives of the compiled operations against PyTorch's.
@Suite struct OperationFixtureTests {
  @Test(arguments: OperationFixture.shared.cases) func agreesWithPyTorch(_ test: OperationFixture.Case) throws {
    // PyTorch's derivative of the hard sigmoid rounds 1/6 to single precision.
    try check(test, in: .float64, tolerance: test.description.op == "hardSigmoid" ? 1e-7 : 1e-9)
  }

  /// The kernels of single precision, where all operands are plain numbers.
  @Test(arguments: OperationFixture.shared.cases.filter(isPlain)) func agreesInSinglePrecision(_ test: OperationFixture.Case) throws {
    try check(test, in: .float32, tolerance: 3e-4)
  }

  @Test func noMappingIsLeftOver() {
    let found = Set(OperationFixture.shared.cases.map(\.description.op))
    #expect(Set(FixtureOperations.all.keys) == found)
  }

  private static func isPlain(_ test: OperationFixture.Case) -> Bool {
    test.description.gradients != nil && !test.name.hasSuffix(".special")
  }

  private func check(_ test: OperationFixture.Case, in dtype: DType, tolerance: Double) throws {
    let fixture = OperationFixture.shared
    let description = test.description
    let operation = try #require(FixtureOperations.all[description.op], "no operation is mapped to \(test.name)")
    func read(_ name: String) -> Tensor {
      let stored = fixture["\(test.name)/\(name)"]
      return stored.dtype == .float64 ? stored.cast(to: dtype) : stored
    }
    let inputs = Dictionary(uniqueKeysWithValues: description.inputs.map { ($0, read("in.\($0)")) })
    evaluate(Array(inputs.values))
    let outputs = operation(FixtureOperands(inputs: inputs, attributes: description.attributes))

    // L = sum over outputs of sum(output * cotangent), and its directional derivative.
    let variables = (description.gradients ?? []).map { inputs[$0]! }
    var gradients: [Tensor] = []
    var seconds: [Tensor] = []
    if !variables.isEmpty {
      let total = (description.cotangents ?? []).map { (outputs[$0]! * read("cotangent.\($0)")).sum() }.reduce(Tensor(0, dtype: dtype), +)
      gradients = total.gradients(withRespectTo: variables)
      if description.second == true {
        let directional = zip(gradients, description.gradients!).map { ($0 * read("direction.\($1)")).sum() }.reduce(
          Tensor(0, dtype: dtype), +)
        seconds = directional.gradients(withRespectTo: variables)
      }
    }
    evaluate(description.outputs.map { outputs[$0]! } + gradients + seconds)

    for name in description.outputs {
      let (found, expected) = (outputs[name]!, fixture["\(test.name)/out.\(name)"])
      #expect(found.dtype == (expected.dtype == .float64 ? dtype : expected.dtype), "\(test.name): \(name) is \(found.dtype)")
      compare(found, expected, "\(test.name): \(name)", tolerance: tolerance, isRelative: test.name.hasSuffix(".special"))
    }
    for (name, gradient) in zip(description.gradients ?? [], gradients) {
      compare(gradient, fixture["\(test.name)/grad.\(name)"], "\(test.name): gradient of \(name)", tolerance: tolerance)
    }
    for (name, second) in zip(description.gradients ?? [], seconds) {
      compare(second, fixture["\(test.name)/second.\(name)"], "\(test.name): second derivative of \(name)", tolerance: tolerance * 10)
    }
  }

  /// - Parameter isRelative: compares each element by its own size instead of that of the largest one (at least 1).
  private func compare(_ found: Tensor, _ expected: Tensor, _ label: String, tolerance: Double, isRelative: Bool = false) {
    guard found.shape == expected.shape else {
      Issue.record("\(label) has shape \(found.shape) instead of \(expected.shape)")
      return
    }
    let (a, b) = (found.doubles, expected.doubles)
    let scale = max(1, b.lazy.filter(\.isFinite).map(abs).max() ?? 1)
    for (index, (x, y)) in zip(a, b).enumerated() where !(x == y || (x.isNaN && y.isNaN)) {
      let difference = abs(x - y) / (isRelative ? max(abs(y), .leastNormalMagnitude) : scale)
      if !(difference <= tolerance) {
        Issue.record("\(label) has \(x) instead of \(y) at position \(index)")
        return
      }
    }
  }
}
