import Tensors
import Testing

/// Every operation against its reference meaning, every derivative against central differences.
@Suite struct OperationTests {
  @Test(arguments: OperationCases.elementwise) func elementwise(_ testCase: OperationCase) { check(testCase) }
  @Test(arguments: OperationCases.movement) func movement(_ testCase: OperationCase) { check(testCase) }
  @Test(arguments: OperationCases.reductions) func reduction(_ testCase: OperationCase) { check(testCase) }
  @Test(arguments: OperationCases.products) func products(_ testCase: OperationCase) { check(testCase) }
  @Test(arguments: OperationCases.convolutions) func convolution(_ testCase: OperationCase) { check(testCase) }
  @Test(arguments: OperationCases.pooling) func pooling(_ testCase: OperationCase) { check(testCase) }
  @Test(arguments: OperationCases.normalizations) func normalization(_ testCase: OperationCase) { check(testCase) }
  @Test(arguments: OperationCases.indexed) func indexed(_ testCase: OperationCase) { check(testCase) }
  @Test(arguments: OperationCases.segments) func segments(_ testCase: OperationCase) { check(testCase) }
  @Test(arguments: OperationCases.sparse) func sparse(_ testCase: OperationCase) { check(testCase) }
  @Test(arguments: OperationCases.ordering) func ordering(_ testCase: OperationCase) { check(testCase) }
  @Test(arguments: OperationCases.generators) func generators(_ testCase: OperationCase) { check(testCase) }
  @Test(arguments: OperationCases.attention) func attention(_ testCase: OperationCase) { check(testCase) }
}

enum OperationCases {
  static let elementwise: [OperationCase] = {
    var cases: [OperationCase] = []
    func unary(_ name: String, in range: ClosedRange<Double> = -2...2, _ function: @escaping @Sendable (Tensor) -> Tensor) {
      cases.append(OperationCase(name, [[3, 5]], in: range, checksSecondDerivative: true) { function($0[0]) })
    }
    unary("negative") { -$0 }
    unary("abs") { $0.abs() }
    unary("sign") { $0.sign() }
    unary("square") { $0.square() }
    unary("floor") { $0.floor() }
    unary("ceil") { $0.ceil() }
    unary("rounded") { $0.rounded() }
    unary("truncated") { $0.truncated() }
    unary("sqrt", in: 0.2...4) { $0.sqrt() }
    unary("rsqrt", in: 0.2...4) { $0.rsqrt() }
    unary("reciprocal", in: 0.3...3) { $0.reciprocal() }
    unary("exp") { $0.exp() }
    unary("expm1") { $0.expm1() }
    unary("log", in: 0.2...5) { $0.log() }
    unary("log1p", in: -0.5...5) { $0.log1p() }
    unary("sin") { $0.sin() }
    unary("cos") { $0.cos() }
    unary("tan", in: -1...1) { $0.tan() }
    unary("asin", in: -0.8...0.8) { $0.asin() }
    unary("acos", in: -0.8...0.8) { $0.acos() }
    unary("atan") { $0.atan() }
    unary("sinh") { $0.sinh() }
    unary("cosh") { $0.cosh() }
    unary("tanh") { $0.tanh() }
    unary("asinh") { $0.asinh() }
    unary("acosh", in: 1.3...4) { $0.acosh() }
    unary("atanh", in: -0.8...0.8) { $0.atanh() }
    unary("sigmoid") { $0.sigmoid() }
    unary("softplus") { $0.softplus() }
    unary("erf") { $0.erf() }
    unary("erfc") { $0.erfc() }
    unary("relu") { $0.relu() }
    unary("silu") { $0.silu() }
    unary("gelu") { $0.gelu() }
    unary("leaky relu") { $0.leakyRelu(slope: 0.1) }
    unary("elu") { $0.elu() }
    unary("relu6") { ($0 * 4).relu6() }
    unary("hard swish") { ($0 * 3).hardSwish() }
    unary("gelu by a hyperbolic tangent") { $0.gelu(.hyperbolicTangent) }
    unary("selu") { $0.selu() }
    unary("hard sigmoid") { ($0 * 3).hardSigmoid() }
    unary("mish") { $0.mish() }
    unary("softsign") { $0.softsign() }
    unary("glu") { Tensor.concatenate([$0, $0 * 0.5 + 1]).glu(axis: 0) }
    unary("unit norm") { $0.unitNormalized() }
    unary("power of a number") { $0.square().pow(1.7) }
    unary("casts") { $0.cast(to: .float64).exp().cast(to: .float32) }
    func binary(_ name: String, in range: ClosedRange<Double> = -2...2, _ function: @escaping @Sendable (Tensor, Tensor) -> Tensor) {
      cases.append(OperationCase(name, [[4, 1, 3], [2, 3]], in: range, checksSecondDerivative: true) { function($0[0], $0[1]) })
    }
    binary("add") { $0 + $1 }
    binary("subtract") { $0 - $1 }
    binary("multiply") { $0 * $1 }
    binary("divide", in: 0.5...3) { $0 / $1 }
    binary("remainder", in: 0.5...3) { ($0 * 5) % $1 }
    binary("power", in: 0.3...2) { $0.pow($1) }
    binary("prelu") { $0.prelu(slope: $1) }
    binary("multiply and add") { $0.multiplied(by: $1, adding: $1) }
    binary("maximum") { $0.maximum($1) }
    binary("clamp") { ($0 * $1).clamped(-0.7, 1.1) }
    binary("minimum") { $0.minimum($1) }
    binary("atan2") { $0.atan2($1) }
    binary("select") { Tensor.select($0 .> $1, $0 * 2, $1.square()) }
    binary("comparisons") { a, b in
      [a .< b, a .<= b, a .> b, a .>= b, a .== b, a .!= b].enumerated().reduce(a * b) {
        $0 + $1.element.cast(to: .float32) * Double($1.offset + 1)
      }
    }
    binary("logic") { a, b in Tensor.select(((a .> 0) .& (b .> 0)) .| (.!(a .> 1) .^ (b .< 1)), a, b) }
    return cases
  }()

  static let movement: [OperationCase] = [
    OperationCase("reshape", [[2, 3, 4]]) { $0[0].reshaped(to: [4, -1]) * 2 },
    OperationCase("transpose", [[2, 3, 4]]) { $0[0].transposed(permutation: [2, 0, 1]).exp() },
    OperationCase("reshape of a transpose", [[3, 4]]) { $0[0].transposed().reshaped(to: [6, 2]).square() },
    OperationCase("broadcast", [[3, 1]]) { $0[0].broadcast(to: [2, 3, 4]).square() },
    OperationCase("slices", [[5, 6]]) { $0[0][1..<4, .every(2)] * $0[0][.every(-1), 0..<3][1..<4] },
    OperationCase("positions", [[5, 6]]) { $0[0][2] * $0[0][-1] + $0[0][.ellipsis, 3, .newAxis].sum() },
    OperationCase("flip", [[3, 4]]) { $0[0].flipped(0, 1).exp() },
    OperationCase("pad", [[2, 3]]) { $0[0].padded([(1, 2), (0, 1)], with: 3).square() },
    OperationCase("concatenate", [[2, 3], [4, 3], [1, 3]]) { Tensor.concatenate([$0[0], $0[1].square(), $0[2]], axis: 0) * 2 },
    OperationCase("stack", [[2, 3], [2, 3]]) { Tensor.stack([$0[0], $0[1]], axis: 1).exp() },
    OperationCase("split", [[4, 6]]) { a in a[0].split(count: 3, axis: 1).reduce(Tensor(0)) { $0 + $1.square() * $1 } },
    OperationCase("assignment to a part", [[4, 3], [3]]) { a in
      var x = a[0]
      x[1] = a[1] * 2
      return x.square()
    },
    OperationCase("tile", [[2, 3]]) { $0[0].tiled(3, axis: 1).square() },
    OperationCase("tile of several axes", [[2, 3]]) { $0[0].tiled([2, 3]).square() },
    OperationCase("repeated elements", [[2, 3]]) { $0[0].repeatingElements(3, axis: 0) * $0[0].repeatingElements(3, axis: -2).exp() },
    OperationCase("roll", [[3, 4]]) { $0[0].rolled(by: -2, axis: 1) * $0[0].rolled(by: 4, axis: 0).exp() },
    OperationCase("moving an axis", [[2, 3, 4]]) {
      $0[0].movingAxis(0, to: -1).exp() + $0[0].movingAxis(2, to: 0).movingAxis(1, to: 2).transposed(permutation: [1, 0, 2]).sum()
    },
  ]

  static let reductions: [OperationCase] = [
    OperationCase("sum of all", [[3, 4, 2]]) { $0[0].square().sum() },
    OperationCase("sum of rows", [[3, 4, 2]]) { $0[0].sum(axes: [-1]).exp() },
    OperationCase("sum of columns", [[5, 4]]) { $0[0].square().sum(axes: [0], keepingAxes: true) * $0[0] },
    OperationCase("sum in the middle", [[3, 4, 2]]) { $0[0].sum(axes: [1]).square() },
    OperationCase("max", [[3, 4]]) { $0[0].max(axes: [1]).square() },
    OperationCase("min", [[3, 4]]) { $0[0].min(axes: [0]).square() },
    OperationCase("product", [[3, 4]], in: 0.5...2) { $0[0].product(axes: [1]) },
    OperationCase("mean and variance", [[3, 5]]) { $0[0].mean(axes: [1]) * $0[0].variance(axes: [1], correction: 1) },
    OperationCase("norm", [[3, 5]]) { $0[0].norm(axes: [1]) },
    OperationCase("log sum exp", [[3, 5]], checksSecondDerivative: true) { $0[0].logSumExp(axes: [1]) },
    OperationCase("count", [[3, 5]], isDifferentiable: false) { ($0[0] .> 0).sum(axes: [1]) },
    OperationCase("any and all", [[3, 5]], isDifferentiable: false) { ($0[0] .> 0.5).any(axes: [1]) .^ ($0[0] .> -1.5).all(axes: [1]) },
  ]

  static let products: [OperationCase] = [
    OperationCase("matmul", [[3, 4], [4, 5]], checksSecondDerivative: true) { $0[0].matmul($0[1]).square() },
    OperationCase("matmul, both transposed", [[4, 3], [5, 4]]) { $0[0].transposed().matmul($0[1].transposed()) },
    OperationCase("matmul, batched", [[2, 3, 4], [2, 4, 5]], checksSecondDerivative: true) { $0[0].matmul($0[1]).tanh() },
    OperationCase("matmul, one matrix for a batch", [[2, 3, 4], [4, 5]]) { $0[0].matmul($0[1]) },
    OperationCase("matmul, broadcast batches", [[2, 1, 3, 4], [3, 4, 2]]) { $0[0].matmul($0[1]) },
    OperationCase("matmul, vectors", [[4], [4, 5], [5]]) { $0[0].matmul($0[1]).matmul($0[2]) },
    OperationCase("dense layer with relu", [[6, 4], [4, 5], [5]], checksSecondDerivative: true) { ($0[0].matmul($0[1]) + $0[2]).relu() },
    OperationCase("dense layer with residual", [[6, 4], [4, 4], [4]]) { ($0[0].matmul($0[1]) + $0[2] + $0[0]).sigmoid() },
    OperationCase("einsum, matrices", [[2, 3, 4], [4, 5]]) { Tensor.einsum("bij,jk->bik", $0[0], $0[1]) },
    OperationCase("einsum, contraction of two axes", [[2, 3, 4], [3, 4, 5]]) { Tensor.einsum("aij,ijb->ba", $0[0], $0[1]) },
    OperationCase("einsum, diagonal and outer", [[3, 3], [4]]) { Tensor.einsum("ii,j->ij", $0[0], $0[1]) },
    OperationCase("einsum, ellipsis", [[2, 3, 4], [1, 4, 5]]) { Tensor.einsum("...ij,...jk->...ki", $0[0], $0[1]) },
    OperationCase("einsum, three operands", [[2, 3], [3, 4], [4, 2]]) { Tensor.einsum("ab,bc,ca->", $0[0], $0[1], $0[2]) },
    OperationCase("einsum, implicit result", [[2, 3], [3, 4]]) { Tensor.einsum("ba,ac", $0[0], $0[1]) },
  ]

  static let convolutions: [OperationCase] = [
    OperationCase("convolution 1-d", [[2, 7, 3], [4, 3, 3]], checksSecondDerivative: true) {
      $0[0].convolution($0[1], strides: [2], padding: [(1, 1)]).square()
    },
    OperationCase("convolution 2-d", [[2, 5, 6, 3], [4, 3, 3, 3]]) { $0[0].convolution($0[1], padding: [(1, 1), (1, 1)]) },
    OperationCase("convolution, bias and relu", [[2, 5, 6, 3], [4, 3, 3, 3], [4]]) {
      ($0[0].convolution($0[1], padding: [(1, 1), (1, 1)]) + $0[2]).relu()
    },
    OperationCase("convolution, strides and asymmetric padding", [[1, 6, 7, 2], [3, 3, 2, 2]]) {
      $0[0].convolution($0[1], strides: [2, 3], padding: [(0, 1), (2, 1)])
    },
    OperationCase("convolution, dilated", [[1, 7, 7, 2], [3, 3, 3, 2]]) { $0[0].convolution($0[1], dilations: [2, 3]) },
    OperationCase("convolution, groups", [[1, 5, 5, 4], [6, 3, 3, 2]]) { $0[0].convolution($0[1], groups: 2) },
    OperationCase("convolution, depthwise", [[2, 5, 5, 4], [4, 3, 3, 1]], checksSecondDerivative: true) {
      $0[0].convolution($0[1], padding: [(1, 1), (1, 1)], groups: 4)
    },
    OperationCase("convolution, depthwise with stride", [[2, 7, 6, 5], [5, 5, 5, 1]]) {
      $0[0].convolution($0[1], strides: [2, 2], padding: [(2, 2), (2, 2)], groups: 5)
    },
    OperationCase("convolution, depthwise multiplier", [[1, 5, 5, 2], [6, 3, 3, 1]]) { $0[0].convolution($0[1], groups: 2) },
    OperationCase("convolution 1 x 1", [[2, 4, 4, 3], [5, 1, 1, 3]]) { $0[0].convolution($0[1]) },
    OperationCase("convolution 3-d", [[1, 4, 4, 3, 2], [3, 2, 2, 2, 2]]) { $0[0].convolution($0[1], padding: [(1, 0), (0, 1), (1, 1)]) },
    OperationCase("transposed convolution 1-d", [[2, 4, 3], [3, 3, 2]]) {
      $0[0].transposedConvolution($0[1], strides: [2], padding: [(1, 1)], outputPadding: [1])
    },
    OperationCase("transposed convolution 2-d", [[1, 3, 4, 4], [4, 3, 3, 2]], checksSecondDerivative: true) {
      $0[0].transposedConvolution($0[1], strides: [2, 1], dilations: [1, 2]).tanh()
    },
    OperationCase("transposed convolution, groups", [[1, 3, 3, 4], [4, 2, 2, 3]]) { $0[0].transposedConvolution($0[1], groups: 2) },
    OperationCase("transposed convolution 3-d", [[1, 2, 3, 2, 2], [2, 2, 2, 2, 3]]) {
      $0[0].transposedConvolution($0[1], strides: [2, 1, 2])
    },
  ]

  static let pooling: [OperationCase] = [
    OperationCase("max pool 1-d", [[2, 8, 3]]) { $0[0].maxPooled(window: [2]).square() },
    OperationCase("max pool 2-d", [[2, 6, 6, 3]], checksSecondDerivative: true) { $0[0].maxPooled(window: [2, 2]).square() },
    OperationCase("max pool, overlapping with padding", [[1, 6, 7, 2]]) {
      $0[0].maxPooled(window: [3, 3], strides: [2, 2], padding: [(1, 1), (1, 1)])
    },
    OperationCase("max pool, dilated", [[1, 7, 7, 2]]) { $0[0].maxPooled(window: [2, 3], strides: [1, 2], dilations: [3, 2]) },
    OperationCase("max pool 3-d", [[1, 4, 4, 4, 2]]) { $0[0].maxPooled(window: [2, 2, 2]) },
    OperationCase("average pool", [[2, 6, 6, 3]], checksSecondDerivative: true) { $0[0].averagePooled(window: [2, 2]).square() },
    OperationCase("average pool, padding counted", [[1, 5, 6, 2]]) {
      $0[0].averagePooled(window: [3, 3], strides: [2, 2], padding: [(1, 1), (1, 0)])
    },
    OperationCase("average pool, padding left out", [[1, 5, 6, 2]]) {
      $0[0].averagePooled(window: [3, 2], strides: [1, 2], padding: [(1, 1), (1, 1)], countsPadding: false)
    },
    OperationCase("average pool 1-d", [[2, 9, 2]]) { $0[0].averagePooled(window: [3]) },
    OperationCase("adaptive average pool", [[2, 7, 5, 3]]) { $0[0].adaptiveAveragePooled(to: [3, 2]) },
    OperationCase("adaptive max pool", [[2, 7, 5, 3]]) { $0[0].adaptiveMaxPooled(to: [3, 2]) },
    OperationCase("global average pool", [[2, 4, 5, 3]]) { $0[0].adaptiveAveragePooled(to: [1, 1]).square() },
  ]

  static let normalizations: [OperationCase] = [
    OperationCase("softmax", [[3, 5]], checksSecondDerivative: true) { $0[0].softmax() },
    OperationCase("softmax of the first axis", [[3, 5]]) { $0[0].softmax(axis: 0) },
    OperationCase("log softmax", [[3, 5]], checksSecondDerivative: true) { $0[0].logSoftmax() },
    OperationCase("cross entropy", [.init(shape: [4, 5]), .indices([4], below: 5)], checksSecondDerivative: true) {
      [$0[0].softmaxCrossEntropy(labels: $0[1])]
    },
    OperationCase("cross entropy, smoothed", [.init(shape: [4, 5]), .indices([4], below: 5)], checksSecondDerivative: true) {
      [$0[0].softmaxCrossEntropy(labels: $0[1], smoothing: 0.1, ignoring: 2)]
    },
    OperationCase("layer normalisation", [[3, 6], [6], [6]], checksSecondDerivative: true) {
      $0[0].layerNormalized(scale: $0[1], shift: $0[2])
    },
    OperationCase("layer normalisation of two axes", [[3, 2, 4]]) { $0[0].layerNormalized(axes: 2) },
    OperationCase("root mean square normalisation", [[3, 6], [6]], checksSecondDerivative: true) { $0[0].rmsNormalized(scale: $0[1]) },
    OperationCase("batch normalisation", [[3, 2, 2, 4], [4], [4]], checksSecondDerivative: true) {
      $0[0].batchNormalized(scale: $0[1], shift: $0[2]).output
    },
    OperationCase("batch normalisation, relu", [[6, 4], [4], [4]]) { $0[0].batchNormalized(scale: $0[1], shift: $0[2]).output.relu() },
    OperationCase("batch normalisation, residual and relu", [[6, 4], [4], [4], [6, 4]]) {
      ($0[0].batchNormalized(scale: $0[1], shift: $0[2]).output + $0[3]).relu()
    },
    OperationCase("batch statistics", [.init(shape: [6, 4])], isDifferentiable: false) {
      let parts = $0[0].batchNormalized()
      return [parts.mean, parts.variance]
    },
    OperationCase("group normalisation", [[2, 3, 6], [6], [6]], checksSecondDerivative: true) {
      $0[0].groupNormalized(groups: 2, scale: $0[1], shift: $0[2])
    },
    OperationCase("instance normalisation", [[2, 5, 3]]) { $0[0].groupNormalized(groups: 3) },
  ]

  static let indexed: [OperationCase] = [
    OperationCase("gather", [.init(shape: [5, 3]), .indices([2, 4], below: 5)], checksSecondDerivative: true) {
      [$0[0].gathered($0[1]).square()]
    },
    OperationCase("gather along the middle", [.init(shape: [2, 5, 3]), .indices([4], below: 5)]) { [$0[0].gathered($0[1], axis: 1)] },
    OperationCase("gather, negative index", [.init(shape: [5, 3]), .indices([4], below: 5)]) { [$0[0].gathered($0[1] - 5)] },
    OperationCase("scatter add", [.init(shape: [5, 3]), .indices([7], below: 5), .init(shape: [7, 3])], checksSecondDerivative: true) {
      [$0[0].scatteringAdd($0[1], $0[2]).square()]
    },
    OperationCase("take along axis", [.init(shape: [3, 5]), .indices([3, 4], below: 5)]) { [$0[0].takingAlong(axis: 1, $0[1]).square()] },
    OperationCase("take along the first axis", [.init(shape: [4, 3]), .indices([2, 3], below: 4)]) { [$0[0].takingAlong(axis: 0, $0[1])] },
    OperationCase("scatter add along axis", [.init(shape: [3, 5]), .indices([3, 6], below: 5), .init(shape: [3, 6])]) {
      [$0[0].scatteringAddAlong(axis: 1, $0[1], $0[2]).square()]
    },
    OperationCase("one hot", [.indices([4], below: 6)], isDifferentiable: false) { [$0[0].oneHot(6)] },
  ]

  static let segments: [OperationCase] = {
    let operands: [OperationCase.Operand] = [.init(shape: [9, 2]), .indices([9], below: 4)]
    return [
      OperationCase("segment sum", operands, checksSecondDerivative: true) { [$0[0].segmentSum($0[1], count: 5).square()] },
      OperationCase("segment mean", operands) { [$0[0].segmentMean($0[1], count: 5).square()] },
      OperationCase("segment max", operands, checksSecondDerivative: true) { [$0[0].segmentMax($0[1], count: 5, empty: 2).square()] },
      OperationCase("segment min", operands) { [$0[0].segmentMin($0[1], count: 5).square()] },
      OperationCase("segment product", operands, checksSecondDerivative: true) { [$0[0].segmentProduct($0[1], count: 5)] },
      OperationCase("segment product with zeros", operands, isDifferentiable: false) {
        let x = Tensor.select($0[0] .> 1, Tensor(0), $0[0])
        return [x.segmentProduct($0[1], count: 5)] + x.segmentProduct($0[1], count: 5).sum().gradients(withRespectTo: [x])
      },
    ]
  }()

  static let sparse: [OperationCase] = {
    let matrix = { @Sendable (values: Tensor) in
      // Row 2 is empty, the place (3, 0) has two entries, and columns are in no order.
      try! SparseMatrix(
        rows: 4, columns: 3, rowOffsets: Tensor([0, 2, 3, 3, 6] as [Int32]), columnIndices: Tensor([2, 0, 1, 0, 1, 0] as [Int64]),
        values: values)
    }
    return [
      OperationCase("sparse matmul", [[6], [3, 5]], checksSecondDerivative: true) { matrix($0[0]).matmul($0[1]).square() },
      OperationCase("sparse matmul in double precision", [[6], [3, 21]], dtype: .float64, tolerance: 1e-12) {
        matrix($0[0]).matmul($0[1]).square()
      },
      OperationCase("sparse matmul, transposed", [[6], [4, 5]], checksSecondDerivative: true) {
        matrix($0[0]).transposed().matmul($0[1]).square()
      },
      OperationCase("sparse matmul, batches", [[6], [2, 3, 2]], checksSecondDerivative: true) { matrix($0[0]).matmul($0[1]).square() },
      OperationCase("sparse matmul, vector", [[6], [3]]) { matrix($0[0]).matmul($0[1]).square() },
      OperationCase("sampled matmul", [[4, 2], [3, 2]], checksSecondDerivative: true) {
        matrix(Tensor.ones([6])).sampledMatmul($0[0], $0[1]).square()
      },
      OperationCase("sampled matmul, transposed, batches", [[2, 3, 2], [2, 4, 2]], checksSecondDerivative: true) {
        matrix(Tensor.ones([6])).transposed().sampledMatmul($0[0], $0[1]).square()
      },
      OperationCase("sparse matrix made dense", [[6]]) { matrix($0[0]).dense().square() },
    ]
  }()

  static let generators: [OperationCase] = [
    OperationCase("uniform numbers", [.init(shape: [2], range: 0...1000, isInteger: true)], isDifferentiable: false) {
      [Tensor.uniform([5, 7], key: $0[0]), Tensor.uniform([33], key: $0[0], from: -2, to: 3, dtype: .float64)]
    },
    OperationCase("normal numbers", [.init(shape: [2], range: 0...1000, isInteger: true)], isDifferentiable: false) {
      [Tensor.normal([6, 7], key: $0[0])]
    },
    OperationCase("permutation", [.init(shape: [2], range: 0...1000, isInteger: true)], isDifferentiable: false) {
      [Tensor.permutation(50, key: $0[0])]
    },
    OperationCase("numbers in steps", [[3, 5]]) { $0[0] * Tensor.range(5, from: 1, step: 0.5) },
    OperationCase("custom operation", [[3, 5]], dtype: .float64, checksSecondDerivative: true) {
      cube($0[0].sin(), outputs: [([3, 5], .float64)])[0]
    },
  ]

  private static let cube = CustomOperation(name: "cube") { inputs, outputs in
    let (x, y) = (inputs[0].elements(as: Double.self), outputs[0].elements(as: Double.self))
    for index in x.indices { y[index] = x[index] * x[index] * x[index] }
  } derivative: { call in
    [call.cotangents[0] * 3 * call.inputs[0].square()]
  }

  static let attention: [OperationCase] = [
    OperationCase("attention", [[2, 3, 4], [2, 5, 4], [2, 5, 3]], checksSecondDerivative: true) {
      Tensor.attention(query: $0[0], key: $0[1], value: $0[2])
    },
    OperationCase("attention, causal", [[2, 2, 3, 4], [2, 2, 3, 4], [2, 2, 3, 2]]) {
      Tensor.attention(query: $0[0], key: $0[1], value: $0[2], isCausal: true)
    },
    OperationCase("attention, causal, fewer keys than queries", [[4, 3], [2, 3], [2, 2]]) {
      Tensor.attention(query: $0[0], key: $0[1], value: $0[2], isCausal: true)
    },
    OperationCase("attention, added mask", [[2, 3, 4], [2, 5, 4], [2, 5, 3], [3, 5]]) {
      Tensor.attention(query: $0[0], key: $0[1], value: $0[2], mask: $0[3], scale: 0.3)
    },
    OperationCase("attention, mask with an empty row", [[2, 3, 4], [2, 4, 4], [2, 4, 2]]) {
      let mask = Tensor([true, false, true, true, false, false, false, false, false, true, true, false], shape: [3, 4])
      return Tensor.attention(query: $0[0], key: $0[1], value: $0[2], mask: mask, isCausal: true)
    },
  ]

  static let ordering: [OperationCase] = [
    OperationCase("sort", [[3, 7]]) { $0[0].sorted().square() },
    OperationCase("sort, descending, first axis", [[5, 3]]) { $0[0].sorted(axis: 0, descending: true) },
    OperationCase("arg sort", [[3, 7]], isDifferentiable: false) { $0[0].argSorted() },
    OperationCase("sort of integers", [.init(shape: [4, 9], range: -3...3, isInteger: true)], isDifferentiable: false) {
      [$0[0].sorted(), $0[0].argSorted(descending: true)]
    },
    OperationCase("top k", [.init(shape: [3, 7])]) { a in [a[0].topK(3).values, a[0].topK(2, largest: false).values] },
    OperationCase("top k places", [[3, 7]], isDifferentiable: false) { $0[0].topK(3).indices },
    OperationCase("arg max", [[3, 7]], isDifferentiable: false) { $0[0].argMax() },
    OperationCase("arg min of the first axis", [[3, 7]], isDifferentiable: false) { $0[0].argMin(axis: 0, keepingAxes: true) },
    OperationCase("cumulative sum", [[3, 5]], checksSecondDerivative: true) { $0[0].cumulativeSum().square() },
    OperationCase("cumulative sum, exclusive, reverse, first axis", [[4, 3]]) {
      $0[0].cumulativeSum(axis: 0, exclusive: true, reverse: true).square()
    },
    OperationCase("cumulative product", [[3, 5]], checksSecondDerivative: true) { $0[0].cumulativeProduct() },
    OperationCase("cumulative product, exclusive, reverse", [[3, 5]]) { $0[0].cumulativeProduct(exclusive: true, reverse: true) },
    OperationCase("cumulative max", [[3, 9]]) { $0[0].cumulativeMax().square() },
    OperationCase("cumulative min, reverse", [[3, 9]]) { $0[0].cumulativeMin(reverse: true).square() },
  ]
}
