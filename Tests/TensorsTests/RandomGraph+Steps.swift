import Tensors

// What graphs grow by. Results stay of moderate size, and functions that jump are kept away from their jumps, so that rounding is all that
// separates the compiled result from the reference.

extension RandomGraph {
  static let elementwise: [Step] = [
    Step("tanh") { $1.tanh() },
    Step("sigmoid") { $1.sigmoid() },
    Step("relu") { $1.relu() },
    Step("exp") { $1.tanh().exp() },
    Step("logarithm") { ($1.square() + 1).log() },
    Step("sine") { $1.sin() },
    Step("square") { $1.tanh().square() },
    Step("square root") { ($1.square() + 0.5).sqrt() },
    Step("reciprocal") { ($1.square() + 1).reciprocal() },
    Step("multiply and add numbers") { $1 * 0.7 + 0.1 },
    Step("softplus") { $1.softplus() },
    Step("error function") { $1.erf() },
    Step("gelu") { $0.flip() ? $1.gelu() : $1.silu() },
    Step("power") { ($1.tanh() + 1.5).pow(1.7) },
    Step("through double precision") { $1.cast(to: .float64).cos().cast(to: .float32) },
    Step("stop") { $1 * $1.stopGradient().tanh() },
    Step("noise") { graph, x in
      let key = Tensor([Int64(graph.number(0...1000)), 7])
      return x + Tensor.uniform(x.shape, key: key) * 0.3
    },
  ]

  static let combining: [Step] = [
    Step("add") { combined(&$0, $1) { $0 + $1 } },
    Step("multiply") { combined(&$0, $1) { $0.tanh() * $1 } },
    Step("divide") { combined(&$0, $1) { $0 / ($1.square() + 1) } },
    Step("select") { combined(&$0, $1) { Tensor.select($0 .> $1, $0, $1 * 0.5) } },
    Step("maximum and bounds") { combined(&$0, $1) { $0.maximum($1 * 0.9).clamped(-1.2, 1.4) } },
    Step("angle") { combined(&$0, $1) { ($0.tanh() + 1.5).atan2($1.square() + 1) } },
  ]

  private static func combined(_ graph: inout RandomGraph, _ x: Tensor, _ body: (Tensor, Tensor) -> Tensor) -> Tensor? {
    let y = graph.pick()
    return x.shape.broadcast(with: y.shape) == nil ? nil : body(x, y)
  }

  static let reductions: [Step] = [
    Step("sum") { reduced(&$0, $1) { $0.sum(axes: $1, keepingAxes: $2) * 0.3 } },
    Step("max") { reduced(&$0, $1) { $0.max(axes: $1, keepingAxes: $2) } },
    Step("min") { reduced(&$0, $1) { $0.min(axes: $1, keepingAxes: $2) } },
    Step("mean") { reduced(&$0, $1) { $0.mean(axes: $1, keepingAxes: $2) } },
    Step("product") { reduced(&$0, $1) { ($0.tanh() * 0.2 + 1).product(axes: $1, keepingAxes: $2).tanh() } },
    Step("variance") { reduced(&$0, $1) { $0.tanh().variance(axes: $1, keepingAxes: $2) } },
    Step("logarithm of a sum") { reduced(&$0, $1) { $0.logSumExp(axes: $1, keepingAxes: $2) * 0.3 } },
  ]

  private static func reduced(_ graph: inout RandomGraph, _ x: Tensor, _ body: (Tensor, [Int], Bool) -> Tensor) -> Tensor? {
    guard x.rank > 0 else { return nil }
    let axes = Array(Set((0..<graph.number(1...x.rank)).map { _ in graph.axis(of: x) })).sorted()
    return body(x, axes, graph.flip())
  }

  static let movement: [Step] = [
    Step("transpose") { $1.transposed(permutation: Array(0..<$1.rank).shuffled(using: &$0.random)) },
    Step("flatten") { _, x in x.flattened() },
    Step("split off") { graph, x in
      guard x.rank > 0 else { return nil }
      let axis = graph.axis(of: x)
      guard x.shape[axis] % 2 == 0 else { return nil }
      return x.reshaped(to: Array(x.shape[..<axis]) + [2, -1] + Array(x.shape[(axis + 1)...]))
    },
    Step("slice") { graph, x in
      guard x.rank > 0 else { return nil }
      let axis = graph.axis(of: x)
      let from = graph.number(0...(x.shape[axis] - 1))
      return x.slice(axis: axis, from: from, count: x.shape[axis] - from)
    },
    Step("every second") { graph, x in
      guard x.rank > 0 else { return nil }
      let axis = graph.axis(of: x)
      return x.slice(axis: axis, from: 0, count: (x.shape[axis] + 1) / 2, step: 2)
    },
    Step("assignment") { graph, x in
      guard x.rank > 0 else { return nil }
      var y = x.tanh()
      y[graph.number(0...(x.shape[0] - 1))] = x[0] * 0.5
      return y
    },
    Step("concatenate") { graph, x in
      guard x.rank > 0 else { return nil }
      let axis = graph.axis(of: x)
      return Tensor.concatenate([x, x.flipped(axis), x * 2], axis: axis)
    },
    Step("stack") { graph, x in x.rank < 4 ? Tensor.stack([x, x.tanh()], axis: graph.number(0...x.rank)) : nil },
    Step("pad") { graph, x in x.padded(x.shape.map { _ in (before: graph.number(0...1), after: graph.number(0...2)) }, with: 0.5) },
    Step("flip") { $1.rank > 0 ? $1.flipped($0.axis(of: $1)) : nil },
    Step("roll") { graph, x in x.rank > 0 ? x.rolled(by: graph.number(-3...3), axis: graph.axis(of: x)) : nil },
    Step("tile") { graph, x in x.rank > 0 ? x.tiled(2, axis: graph.axis(of: x)) : nil },
    Step("broadcast") { _, x in x.rank < 5 ? x.broadcast(to: Shape([2] + x.shape.dimensions)) : nil },
  ]

  static let products: [Step] = [
    Step("matmul") { graph, x in
      guard x.rank >= 2 else { return nil }
      return x.matmul(graph.weights([x.shape.last!, graph.number(1...5)])) * 0.4
    },
    Step("dense layer") { graph, x in
      guard x.rank >= 2 else { return nil }
      let weights = graph.weights([x.shape.last!, graph.number(1...5)])
      return (x.matmul(weights) + weights[0]).relu() * 0.3
    },
    Step("x times its transpose") { _, x in x.rank >= 2 ? x.tanh().matmul(x.tanh().transposed()) * 0.2 : nil },
    Step("matmul by rows") { graph, x in x.rank >= 2 ? graph.weights([3, x.shape[x.rank - 2]]).matmul(x) * 0.4 : nil },
    Step("einsum") { graph, x in
      x.rank == 3 ? Tensor.einsum("abc,cd->dba", x, graph.weights([x.shape[2], 2])) * 0.4 : nil
    },
    Step("attention") { graph, x in
      guard x.rank >= 2 else { return nil }
      return Tensor.attention(query: x.tanh(), key: x.flipped(x.rank - 2).tanh(), value: x, isCausal: graph.flip())
    },
    Step("sparse matmul") { graph, x in
      guard x.rank >= 2, let matrix = sparse(&graph, rows: 4, columns: x.shape[x.rank - 2]) else { return nil }
      return matrix.matmul(x) * 0.5
    },
    Step("transposed sparse matmul") { graph, x in
      guard x.rank >= 2, let matrix = sparse(&graph, rows: x.shape[x.rank - 2], columns: 3) else { return nil }
      return matrix.transposed().matmul(x) * 0.5
    },
    Step("sampled matmul") { graph, x in
      guard x.rank >= 2, let matrix = sparse(&graph, rows: x.shape[x.rank - 2], columns: x.shape[x.rank - 2]) else { return nil }
      return matrix.sampledMatmul(x.tanh(), x.sin()) * 0.3
    },
  ]

  private static func sparse(_ graph: inout RandomGraph, rows: Int, columns: Int) -> SparseMatrix? {
    let places = (0..<graph.number(1...12)).map { _ in (row: graph.number(0...(rows - 1)), column: graph.number(0...(columns - 1))) }
    return try? SparseMatrix(rows: rows, columns: columns, entries: places, values: graph.weights([places.count]))
  }

  /// Matrices far from singular, and functions of them that do not depend on the order of equal eigenvalues.
  static let linearAlgebra: [Step] = [
    Step("cholesky") { _, x in definite(x).map { $0.cholesky() } },
    Step("solve") { _, x in definite(x).map { $0.solve(x.tanh()) } },
    Step("triangular solve") { graph, x in definite(x).map { $0.triangularSolve(x.tanh(), upper: graph.flip(), transposed: graph.flip()) }
    },
    Step("inverse") { _, x in definite(x).map { $0.inverse() } },
    Step("determinant") { _, x in definite(x).map { $0.logDeterminant().logarithm } },
    Step("eigenvalues") { _, x in definite(x).map { $0.eigh().values.sqrt().sum(axes: [-1]) } },
    Step("singular values") { _, x in definite(x).map { ($0.svd().values + 1).log().sum(axes: [-1]) } },
    Step("qr") { _, x in
      guard x.rank >= 2 else { return nil }
      let unit = Tensor.identity(x.shape.last!).broadcast(to: Shape(x.shape.dropLast(2) + [x.shape.last!, x.shape.last!]))
      let parts = Tensor.concatenate([unit, x.tanh() * 0.4], axis: -2).qr()
      return parts.q.matmul(parts.r.tanh())
    },
    Step("triangle") { graph, x in x.rank >= 2 ? (graph.flip() ? x.lowerTriangle() : x.upperTriangle()) : nil },
  ]

  private static func definite(_ x: Tensor) -> Tensor? {
    guard x.rank >= 2 else { return nil }
    let rows = x.shape[x.rank - 2]
    return x.tanh().matmul(x.tanh().transposed()) * (0.5 / Double(Swift.max(x.shape.last!, 1))) + Tensor.identity(rows)
  }

  static let normalizations: [Step] = [
    Step("softmax") { $1.rank > 0 ? $1.softmax(axis: $0.axis(of: $1)) : nil },
    Step("log softmax") { _, x in x.rank > 0 ? x.logSoftmax() * 0.3 : nil },
    Step("cross entropy") { graph, x in
      guard x.rank > 0 else { return nil }
      let labels = graph.indices(Shape(x.shape.dropLast()), below: x.shape.last!)
      return x.softmaxCrossEntropy(labels: labels, smoothing: 0.1) * 0.3
    },
    Step("layer norm") { _, x in x.rank > 0 && x.shape.last! > 1 ? x.layerNormalized(epsilon: 0.1) : nil },
    Step("root mean square norm") { graph, x in
      x.rank > 0 ? x.rmsNormalized(scale: graph.weights([x.shape.last!]), epsilon: 0.1) : nil
    },
    Step("batch norm") { graph, x in
      guard x.rank >= 2, x.shape.dropLast().reduce(1, *) > 1 else { return nil }
      return x.batchNormalized(scale: graph.weights([x.shape.last!]), epsilon: 0.1).output
    },
    Step("group norm") { _, x in
      x.rank >= 3 && x.shape.last! % 2 == 0 ? x.groupNormalized(groups: 2, epsilon: 0.1) : nil
    },
  ]

  static let ordering: [Step] = [
    Step("sort") { graph, x in x.rank > 0 ? graph.spread(x).sorted(axis: graph.axis(of: x), descending: graph.flip()) : nil },
    Step("sorted by another") { graph, x in
      guard x.rank > 0 else { return nil }
      let axis = graph.axis(of: x)
      return x.takingAlong(axis: axis, graph.spread(x.sin()).argSorted(axis: axis))
    },
    Step("top k") { graph, x in
      guard x.rank > 0 else { return nil }
      let axis = graph.axis(of: x)
      return graph.spread(x).topK(graph.number(1...x.shape[axis]), axis: axis, largest: graph.flip()).values
    },
    Step("gather of the top") { graph, x in
      guard x.rank > 0 else { return nil }
      let places = graph.spread(x.flattened()).topK(Swift.min(3, x.elementCount)).indices
      return x.flattened().gathered(places)
    },
    Step("arg extremes") { graph, x in
      guard x.rank > 0 else { return nil }
      let axis = graph.axis(of: x)
      let ordered = graph.spread(x)
      let places = graph.flip() ? ordered.argMax(axis: axis, keepingAxes: true) : ordered.argMin(axis: axis, keepingAxes: true)
      return x.takingAlong(axis: axis, places)
    },
    Step("cumulative sum") { graph, x in
      x.rank > 0 ? x.cumulativeSum(axis: graph.axis(of: x), exclusive: graph.flip(), reverse: graph.flip()) * 0.3 : nil
    },
    Step("cumulative product") { graph, x in
      guard x.rank > 0, x.rank < 5, x.elementCount <= 300 else { return nil }
      return (x.tanh() * 0.2 + 1).cumulativeProduct(axis: graph.axis(of: x), exclusive: graph.flip(), reverse: graph.flip()).tanh()
    },
    Step("cumulative max") { graph, x in x.rank > 0 ? graph.spread(x).cumulativeMax(axis: graph.axis(of: x), reverse: graph.flip()) : nil },
    Step("cumulative min") { graph, x in x.rank > 0 ? graph.spread(x).cumulativeMin(axis: graph.axis(of: x), reverse: graph.flip()) : nil },
  ]

  static let indexed: [Step] = [
    Step("gather") { graph, x in
      guard x.rank > 0 else { return nil }
      let axis = graph.axis(of: x)
      return x.gathered(graph.indices([3], below: x.shape[axis]), axis: axis)
    },
    Step("take along") { graph, x in
      guard x.rank > 0 else { return nil }
      let axis = graph.axis(of: x)
      var shape = x.shape
      shape[axis] = 2
      return x.takingAlong(axis: axis, graph.indices(shape, below: x.shape[axis]))
    },
    Step("scatter add") { graph, x in
      guard x.rank > 0 else { return nil }
      let axis = graph.axis(of: x)
      return x.tanh().scatteringAdd(graph.indices([x.shape[axis]], below: x.shape[axis]), x, axis: axis) * 0.5
    },
    Step("scatter add along") { graph, x in
      guard x.rank > 0 else { return nil }
      let axis = graph.axis(of: x)
      return x.tanh().scatteringAddAlong(axis: axis, graph.indices(x.shape, below: x.shape[axis]), x) * 0.5
    },
    Step("segment sum") { graph, x in x.rank > 0 ? x.segmentSum(graph.indices([x.shape[0]], below: 3), count: 3) * 0.5 : nil },
    Step("segment mean") { graph, x in x.rank > 0 ? x.segmentMean(graph.indices([x.shape[0]], below: 3), count: 4) : nil },
    Step("segment max") { graph, x in x.rank > 0 ? graph.spread(x).segmentMax(graph.indices([x.shape[0]], below: 3), count: 3) : nil },
    Step("segment min") { graph, x in x.rank > 0 ? graph.spread(x).segmentMin(graph.indices([x.shape[0]], below: 2), count: 3) : nil },
    Step("segment product") { graph, x in
      x.rank > 0 ? (x.tanh() + 1.5).segmentProduct(graph.indices([x.shape[0]], below: 3), count: 3).tanh() : nil
    },
    Step("one hot") { graph, x in
      guard x.rank > 0 else { return nil }
      return x.matmul(graph.indices([x.shape.last!], below: 4).oneHot(4)) * 0.5
    },
  ]

  /// One or two spatial axes between the batch and the channels.
  static let spatial: [Step] = [
    Step("convolution") { graph, x in
      guard x.rank == 3 || x.rank == 4 else { return nil }
      let kernel = Array(repeating: 2, count: x.rank - 2)
      let weights = graph.weights(Shape([graph.number(1...3)] + kernel + [x.shape.last!]))
      return x.convolution(
        weights, strides: kernel.map { _ in graph.number(1...2) }, padding: kernel.map { _ in (1, graph.number(0...1)) }) * 0.4
    },
    Step("depthwise convolution") { graph, x in
      guard x.rank == 3 || x.rank == 4 else { return nil }
      let kernel = Array(repeating: 3, count: x.rank - 2)
      let channels = x.shape.last!
      let weights = graph.weights(Shape([channels] + kernel + [1]))
      return x.convolution(
        weights, strides: kernel.map { _ in graph.number(1...2) }, padding: kernel.map { _ in (1, 1) }, groups: channels) * 0.4
    },
    Step("transposed convolution") { graph, x in
      guard x.rank == 3 || x.rank == 4 else { return nil }
      let kernel = Array(repeating: 2, count: x.rank - 2)
      return x.transposedConvolution(graph.weights(Shape([x.shape.last!] + kernel + [2])), strides: kernel.map { _ in graph.number(1...2) })
        * 0.4
    },
    Step("convolution, three axes") { graph, x in
      guard x.rank == 5 else { return nil }
      return x.convolution(graph.weights([2, 2, 1, 2, x.shape.last!]), padding: [(1, 0), (0, 0), (0, 1)]) * 0.4
    },
    Step("max pool") { graph, x in
      guard x.rank == 3 || x.rank == 4 else { return nil }
      let window = Array(repeating: 2, count: x.rank - 2)
      return graph.spread(x).maxPooled(
        window: window, strides: window.map { _ in graph.number(1...2) }, padding: window.map { _ in (1, 1) })
    },
    Step("average pool") { graph, x in
      guard x.rank == 3 || x.rank == 4 else { return nil }
      let window = Array(repeating: 2, count: x.rank - 2)
      return x.averagePooled(
        window: window, strides: window.map { _ in graph.number(1...2) }, padding: window.map { _ in (1, 0) }, countsPadding: graph.flip())
    },
    Step("adaptive average pool") { graph, x in
      guard x.rank == 3 || x.rank == 4 else { return nil }
      return x.adaptiveAveragePooled(to: (0..<(x.rank - 2)).map { _ in graph.number(1...3) })
    },
    Step("adaptive max pool") { graph, x in
      guard x.rank == 3 || x.rank == 4 else { return nil }
      return graph.spread(x).adaptiveMaxPooled(to: (0..<(x.rank - 2)).map { _ in graph.number(1...3) })
    },
    Step("resize") { graph, x in
      guard (3...5).contains(x.rank) else { return nil }
      let extents = (0..<(x.rank - 2)).map { _ in graph.number(1...5) }
      return x.resized(to: extents, graph.flip() ? .linear : .nearest, aligningCorners: graph.flip())
    },
    Step("grid sampling") { graph, x in
      guard x.rank == 4 else { return nil }
      let grid = graph.weights([x.shape[0], 2, 3, 2])
      return x.sampled(at: grid, padding: graph.flip() ? .zeros : .border, aligningCorners: graph.flip())
    },
  ]

  static let spectral: [Step] = [
    Step("real fft") { graph, x in
      guard x.rank > 0 else { return nil }
      return (x.realFft(axes: [graph.axis(of: x)], scaling: .unitary).squaredMagnitude + 1).log()
    },
    Step("fft and back") { graph, x in
      guard x.rank > 0 else { return nil }
      let axis = graph.axis(of: x)
      let z = ComplexTensor(real: x, imaginary: x.sin()).fft(axes: [axis], scaling: .unitary)
      return (z * z.conjugate).inverseFft(axes: [axis], scaling: .unitary).real.tanh()
    },
    Step("inverse real fft") { graph, x in
      guard x.rank > 0 else { return nil }
      let axis = graph.axis(of: x)
      return ComplexTensor(real: x, imaginary: x.cos())
        .inverseRealFft(length: Swift.max(1, 2 * x.shape[axis] - 1), axes: [axis], scaling: .unitary).tanh()
    },
  ]
}
