import Tensors

/// What a case of the fixture gives an operation.
struct FixtureOperands {
  let inputs: [String: Tensor]
  let attributes: OperationFixture.Attributes

  subscript(name: String) -> Tensor {
    guard let input = inputs[name] else { fatalError("the case has no input \(name)") }
    return input
  }
  var input: Tensor { self["input"] }
  var axis: Int { attributes.axis! }
  var axes: [Int] { attributes.axes! }
  var keepsAxes: Bool { attributes.keepingAxes! }
  var scaling: FourierScaling {
    switch attributes.scaling! {
    case "inverse scaled by 1/n": .inverse
    case "both scaled by 1/sqrt(n)": .unitary
    default: fatalError("unknown scaling \(attributes.scaling!)")
    }
  }
  var complex: ComplexTensor { ComplexTensor(real: self["real"], imaginary: self["imaginary"]) }
}

/// The operation of the engine that each `op` of the fixture means.
enum FixtureOperations {
  typealias Operation = @Sendable (FixtureOperands) -> [String: Tensor]

  static let all: [String: Operation] = {
    var operations: [String: Operation] = [:]
    for group in [elementwise, activations, movement, reductions, indexed, spatial, products, decompositions, spectral, normalizations] {
      operations.merge(group) { _, _ in fatalError("an operation is mapped twice") }
    }
    return operations
  }()

  private static func one(_ body: @escaping @Sendable (FixtureOperands) -> Tensor) -> Operation { { ["output": body($0)] } }
  private static func unary(_ body: @escaping @Sendable (Tensor) -> Tensor) -> Operation { { ["output": body($0.input)] } }
  private static func binary(_ body: @escaping @Sendable (Tensor, Tensor) -> Tensor) -> Operation {
    { ["output": body($0["left"], $0["right"])] }
  }

  private static let elementwise: [String: Operation] = [
    "negative": unary { -$0 }, "absolute": unary { $0.abs() }, "sign": unary { $0.sign() }, "floor": unary { $0.floor() },
    "ceiling": unary { $0.ceil() }, "round": unary { $0.rounded() }, "truncate": unary { $0.truncated() },
    "squareRoot": unary { $0.sqrt() }, "reciprocalSquareRoot": unary { $0.rsqrt() }, "reciprocal": unary { $0.reciprocal() },
    "square": unary { $0.square() }, "exp": unary { $0.exp() }, "expMinusOne": unary { $0.expm1() }, "log": unary { $0.log() },
    "logOnePlus": unary { $0.log1p() }, "sine": unary { $0.sin() }, "cosine": unary { $0.cos() }, "tangent": unary { $0.tan() },
    "arcsine": unary { $0.asin() }, "arccosine": unary { $0.acos() }, "arctangent": unary { $0.atan() },
    "hyperbolicSine": unary { $0.sinh() }, "hyperbolicCosine": unary { $0.cosh() }, "hyperbolicTangent": unary { $0.tanh() },
    "inverseHyperbolicSine": unary { $0.asinh() }, "inverseHyperbolicCosine": unary { $0.acosh() },
    "inverseHyperbolicTangent": unary { $0.atanh() }, "sigmoid": unary { $0.sigmoid() }, "softplus": unary { $0.softplus() },
    "erf": unary { $0.erf() }, "erfc": unary { $0.erfc() }, "relu": unary { $0.relu() }, "isNaN": unary { $0.isNaN() },
    "isFinite": unary { $0.isFinite() }, "not": unary { .!$0 },
    "add": binary { $0 + $1 }, "subtract": binary { $0 - $1 }, "multiply": binary { $0 * $1 }, "divide": binary { $0 / $1 },
    "power": binary { $0.pow($1) }, "maximum": binary { $0.maximum($1) }, "minimum": binary { $0.minimum($1) },
    "remainder": binary { $0 % $1 }, "arctangent2": binary { $0.atan2($1) },
    "and": binary { $0 .& $1 }, "or": binary { $0 .| $1 }, "exclusiveOr": binary { $0 .^ $1 },
    "equal": binary { $0 .== $1 }, "notEqual": binary { $0 .!= $1 }, "less": binary { $0 .< $1 }, "lessOrEqual": binary { $0 .<= $1 },
    "greater": binary { $0 .> $1 }, "greaterOrEqual": binary { $0 .>= $1 },
    "powerScalar": one { $0.input.pow($0.attributes.exponent!) },
    "select": one { Tensor.select($0["condition"], $0["yes"], $0["no"]) },
    "multiplyAdd": one { $0["a"].multiplied(by: $0["b"], adding: $0["c"]) },
    "cast": one { operands in operands.input.cast(to: DType.allCases.first { "\($0)" == operands.attributes.dtype! }!) },
    "stopGradient": unary { $0 * $0.stopGradient() },
  ]

  private static let activations: [String: Operation] = [
    "gelu": one { $0.input.gelu($0.attributes.approximation! == "tanh" ? .hyperbolicTangent : .exact) },
    "silu": unary { $0.silu() }, "leakyRelu": one { $0.input.leakyRelu(slope: $0.attributes.slope!) },
    "elu": one { $0.input.elu(alpha: $0.attributes.alpha!) }, "selu": unary { $0.selu() }, "relu6": unary { $0.relu6() },
    "hardSwish": unary { $0.hardSwish() }, "hardSigmoid": unary { $0.hardSigmoid() }, "mish": unary { $0.mish() },
    "softsign": unary { $0.softsign() }, "clamp": one { $0.input.clamped($0.attributes.lower!, $0.attributes.upper!.number!) },
    "prelu": one { $0.input.prelu(slope: $0["slope"]) }, "glu": one { $0.input.glu(axis: $0.axis) },
  ]

  private static let movement: [String: Operation] = [
    "reshape": one { operands in
      let x = operands.attributes.permutation.map { operands.input.transposed(permutation: $0) } ?? operands.input
      return x.reshaped(to: operands.attributes.shape!)
    },
    "transpose": one { $0.input.transposed(permutation: $0.attributes.permutation!) },
    "broadcast": one { $0.input.broadcast(to: Shape($0.attributes.shape!)) },
    "slice": one { operands in
      let attributes = operands.attributes
      return zip(zip(attributes.starts!, attributes.stops!), attributes.steps!).enumerated().reduce(operands.input) { x, part in
        let ((start, stop), step) = part.element
        let count = step > 0 ? (stop - start + step - 1) / step : (start - stop - step - 1) / -step
        return x.slice(axis: part.offset, from: start, count: count, step: step)
      }
    },
    "pad": one { operands in
      let attributes = operands.attributes
      return operands.input.padded(zip(attributes.before!, attributes.after!).map { ($0, $1) }, with: attributes.value!)
    },
    "flip": one { operands in operands.axes.reduce(operands.input) { $0.flipped($1) } },
    "roll": one { operands in zip(operands.attributes.shifts!, operands.axes).reduce(operands.input) { $0.rolled(by: $1.0, axis: $1.1) } },
    "repeat": one { $0.input.tiled($0.attributes.repetitions!) },
    "concatenate": one { Tensor.concatenate([$0["a"], $0["b"], $0["c"]], axis: $0.axis) },
    "stack": one { Tensor.stack([$0["a"], $0["b"]], axis: $0.axis) },
  ]

  private static let reductions: [String: Operation] = [
    "sum": one { $0.input.sum(axes: $0.axes, keepingAxes: $0.keepsAxes) },
    "mean": one { $0.input.mean(axes: $0.axes, keepingAxes: $0.keepsAxes) },
    "reduceMaximum": one { $0.input.max(axes: $0.axes, keepingAxes: $0.keepsAxes) },
    "reduceMinimum": one { $0.input.min(axes: $0.axes, keepingAxes: $0.keepsAxes) },
    "product": one { $0.input.product(axes: $0.axes, keepingAxes: $0.keepsAxes) },
    "variance": one { $0.input.variance(axes: $0.axes, correction: $0.attributes.correction!, keepingAxes: $0.keepsAxes) },
    "standardDeviation": one {
      $0.input.standardDeviation(axes: $0.axes, correction: $0.attributes.correction!, keepingAxes: $0.keepsAxes)
    },
    "logSumExp": one { $0.input.logSumExp(axes: $0.axes, keepingAxes: $0.keepsAxes) },
    "norm": one { $0.input.norm(axes: $0.axes, keepingAxes: $0.keepsAxes) },
    "cumulativeSum": one { $0.input.cumulativeSum(axis: $0.axis) },
    "cumulativeProduct": one { $0.input.cumulativeProduct(axis: $0.axis) },
    "argmax": one { $0.input.argMax(axis: $0.axis) },
    "argmin": one { $0.input.argMin(axis: $0.axis) },
    "softmax": one { $0.input.softmax(axis: $0.axis) },
    "logSoftmax": one { $0.input.logSoftmax(axis: $0.axis) },
    "sort": { operands in
      let isDescending = operands.attributes.descending!
      return [
        "values": operands.input.sorted(axis: operands.axis, descending: isDescending),
        "indices": operands.input.argSorted(axis: operands.axis, descending: isDescending),
      ]
    },
    "topK": { operands in
      let found = operands.input.topK(operands.attributes.count!, axis: operands.axis, largest: operands.attributes.largest!)
      return ["values": found.values, "indices": found.indices]
    },
  ]

  private static let indexed: [String: Operation] = [
    "gather": one { $0.input.gathered($0["indices"], axis: $0.axis) },
    "gatherAlongAxis": one { $0.input.takingAlong(axis: $0.axis, $0["indices"]) },
    "scatterAdd": one { $0.input.scatteringAdd($0["indices"], $0["updates"], axis: $0.axis) },
    "scatterAddAlongAxis": one { $0.input.scatteringAddAlong(axis: $0.axis, $0["indices"], $0["updates"]) },
    "oneHot": one { $0.input.oneHot($0.attributes.count!, dtype: .float64) },
    "segmentReduce": one { operands in
      let (values, segments, count) = (operands["values"], operands["segments"], operands.attributes.count!)
      let empty = operands.attributes.empty!
      switch operands.attributes.reduction! {
      case "sum": return values.segmentSum(segments, count: count)
      case "mean": return values.segmentMean(segments, count: count)
      case "maximum": return values.segmentMax(segments, count: count, empty: empty)
      case "minimum": return values.segmentMin(segments, count: count, empty: empty)
      case "product": return values.segmentProduct(segments, count: count)
      default: fatalError("unknown reduction \(operands.attributes.reduction!)")
      }
    },
    "sparseMatmul": one { operands in
      let shape = operands.attributes.shape!
      let matrix = try! SparseMatrix(
        rows: shape[0], columns: shape[1], rowOffsets: operands["rowStarts"], columnIndices: operands["columns"], values: operands["values"]
      )
      return (operands.attributes.transposed! ? matrix.transposed() : matrix).matmul(operands["dense"])
    },
  ]

  private static let spatial: [String: Operation] = [
    "convolution": one { operands in
      let attributes = operands.attributes
      let y = operands.input.convolution(
        operands["weight"], strides: attributes.stride!, padding: attributes.padding!.widths, dilations: attributes.dilation!,
        groups: attributes.groups!)
      return operands.inputs["bias"].map { y + $0 } ?? y
    },
    "transposedConvolution": one { operands in
      let attributes = operands.attributes
      let y = operands.input.transposedConvolution(
        operands["weight"], strides: attributes.stride!, padding: attributes.padding!.widths, outputPadding: attributes.outputPadding!,
        dilations: attributes.dilation!, groups: attributes.groups!)
      return operands.inputs["bias"].map { y + $0 } ?? y
    },
    "maximumPooling": one { operands in
      let attributes = operands.attributes
      return operands.input.maxPooled(
        window: attributes.window!, strides: attributes.stride!, padding: attributes.padding!.widths, dilations: attributes.dilation!)
    },
    "averagePooling": one { operands in
      let attributes = operands.attributes
      return operands.input.averagePooled(
        window: attributes.window!, strides: attributes.stride!, padding: attributes.padding!.widths,
        countsPadding: attributes.countingPadding!)
    },
    "adaptiveAveragePooling": one { $0.input.adaptiveAveragePooled(to: $0.attributes.size!) },
    "adaptiveMaximumPooling": one { $0.input.adaptiveMaxPooled(to: $0.attributes.size!) },
    "resize": one { operands in
      let attributes = operands.attributes
      return operands.input.resized(
        to: attributes.size!, attributes.mode! == "nearest" ? .nearest : .linear, aligningCorners: attributes.aligningCorners!)
    },
    "gridSample": one { operands in
      guard case .named(let padding) = operands.attributes.padding! else { fatalError("the padding of a grid has a name") }
      return operands.input.sampled(
        at: operands["grid"], padding: padding == "border" ? .border : .zeros, aligningCorners: operands.attributes.aligningCorners!)
    },
    "affineGrid": one { operands in
      let size = operands.attributes.size!
      return Tensor.affineGrid(
        operands["transform"], height: size[0], width: size[1], aligningCorners: operands.attributes.aligningCorners!)
    },
  ]

  private static let products: [String: Operation] = [
    "matmul": one { operands in
      let left = operands.attributes.leftTransposed! ? operands["left"].transposed() : operands["left"]
      let right = operands.attributes.rightTransposed! ? operands["right"].transposed() : operands["right"]
      return left.matmul(right)
    },
    "einsum": one { operands in
      Tensor.einsum(operands.attributes.equation!, ["a", "b", "c"].compactMap { operands.inputs[$0] })
    },
    "solve": one { $0["matrix"].solve($0["right"]) },
    "triangularSolve": one {
      $0["matrix"].triangularSolve(
        $0["right"], upper: $0.attributes.upper!.flag!, transposed: $0.attributes.transposed!, unitDiagonal: $0.attributes.unitDiagonal!)
    },
    "inverse": one { $0["matrix"].inverse() },
    "logDeterminant": one { $0["matrix"].logDeterminant().logarithm },
  ]

  // The engine's decompositions have the signs that the fixture's have, and act on the symmetric part where the fixture says so.
  private static let decompositions: [String: Operation] = [
    "cholesky": unary { $0.cholesky() },
    "eigh": { operands in
      let parts = operands.input.eigh()
      return ["values": parts.values, "vectors": parts.vectors]
    },
    "qr": { operands in
      let parts = operands.input.qr()
      return ["q": parts.q, "r": parts.r]
    },
    "svd": { operands in
      let parts = operands.input.svd()
      return ["u": parts.u, "s": parts.values, "vh": parts.vTransposed]
    },
    "singularValues": unary { $0.singularValues() },
  ]

  private static let spectral: [String: Operation] = [
    "fft": { operands in
      let result = operands.complex.fft(axes: operands.axes, scaling: operands.scaling)
      return ["real": result.real, "imaginary": result.imaginary]
    },
    "inverseFft": { operands in
      let result = operands.complex.inverseFft(axes: operands.axes, scaling: operands.scaling)
      return ["real": result.real, "imaginary": result.imaginary]
    },
    "realFft": { operands in
      let result = operands.input.realFft(axes: operands.axes, scaling: operands.scaling)
      return ["real": result.real, "imaginary": result.imaginary]
    },
    "inverseRealFft": one { operands in
      operands.complex.inverseRealFft(length: operands.attributes.length!, axes: operands.axes, scaling: operands.scaling)
    },
  ]

  private static let normalizations: [String: Operation] = [
    "layerNorm": one {
      $0.input.layerNormalized(
        scale: $0["weight"], shift: $0["bias"], axes: $0.attributes.normalizedAxes!, epsilon: $0.attributes.epsilon!)
    },
    "rmsNorm": one { $0.input.rmsNormalized(scale: $0["weight"], axes: $0.attributes.normalizedAxes!, epsilon: $0.attributes.epsilon!) },
    "batchNorm": { operands in
      let epsilon = operands.attributes.epsilon!
      guard operands.attributes.training! else {
        let normalized = (operands.input - operands["mean"]) * (operands["variance"] + epsilon).rsqrt()
        return ["output": normalized * operands["weight"] + operands["bias"]]
      }
      let parts = operands.input.batchNormalized(scale: operands["weight"], shift: operands["bias"], epsilon: epsilon)
      return ["output": parts.output, "mean": parts.mean, "variance": parts.variance]
    },
    "groupNorm": one {
      $0.input.groupNormalized(groups: $0.attributes.groups!, scale: $0["weight"], shift: $0["bias"], epsilon: $0.attributes.epsilon!)
    },
    "instanceNorm": one {
      $0.input.groupNormalized(groups: $0.input.shape.last!, scale: $0["weight"], shift: $0["bias"], epsilon: $0.attributes.epsilon!)
    },
    "unitNorm": one { $0.input.unitNormalized(axes: [$0.axis], epsilon: $0.attributes.epsilon!) },
    "attention": one { operands in
      Tensor.attention(
        query: operands["query"], key: operands["key"], value: operands["value"], mask: operands.inputs["mask"],
        isCausal: operands.attributes.causal!, scale: operands.attributes.scale!)
    },
  ]
}
