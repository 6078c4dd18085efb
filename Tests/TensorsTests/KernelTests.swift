import Tensors
import TestSupport
import Testing

/// Kernels at extents that fill and do not fill vectors, that are shared among threads, and at none, against the reference.
@Suite(.serialized) struct KernelTests {
  @Test(arguments: KernelCases.softmax) func softmax(_ testCase: KernelCase) { check(testCase) }
  @Test(arguments: KernelCases.normalization) func normalization(_ testCase: KernelCase) { check(testCase) }
  @Test(arguments: KernelCases.indexed) func indexed(_ testCase: KernelCase) { check(testCase) }
  @Test(arguments: KernelCases.segments) func segments(_ testCase: KernelCase) { check(testCase) }
  @Test(arguments: KernelCases.ordering) func ordering(_ testCase: KernelCase) { check(testCase) }
  @Test(arguments: KernelCases.sparse) func sparse(_ testCase: KernelCase) { check(testCase) }
  @Test(arguments: KernelCases.convolutions) func convolutions(_ testCase: KernelCase) { check(testCase) }

  /// Values and derivatives to the last bit, whatever the number of threads.
  @Test(
    arguments: KernelCases.softmax + KernelCases.normalization + KernelCases.indexed + KernelCases.segments + KernelCases.ordering
      + KernelCases.sparse + KernelCases.convolutions)
  func threadsDoNotMatter(_ testCase: KernelCase) {
    let configured = threadCount
    defer { setThreadCount(configured) }
    var results: [[[Double]]] = []
    for threads in [1, 2, 3, 7] {
      setThreadCount(threads)
      let (outputs, gradients) = testCase.graph()
      evaluate(outputs + gradients)
      results.append((outputs + gradients).map(\.doubles))
    }
    for other in results.dropFirst() {
      let isEqual = zip(results[0], other).allSatisfy { zip($0, $1).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) } }
      #expect(isEqual, "\(testCase.name) depends on the number of threads")
    }
  }

  private func check(_ testCase: KernelCase) {
    let (outputs, gradients) = testCase.graph()
    let expected = Reference.evaluate(outputs + gradients)
    let (compiled, compiledGradients) = testCase.graph()
    evaluate(compiled + compiledGradients)
    for (index, tensor) in (compiled + compiledGradients).enumerated() {
      let worst = worstDifference(tensor.doubles, expected[index])
      #expect(
        worst <= testCase.tolerance, "\(testCase.name): result \(index) of \(outputs.count) outputs and the gradients differs by \(worst)")
    }
  }
}

/// A use of an operation on large random operands.
struct KernelCase: Sendable, CustomTestStringConvertible {
  let name: String
  let operands: [OperationCase.Operand]
  let dtype: DType
  let tolerance: Double
  let build: @Sendable ([Tensor]) -> [Tensor]

  var testDescription: String { name }

  init(
    _ name: String, _ operands: [OperationCase.Operand], dtype: DType = .float32, tolerance: Double? = nil,
    build: @escaping @Sendable ([Tensor]) -> [Tensor]
  ) {
    self.name = "\(name) \(operands.map { "\($0.shape)" }.joined(separator: " ")) \(dtype)"
    self.operands = operands
    self.dtype = dtype
    self.tolerance = tolerance ?? (dtype == .float64 ? 1e-11 : dtype == .bfloat16 ? 3e-2 : 2e-5)
    self.build = build
  }

  /// Outputs, and the derivatives of a random combination of them where that has any.
  func graph() -> (outputs: [Tensor], gradients: [Tensor]) {
    var random = TestRandom(seed: 5)
    let drawn = operands.map { operand -> Tensor in
      let count = operand.shape.elementCount
      let range = operand.range
      if operand.isInteger {
        return Tensor(
          (0..<count).map { _ in Int64(random.uniform(range.lowerBound...(range.upperBound + 0.999)).rounded(.down)) }, shape: operand.shape
        )
      }
      return Tensor((0..<count).map { _ in random.uniform(range) }, shape: operand.shape).cast(to: dtype)
    }
    evaluate(drawn)
    let outputs = build(drawn)
    let variables = zip(drawn, operands).filter { !$1.isInteger && $0.dtype.isFloatingPoint }.map(\.0)
    var total = Tensor(0, dtype: dtype.isFloatingPoint ? dtype : .float32)
    for output in outputs where output.dtype.isFloatingPoint {
      let weights = Tensor((0..<output.elementCount).map { _ in random.uniform(-1...1) }, shape: output.shape).cast(to: output.dtype)
      total = total + (output * weights).sum(axes: nil)
    }
    return (outputs, variables.isEmpty ? [] : total.gradients(withRespectTo: variables))
  }
}

enum KernelCases {
  typealias Operand = OperationCase.Operand
  fileprivate static let types: [DType] = [.float32, .float64, .bfloat16]

  static let softmax: [KernelCase] = {
    var cases: [KernelCase] = []
    for dtype in types {
      for shape in [[37, 1000], [300, 65], [3, 8192], [64, 10], [5, 1], [0, 7], [4, 0], [2, 3, 47]] as [Shape] {
        let operand = Operand(shape: shape, range: -9...9)
        cases.append(KernelCase("softmax", [operand], dtype: dtype) { [$0[0].softmax()] })
        cases.append(KernelCase("log softmax", [operand], dtype: dtype) { [$0[0].logSoftmax()] })
      }
      for (rows, classes) in [(37, 1000), (300, 65), (3, 8192), (64, 10), (0, 7)] {
        let operands: [Operand] = [.init(shape: [rows, classes], range: -9...9), .indices([rows], below: classes)]
        cases.append(KernelCase("cross entropy", operands, dtype: dtype) { [$0[0].softmaxCrossEntropy(labels: $0[1])] })
        cases.append(
          KernelCase("cross entropy, smoothed, ignoring", operands, dtype: dtype) {
            [
              $0[0].softmaxCrossEntropy(
                labels: Tensor.select($0[1] .== 3, Tensor(-100, dtype: .int64), $0[1]), smoothing: 0.2, ignoring: -100)
            ]
          })
      }
    }
    cases.append(
      KernelCase("softmax with masked classes", [.init(shape: [40, 33])]) {
        [Tensor.select($0[0] .> 0, $0[0], Tensor(-.infinity)).softmax()]
      })
    cases.append(
      KernelCase("cross entropy with masked classes", [.init(shape: [40, 33], range: 0...1), .indices([40], below: 16)]) {
        let isOpen = (Tensor((0..<33).map { Float($0) }) .< 17).broadcast(to: [40, 33])
        return [Tensor.select(isOpen, $0[0], Tensor(-.infinity)).softmaxCrossEntropy(labels: $0[1])]
      })
    return cases
  }()

  static let normalization: [KernelCase] = {
    var cases: [KernelCase] = []
    for dtype in types {
      func add(_ name: String, _ shape: Shape, range: ClosedRange<Double> = -2...4, _ build: @escaping @Sendable ([Tensor]) -> [Tensor]) {
        let channels = Shape([shape[shape.rank - 1]])
        let operands: [Operand] = [.init(shape: shape, range: range), .init(shape: channels), .init(shape: channels)]
        cases.append(KernelCase(name, operands, dtype: dtype, build: build))
      }
      for shape in [[300, 513], [64, 16], [1, 2000], [5, 1], [0, 8], [3, 7, 40]] as [Shape] {
        add("layer norm", shape) { [$0[0].layerNormalized(scale: $0[1], shift: $0[2])] }
        add("root mean square norm", shape) { [$0[0].rmsNormalized(scale: $0[1], epsilon: 1e-3)] }
      }
      for shape in [[64, 9, 7, 3], [1000, 17], [32, 8, 8, 64], [3, 130], [1, 5], [7, 1], [40, 20, 16], [0, 4], [5, 0]] as [Shape] {
        add("batch norm", shape) {
          let parts = $0[0].batchNormalized(scale: $0[1], shift: $0[2], epsilon: 1e-3)
          return [parts.output, parts.mean, parts.variance]
        }
      }
      add("batch norm far from zero", [500, 24], range: 1000...1004) { [$0[0].batchNormalized(scale: $0[1], shift: $0[2]).output / 100] }
      for (shape, groups) in [
        ([40, 6, 6, 24], 4), ([40, 6, 6, 24], 24), ([2, 50, 50, 12], 3), ([33, 1, 12], 3), ([50, 12], 4), ([3, 1, 5], 5),
      ] as [(Shape, Int)] {
        add("group norm of \(groups)", shape) { [$0[0].groupNormalized(groups: groups, scale: $0[1], shift: $0[2], epsilon: 1e-2)] }
      }
    }
    return cases
  }()

  static let indexed: [KernelCase] = {
    var cases: [KernelCase] = []
    for dtype in types + [.int32, .int64, .uint8, .bool] {
      for (shape, axis, count) in [
        ([100, 64], 0, 700), ([50, 3], 0, 900), ([4, 33, 5], 1, 60), ([9, 70], 1, 40), ([800], 0, 3000), ([6, 0], 0, 5),
      ]
        as [(Shape, Int, Int)]
      {
        let extent = shape[axis]
        var slices = shape
        slices[axis] = count
        let numbers = Operand(shape: shape, range: dtype == .uint8 ? 0...200 : -9...9)
        let indices = Operand(shape: [count], range: -Double(extent)...Double(extent - 1), isInteger: true, isDifferentiated: false)
        let along = Operand(shape: slices, range: -Double(extent)...Double(extent - 1), isInteger: true, isDifferentiated: false)
        let added = Operand(shape: slices, range: numbers.range)
        cases.append(KernelCase("gather", [numbers, indices], dtype: dtype) { [$0[0].gathered($0[1], axis: axis)] })
        cases.append(KernelCase("take along axis", [numbers, along], dtype: dtype) { [$0[0].takingAlong(axis: axis, $0[1])] })
        let tolerance = dtype == .bfloat16 ? 0.1 : nil
        cases.append(
          KernelCase("scatter add", [numbers, indices, added], dtype: dtype, tolerance: tolerance) {
            [$0[0].scatteringAdd($0[1], $0[2], axis: axis)]
          })
        cases.append(
          KernelCase("scatter add along axis", [numbers, along, added], dtype: dtype, tolerance: tolerance) {
            [$0[0].scatteringAddAlong(axis: axis, $0[1], $0[2])]
          })
      }
    }
    return cases
  }()
}

extension KernelCases {
  static let segments: [KernelCase] = {
    var cases: [KernelCase] = []
    for dtype in types + [.int32, .int64, .uint8, .bool] {
      for (rows, inner, count) in [(700, 64, 100), (900, 3, 50), (60, 33, 4), (40, 1, 90), (0, 4, 3), (5, 0, 2)] {
        let range: ClosedRange<Double> = dtype == .uint8 ? 0...200 : -9...9
        // Rounded, so that extremes are shared.
        let rounds = dtype == .float32 || dtype == .float64
        let operands: [Operand] = [.init(shape: [rows, inner], range: range), .indices([rows], below: count)]
        func add(_ name: String, tolerance: Double? = nil, _ build: @escaping @Sendable (Tensor, Tensor) -> Tensor) {
          cases.append(
            KernelCase(name, operands, dtype: dtype, tolerance: tolerance) {
              [build(rounds ? $0[0].rounded() + ($0[0] - $0[0]) : $0[0], $0[1])]
            })
        }
        add("segment max") { $0.segmentMax($1, count: count, empty: 7) }
        add("segment min") { $0.segmentMin($1, count: count) }
        guard dtype != .int64 else { continue }
        add("segment product", tolerance: dtype == .float32 ? 1e-4 : dtype == .bfloat16 ? 0.1 : nil) {
          (dtype.isFloatingPoint ? $0 * 0.3 : $0).segmentProduct($1, count: count)
        }
      }
    }
    let withNaN: [Operand] = [.init(shape: [300, 5]), .indices([300], below: 40)]
    cases.append(
      KernelCase("segment extremes with NaN", withNaN) {
        let x = Tensor.select($0[0] .> 1.8, Tensor(.nan), $0[0])
        return [x.segmentMax($0[1], count: 50), x.segmentMin($0[1], count: 50)]
      })
    return cases
  }()

  static let ordering: [KernelCase] = {
    var cases: [KernelCase] = []
    for dtype in types + [.int32, .int64, .uint8, .bool] {
      let range: ClosedRange<Double> = dtype == .uint8 ? 0...200 : -90...90
      for shape in [[40, 7], [9, 64], [5, 65], [3, 1000], [2, 3, 300], [1, 40000], [4, 0], [0, 5], [3, 1]] as [Shape] {
        let operand = Operand(shape: shape, range: range)
        let extent = shape[shape.rank - 1]
        let isLong = extent > 10000
        // Ties and NaNs of either sign, whose order is then checked by their places.
        @Sendable func prepared(_ x: Tensor) -> Tensor {
          guard dtype == .float32 || dtype == .float64 else { return x }
          let tied = Tensor.select(x .> 0, x.rounded(), x)
          return Tensor.select(
            x .> 80, Tensor(.nan, dtype: dtype),
            Tensor.select(x .< -85, Tensor(-.nan, dtype: dtype), Tensor.select(x.abs() .< 3, x.sign() * 0, tied)))
        }
        cases.append(
          KernelCase("sort", [operand], dtype: dtype) {
            let x = prepared($0[0])
            return [x.sorted(), x.argSorted(), x.sorted(descending: true), x.argSorted(descending: true)]
          })
        if extent > 0 {
          cases.append(
            KernelCase("top k", [operand], dtype: dtype) {
              let x = prepared($0[0])
              // Few are picked out, many are sorted.
              return [Swift.max(1, extent / 40), Swift.min(extent, 3), extent / 2].flatMap { count -> [Tensor] in
                let (largest, smallest) = (x.topK(count), x.topK(count, largest: false))
                return [largest.values, largest.indices, smallest.values, smallest.indices]
              }
            })
          cases.append(
            KernelCase("arg extremes", [operand], dtype: dtype) {
              [
                prepared($0[0]).argMax(), prepared($0[0]).argMin(), $0[0].argMax(), $0[0].argMin(), $0[0].rounded().argMax(),
                $0[0].rounded().argMin(),
              ]
            })
        }
        let scale = dtype.isFloatingPoint ? 0.01 : 1
        if !isLong || dtype.isFloatingPoint {
          cases.append(
            KernelCase("cumulative sum", [operand], dtype: dtype, tolerance: dtype == .bfloat16 ? 0.1 : nil) {
              let x = $0[0] * scale
              return [
                x.cumulativeSum(), x.cumulativeSum(reverse: true), x.cumulativeSum(exclusive: true),
                x.cumulativeSum(exclusive: true, reverse: true),
              ]
            })
        }
        if extent <= 65, dtype != .int64 {
          cases.append(
            KernelCase("cumulative product", [operand], dtype: dtype, tolerance: dtype == .bfloat16 ? 0.1 : nil) {
              let x = dtype.isFloatingPoint ? $0[0] * 0.001 + 1 : $0[0]
              return [x.cumulativeProduct(), x.cumulativeProduct(reverse: true), x.cumulativeProduct(exclusive: true)]
            })
        }
        cases.append(
          KernelCase("cumulative extremes", [operand], dtype: dtype) {
            [
              prepared($0[0]).cumulativeMax().cast(to: .float64), $0[0].cumulativeMax(), $0[0].cumulativeMin(),
              $0[0].cumulativeMin(reverse: true),
            ]
          })
      }
    }
    return cases
  }()

  static let sparse: [KernelCase] = {
    var cases: [KernelCase] = []
    for dtype in types {
      for (rows, columns, entries, batch, inner) in [
        (700, 300, 5000, [], 16), (40, 900, 3000, [2, 3], 7), (300, 300, 2000, [], 130), (5, 4, 0, [], 3), (3, 6, 40, [0], 2),
        (60, 50, 700, [3], 1),
      ] as [(Int, Int, Int, [Int], Int)] {
        var random = TestRandom(seed: UInt64(rows))
        let places = (0..<entries).map { _ in
          // Many entries in few rows, and rows without any.
          (row: Int(Double(rows) * random.uniform(0...0.999) * random.uniform(0...1)), column: Int.random(in: 0..<columns, using: &random))
        }
        let operands: [Operand] = [
          .init(shape: [entries]), .init(shape: Shape(batch + [columns, inner])), .init(shape: Shape(batch + [rows, inner])),
        ]
        cases.append(
          KernelCase("sparse products", operands, dtype: dtype, tolerance: dtype == .bfloat16 ? 0.1 : nil) {
            let matrix = try! SparseMatrix(rows: rows, columns: columns, entries: places, values: $0[0])
            return [matrix.matmul($0[1]), matrix.transposed().matmul($0[2]), matrix.sampledMatmul($0[2], $0[1]) * 0.1]
          })
      }
    }
    return cases
  }()
}

extension KernelCases {
  static let convolutions: [KernelCase] = {
    var cases: [KernelCase] = []
    struct Geometry { var image: [Int], kernel: [Int], strides: [Int], dilations: [Int], padding: [(Int, Int)], channels: Int }
    let geometries: [Geometry] = [
      .init(image: [9, 7], kernel: [3, 3], strides: [1, 1], dilations: [1, 1], padding: [(1, 1), (1, 1)], channels: 40),
      .init(image: [8, 11], kernel: [5, 5], strides: [2, 2], dilations: [1, 1], padding: [(2, 2), (2, 2)], channels: 17),
      .init(image: [3, 3], kernel: [5, 5], strides: [1, 1], dilations: [1, 1], padding: [(2, 2), (2, 2)], channels: 64),
      .init(image: [12, 13], kernel: [2, 3], strides: [1, 2], dilations: [2, 3], padding: [(0, 2), (3, 1)], channels: 6),
      .init(image: [10, 30], kernel: [1, 7], strides: [1, 1], dilations: [1, 1], padding: [(0, 0), (3, 3)], channels: 20),
      .init(image: [7, 9], kernel: [2, 2], strides: [3, 4], dilations: [1, 1], padding: [(0, 0), (0, 1)], channels: 5),
      .init(image: [33], kernel: [4], strides: [2], dilations: [1], padding: [(1, 2)], channels: 19),
      .init(image: [4, 40], kernel: [3, 11], strides: [1, 3], dilations: [1, 2], padding: [(1, 1), (9, 4)], channels: 16),
      .init(image: [5, 6], kernel: [4, 6], strides: [1, 1], dilations: [1, 1], padding: [(0, 0), (0, 0)], channels: 2),
    ]
    for geometry in geometries {
      for batch in [3, 1, 0] {
        let channels = geometry.channels
        let operands: [Operand] = [
          .init(shape: Shape([batch] + geometry.image + [channels])), .init(shape: Shape([channels] + geometry.kernel + [1])),
          .init(shape: [channels]),
        ]
        let convolve = { @Sendable (x: Tensor, weights: Tensor) in
          x.convolution(weights, strides: geometry.strides, padding: geometry.padding, dilations: geometry.dilations, groups: channels)
        }
        cases.append(KernelCase("depthwise convolution", operands) { [convolve($0[0], $0[1])] })
        cases.append(KernelCase("depthwise convolution", operands, dtype: .float64) { [convolve($0[0], $0[1])] })
        cases.append(
          KernelCase("depthwise convolution with bias, residual and relu", operands) {
            let y = convolve($0[0], $0[1]) + $0[2]
            return [(y + Tensor.ones(y.shape) * $0[2].square()).relu()]
          })
      }
    }
    for (image, kernel, groups, outputs) in [
      ([2, 9, 8, 6], [3, 2], 1, 10), ([3, 7, 7, 12], [3, 3], 3, 6), ([2, 40, 5], [4], 1, 7), ([1, 4, 5, 6, 4], [2, 3, 2], 2, 6),
      ([2, 6, 6, 4], [3, 3], 4, 8),
    ] as [([Int], [Int], Int, Int)] {
      let operands: [Operand] = [.init(shape: Shape(image)), .init(shape: Shape([outputs] + kernel + [image.last! / groups]))]
      cases.append(
        KernelCase("convolution of \(groups) groups", operands, dtype: .float64) {
          [
            $0[0].convolution(
              $0[1], strides: kernel.indices.map { $0 % 2 + 1 }, padding: kernel.map { ($0 / 2, 1) },
              dilations: kernel.indices.map { 2 - $0 % 2 }, groups: groups)
          ]
        })
    }
    return cases
  }()
}

/// Data that point outside an operand stop the program, naming what is wrong.
@Suite struct IndexRefusalTests {
  @Test func aLabelOutside() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      evaluate(Tensor.zeros([3, 10]).softmaxCrossEntropy(labels: Tensor([1, 2, 10] as [Int64])))
    }
    expectMessage(result, "softmax cross entropy: label 10 of row 2 lies outside 0 ..< 10 classes")
  }

  @Test func aLabelOutsideInTheGradient() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let logits = Tensor.zeros([3, 10])
      let loss = logits.softmaxCrossEntropy(labels: Tensor([1, -1, 5] as [Int64])).sum()
      evaluate(gradients(of: loss, withRespectTo: [logits]))
    }
    expectMessage(result, "label -1 of row 1 lies outside 0 ..< 10 classes")
  }

  @Test func anIndexOutside() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      evaluate(Tensor.zeros([5, 3]).gathered(Tensor([0, 4, -6, 7] as [Int64])))
    }
    expectMessage(result, "gather: index -6 at position 2 of the indices lies outside the axis of extent 5")
  }

  @Test func anIndexOutsideOfAScatter() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      evaluate(Tensor.zeros([5, 3]).scatteringAdd(Tensor([0, 5] as [Int64]), Tensor.ones([2, 3])))
    }
    expectMessage(result, "scatter add: index 5 at position 1 of the indices lies outside the axis of extent 5")
  }

  private func expectMessage(_ result: ExitTest.Result?, _ message: String) {
    let printed = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(printed.contains(message), "\(printed.prefix(400))")
  }
}
