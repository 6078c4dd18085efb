import Foundation

/// exp(x) / sum(exp(x)) along the last axis, or its logarithm.
struct Softmax: Primitive {
  let isLogarithmic: Bool

  var name: String { isLogarithmic ? "log softmax" : "softmax" }
  func encode(into key: inout StructureKey) { key.append(isLogarithmic) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    guard inputs[0].shape.rank > 0, inputs[0].dtype.isFloatingPoint else {
      throw ShapeError("a floating point tensor with an axis is needed")
    }
    return [inputs[0]]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    [Tensor.record(SoftmaxBackward(isLogarithmic: isLogarithmic), [call.outputs[0], call.cotangent])[0]]
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = inputs[0]
    forEachRow(of: inputs[0].shape) { row in
      let top = inputs[0].values[row].max() ?? 0
      let sum = inputs[0].values[row].reduce(0) { $0 + exp($1 - top) }
      for index in row {
        let shifted = inputs[0].values[index] - top
        result.values[index] = isLogarithmic ? shifted - log(sum) : exp(shifted) / sum
      }
    }
    return [result]
  }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles { rowRoles(inputs, outputs, linear: []) }
}

/// The cotangent of a softmax's operand from its result and its cotangent.
struct SoftmaxBackward: Primitive {
  let isLogarithmic: Bool

  var name: String { isLogarithmic ? "log softmax backward" : "softmax backward" }
  func encode(into key: inout StructureKey) { key.append(isLogarithmic) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] { [inputs[0]] }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let (y, g) = (call.inputs[0], call.inputs[1])
    let h = call.cotangent
    let last = y.rank - 1
    if isLogarithmic {
      // dx = g - exp(y) sum(g)
      let p = y.exp()
      let inner = (h * p).sum(axes: [last], keepingAxes: true)
      return [-(h * p * g.sum(axes: [last], keepingAxes: true)), h - inner]
    }
    // dx = y (g - sum(g y))
    let inner = (h * y).sum(axes: [last], keepingAxes: true)
    let weight = (g * y).sum(axes: [last], keepingAxes: true)
    return [h * (g - weight) - g * inner, y * (h - inner)]
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = inputs[0]
    let (y, g) = (inputs[0].values, inputs[1].values)
    forEachRow(of: inputs[0].shape) { row in
      let sum = row.reduce(0) { $0 + (isLogarithmic ? g[$1] : g[$1] * y[$1]) }
      for index in row { result.values[index] = isLogarithmic ? g[index] - exp(y[index]) * sum : y[index] * (g[index] - sum) }
    }
    return [result]
  }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles { rowRoles(inputs, outputs, linear: [1]) }
}

/// Cross entropy of softmax(logits) against integer labels, one value a row of (rows, classes).
///
/// With smoothing s, the target is (1 - s) on the label plus s / classes everywhere (Szegedy et al., 2016). Rows whose label is
/// ignored give 0.
struct SoftmaxCrossEntropy: Primitive {
  let smoothing: Double
  let ignored: Int?

  var name: String { "softmax cross entropy" }
  func encode(into key: inout StructureKey) {
    key.append(smoothing)
    key.append(ignored != nil)
    key.append(ignored ?? 0)
  }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let logits = inputs[0]
    guard logits.shape.rank == 2, logits.dtype.isFloatingPoint, inputs[1].shape == [logits.shape[0]], inputs[1].dtype == .int64 else {
      throw ShapeError("logits (rows, classes) and int64 labels (rows) are needed")
    }
    return [TensorType([logits.shape[0]], logits.dtype)]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let backward = SoftmaxCrossEntropyBackward(forward: self)
    return [Tensor.record(backward, [call.inputs[0], call.inputs[1], call.cotangent])[0], nil]
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = ReferenceArray(repeating: 0, outputs[0])
    let logSoftmax = Softmax(isLogarithmic: true).evaluate([inputs[0]], outputs: [TensorType(inputs[0].shape, inputs[0].dtype)])[0]
    let classes = inputs[0].shape[1]
    for row in 0..<inputs[0].shape[0] {
      guard let target = target(row, inputs[1].values[row], classes) else { continue }
      // Classes outside the target do not count, whatever their logit: it may be minus infinity.
      result.values[row] = -(0..<classes).reduce(0) { target($1) == 0 ? $0 : $0 + target($1) * logSoftmax.values[row * classes + $1] }
    }
    return [result]
  }
  /// The target distribution of a label; nil for an ignored one.
  fileprivate func target(_ row: Int, _ label: Double, _ classes: Int) -> ((Int) -> Double)? {
    let label = Int(label)
    if label == ignored { return nil }
    precondition((0..<classes).contains(label), "\(name): label \(label) of row \(row) lies outside 0 ..< \(classes) classes")
    let smoothing = smoothing
    return { (label == $0 ? 1 - smoothing : 0) + smoothing / Double(classes) }
  }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    AxisRoles(inputs: [[0, 1], [0]], outputs: [[0]], roles: [.independent, .whole])
  }
}

/// (softmax(logits) - target) * cotangent, row by row.
struct SoftmaxCrossEntropyBackward: Primitive {
  let forward: SoftmaxCrossEntropy

  var name: String { "softmax cross entropy backward" }
  func encode(into key: inout StructureKey) { forward.encode(into: &key) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] { [inputs[0]] }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    // The target is constant, so both terms come from the softmax alone.
    let (logits, labels, g) = (call.inputs[0], call.inputs[1], call.inputs[2])
    let h = call.cotangent
    let probabilities = logits.softmax()
    let isCounted = forward.ignored.map { (labels .!= Double($0)).cast(to: g.dtype) }
    let weights = (isCounted.map { g * $0 } ?? g).expandingShape(at: 1)
    let inner = (h * probabilities).sum(axes: [1], keepingAxes: true)
    let residual = Tensor.record(self, [logits, labels, Tensor.ones(g.shape, dtype: g.dtype)])[0]
    return [weights * probabilities * (h - inner), nil, (h * residual).sum(axes: [1])]
  }
  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    var result = Softmax(isLogarithmic: false).evaluate([inputs[0]], outputs: outputs)[0]
    let classes = inputs[0].shape[1]
    for row in 0..<inputs[0].shape[0] {
      let target = forward.target(row, inputs[1].values[row], classes)
      for index in 0..<classes {
        let difference = target.map { result.values[row * classes + index] - $0(index) } ?? 0
        result.values[row * classes + index] = difference * inputs[2].values[row]
      }
    }
    return [result]
  }
  func axisRoles(inputs: [TensorType], outputs: [TensorType]) -> AxisRoles {
    AxisRoles(inputs: [[0, 1], [0], [0]], outputs: [[0, 1]], roles: [.independent, .whole], linearInputs: [2])
  }
}

/// Visits the flat index range of each row along the last axis.
func forEachRow(of shape: Shape, _ body: (Range<Int>) -> Void) {
  let length = shape[shape.rank - 1]
  guard length > 0 else { return }
  for row in 0..<(shape.elementCount / length) { body((row * length)..<((row + 1) * length)) }
}

/// Operands of one shape, worked on row by row: every axis but the last is independent.
func rowRoles(_ inputs: [TensorType], _ outputs: [TensorType], linear: Set<Int>) -> AxisRoles {
  let rank = outputs[0].shape.rank
  let labels = Array(0..<rank)
  return AxisRoles(
    inputs: inputs.map { _ in labels }, outputs: outputs.map { _ in labels },
    roles: labels.map { $0 == rank - 1 ? .whole : .independent }, linearInputs: linear)
}

extension Tensor {
  /// exp(self) / sum(exp(self)) along an axis, without overflow.
  public func softmax(axis: Int = -1) -> Tensor { softmax(axis, isLogarithmic: false) }

  /// log(softmax(self)) along an axis, without overflow.
  public func logSoftmax(axis: Int = -1) -> Tensor { softmax(axis, isLogarithmic: true) }

  private func softmax(_ axis: Int, isLogarithmic: Bool) -> Tensor {
    let axis = resolve(axis, isLogarithmic ? "log softmax" : "softmax")
    let operation = Softmax(isLogarithmic: isLogarithmic)
    let real = dtype.isFloatingPoint ? self : cast(to: .float32)
    guard axis != rank - 1 else { return Tensor.record(operation, [real])[0] }
    return Tensor.record(operation, [real.swappingAxes(axis, -1)])[0].swappingAxes(axis, -1)
  }

  /// The cross entropy -sum(target * log softmax(self)) of each row, where the target is the label's class.
  ///
  /// - Parameters:
  ///   - labels: class numbers; their shape is this tensor's without the last axis, which runs over classes.
  ///   - smoothing: share of the target spread over all classes, in [0, 1].
  ///   - ignored: a label whose rows give 0.
  public func softmaxCrossEntropy(labels: Tensor, smoothing: Double = 0, ignoring ignored: Int? = nil) -> Tensor {
    guard rank >= 1, labels.shape == Shape(shape.dropLast()), !labels.dtype.isFloatingPoint else {
      trap("softmaxCrossEntropy", [self, labels], "labels must be integers of shape \(Shape(shape.dropLast()))")
    }
    let rows = reshaped(to: Shape([labels.elementCount, shape[rank - 1]]))
    let operation = SoftmaxCrossEntropy(smoothing: smoothing, ignored: ignored)
    return Tensor.record(operation, [rows, labels.cast(to: .int64).flattened()])[0].reshaped(to: labels.shape)
  }
}
