/// What a normalisation averages over: the operand seen as (outer, inner, groups, width), with statistics over inner and width.
///
/// Layer normalisation is (rows, 1, 1, features), batch normalisation (1, rows, channels, 1), group normalisation
/// (batch, positions, groups, channels / groups), instance normalisation the latter with one channel a group.
struct NormalizationGeometry: Hashable, Sendable {
  var outer: Int
  var inner: Int
  var groups: Int
  var width: Int
  /// Whether the mean is subtracted; root-mean-square normalisation leaves it.
  var isCentered: Bool
  /// Added to the variance.
  var epsilon: Double

  var channels: Int { groups * width }
  var shape: Shape { [outer, inner, groups, width] }
  var statisticsShape: Shape { [outer, groups] }
  var count: Int { inner * width }

  func encode(into key: inout StructureKey) {
    key.append([outer, inner, groups, width])
    key.append(isCentered)
    key.append(epsilon)
  }

  /// Calls `body` with the flat offset of every element and those of its statistics and its channel.
  func forEachElement(_ body: (_ element: Int, _ statistic: Int, _ channel: Int) -> Void) {
    var element = 0
    for n in 0..<outer {
      for _ in 0..<inner {
        for group in 0..<groups {
          for position in 0..<width {
            body(element, n * groups + group, group * width + position)
            element += 1
          }
        }
      }
    }
  }
}

/// (x - mean) / sqrt(variance + epsilon) * scale + shift.
///
/// Operands: x of any shape with the geometry's element count, scale (channels), shift (channels). Results: y, then the mean, the reciprocal standard
/// deviation and the variance of each group, (outer, groups), in float32 where x is bfloat16.
struct Normalization: Primitive {
  let geometry: NormalizationGeometry

  var name: String { "normalization" }
  func encode(into key: inout StructureKey) { geometry.encode(into: &key) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] {
    let dtype = inputs[0].dtype
    guard dtype.isFloatingPoint, inputs[0].shape.elementCount == geometry.shape.elementCount else {
      throw ShapeError("\(inputs[0]) does not fit the normalisation over \(geometry.shape)")
    }
    for input in inputs.dropFirst() where input != TensorType([geometry.channels], dtype) {
      throw ShapeError("scale and shift must be \(TensorType([geometry.channels], dtype)), one is \(input)")
    }
    let statistics = TensorType(geometry.statisticsShape, dtype.computingType)
    return [inputs[0], statistics, statistics, statistics]
  }
  func cotangents(_ call: Differentiation) -> [Tensor?] {
    let backward = NormalizationBackward(geometry: geometry)
    let (x, scale) = (call.inputs[0], call.inputs[1])
    var results: [Tensor?] = [nil, nil, nil]
    if call.cotangents[0] != nil {
      let parts = Tensor.record(backward, [call.cotangent, x, scale, call.outputs[1], call.outputs[2]])
      results = [parts[0], parts[1], parts[2]]
    }
    // Statistics that somebody uses on their own are compositions of x.
    if call.cotangents[1] != nil || call.cotangents[2] != nil || call.cotangents[3] != nil {
      let variable = x.asVariable()
      let statistics = Self.statistics(variable, geometry)
      for index in 1...3 {
        guard let cotangent = call.cotangents[index] else { continue }
        let part = statistics[index - 1].gradients(withRespectTo: [variable], cotangent: cotangent)[0]
        results[0] = results[0].map { $0 + part } ?? part
      }
    }
    return results
  }

  /// Mean, reciprocal standard deviation and variance by elementary operations.
  static func statistics(_ x: Tensor, _ geometry: NormalizationGeometry) -> [Tensor] {
    let grouped = x.cast(to: x.dtype.computingType).reshaped(to: geometry.shape)
    let mean =
      geometry.isCentered
      ? grouped.mean(axes: [1, 3], keepingAxes: true) : Tensor.zeros([geometry.outer, 1, geometry.groups, 1], dtype: grouped.dtype)
    let variance = (grouped - mean).square().mean(axes: [1, 3], keepingAxes: true)
    return [mean, (variance + geometry.epsilon).rsqrt(), variance].map { $0.reshaped(to: geometry.statisticsShape) }
  }

  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    let (x, scale, shift) = (inputs[0].values, inputs[1].values, inputs[2].values)
    var results = outputs.map { ReferenceArray(repeating: 0, $0) }
    let count = Double(geometry.count)
    if geometry.isCentered { geometry.forEachElement { element, statistic, _ in results[1].values[statistic] += x[element] / count } }
    geometry.forEachElement { element, statistic, _ in
      let deviation = x[element] - results[1].values[statistic]
      results[3].values[statistic] += deviation * deviation / count
    }
    results[2].values = results[3].values.map { 1 / ($0 + geometry.epsilon).squareRoot() }
    geometry.forEachElement { element, statistic, channel in
      results[0].values[element] =
        (x[element] - results[1].values[statistic]) * results[2].values[statistic] * scale[channel] + shift[channel]
    }
    return results
  }
}

/// The cotangents of a normalisation's operands (x, scale, shift), from those of its result, x, scale, mean and reciprocal standard deviation.
struct NormalizationBackward: Primitive {
  let geometry: NormalizationGeometry

  var name: String { "normalization backward" }
  func encode(into key: inout StructureKey) { geometry.encode(into: &key) }
  func outputTypes(for inputs: [TensorType]) throws(ShapeError) -> [TensorType] { [inputs[1], inputs[2], inputs[2]] }

  func cotangents(_ call: Differentiation) -> [Tensor?] {
    // Written out in elementary operations, whose derivatives are known.
    let variables = call.inputs.map { $0.asVariable() }
    let outputs = composition(variables)
    var totals = [Tensor?](repeating: nil, count: variables.count)
    for (output, cotangent) in zip(outputs, call.cotangents) {
      guard let cotangent else { continue }
      let parts = output.gradients(withRespectTo: variables, cotangent: cotangent)
      for index in parts.indices { totals[index] = totals[index].map { $0 + parts[index] } ?? parts[index] }
    }
    return totals
  }

  private func composition(_ inputs: [Tensor]) -> [Tensor] {
    let (shape, dtype) = (inputs[1].shape, inputs[1].dtype)
    let computing = dtype.computingType
    let g = inputs[0].cast(to: computing).reshaped(to: geometry.shape)
    let x = inputs[1].cast(to: computing).reshaped(to: geometry.shape)
    let scale = inputs[2].cast(to: computing).reshaped(to: [geometry.groups, geometry.width] as Shape)
    let statistics = [geometry.outer, 1, geometry.groups, 1] as Shape
    let mean = inputs[3].reshaped(to: statistics)
    let rstd = inputs[4].reshaped(to: statistics)
    let normalized = (x - mean) * rstd
    let scaled = g * scale
    let along = (scaled * normalized).mean(axes: [1, 3], keepingAxes: true)
    var dx = scaled - normalized * along
    if geometry.isCentered { dx = dx - scaled.mean(axes: [1, 3], keepingAxes: true) }
    return [
      (dx * rstd).reshaped(to: shape), (g * normalized).sum(axes: [0, 1]).flattened(), g.sum(axes: [0, 1]).flattened(),
    ].map { $0.cast(to: dtype) }
  }

  func evaluate(_ inputs: [ReferenceArray], outputs: [TensorType]) -> [ReferenceArray] {
    let (g, x, scale, mean, rstd) = (inputs[0].values, inputs[1].values, inputs[2].values, inputs[3].values, inputs[4].values)
    var results = outputs.map { ReferenceArray(repeating: 0, $0) }
    let count = Double(geometry.count)
    var along = [Double](repeating: 0, count: mean.count)
    var total = along
    geometry.forEachElement { element, statistic, channel in
      let normalized = (x[element] - mean[statistic]) * rstd[statistic]
      results[1].values[channel] += g[element] * normalized
      results[2].values[channel] += g[element]
      along[statistic] += g[element] * scale[channel] * normalized / count
      if geometry.isCentered { total[statistic] += g[element] * scale[channel] / count }
    }
    geometry.forEachElement { element, statistic, channel in
      let normalized = (x[element] - mean[statistic]) * rstd[statistic]
      results[0].values[element] = rstd[statistic] * (g[element] * scale[channel] - normalized * along[statistic] - total[statistic])
    }
    return results
  }
}

// MARK: - Methods

extension Tensor {
  private func normalized(_ geometry: NormalizationGeometry, _ scale: Tensor?, _ shift: Tensor?) -> [Tensor] {
    let scale = scale?.cast(to: dtype).flattened() ?? Tensor.ones([geometry.channels], dtype: dtype)
    let shift = shift?.cast(to: dtype).flattened() ?? Tensor.zeros([geometry.channels], dtype: dtype)
    return Tensor.record(Normalization(geometry: geometry), [self, scale, shift])
  }

  /// Layer normalisation over the last `axes` axes (Ba et al., 2016): zero mean and unit variance, then `scale` and `shift` of those axes' shape.
  public func layerNormalized(scale: Tensor? = nil, shift: Tensor? = nil, axes: Int = 1, epsilon: Double = 1e-5) -> Tensor {
    normalized(trailing(axes, isCentered: true, epsilon), scale, shift)[0]
  }

  /// Root-mean-square normalisation over the last `axes` axes (Zhang and Sennrich, 2019).
  public func rmsNormalized(scale: Tensor? = nil, axes: Int = 1, epsilon: Double = 1e-6) -> Tensor {
    normalized(trailing(axes, isCentered: false, epsilon), scale, nil)[0]
  }

  private func trailing(_ axes: Int, isCentered: Bool, _ epsilon: Double) -> NormalizationGeometry {
    guard axes >= 1, axes <= rank else { trap("normalization", [self], "there are no \(axes) trailing axes") }
    let features = shape.suffix(axes).reduce(1, *)
    return NormalizationGeometry(
      outer: features == 0 ? 0 : elementCount / features, inner: 1, groups: 1, width: features, isCentered: isCentered, epsilon: epsilon)
  }

  /// Batch normalisation over all axes but the last (Ioffe and Szegedy, 2015), by the statistics of this batch.
  ///
  /// - Returns: the normalised tensor, and mean and variance (biased) of each channel, through which no derivative flows.
  public func batchNormalized(
    scale: Tensor? = nil, shift: Tensor? = nil, epsilon: Double = 1e-5
  ) -> (output: Tensor, mean: Tensor, variance: Tensor) {
    guard rank >= 2 else { trap("batch normalization", [self], "rows and channels are needed") }
    let channels = shape[rank - 1]
    let geometry = NormalizationGeometry(
      outer: 1, inner: channels == 0 ? 0 : elementCount / channels, groups: channels, width: 1, isCentered: true, epsilon: epsilon)
    let parts = normalized(geometry, scale, shift)
    return (parts[0], parts[1].flattened().stopGradient(), parts[3].flattened().stopGradient())
  }

  /// Group normalisation of (N, spatial..., C) (Wu and He, 2018); as many groups as channels make it instance normalisation.
  public func groupNormalized(groups: Int, scale: Tensor? = nil, shift: Tensor? = nil, epsilon: Double = 1e-5) -> Tensor {
    guard rank >= 2, groups > 0, shape[rank - 1] % groups == 0 else {
      trap("group normalization", [self], "\(groups) groups do not divide the channels")
    }
    let channels = shape[rank - 1]
    let geometry = NormalizationGeometry(
      outer: shape[0], inner: elementCount == 0 ? 0 : elementCount / (shape[0] * channels), groups: groups, width: channels / groups,
      isCentered: true, epsilon: epsilon)
    return normalized(geometry, scale, shift)[0]
  }
}
