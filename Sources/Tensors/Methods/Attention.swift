extension Tensor {
  /// softmax(scale Q Kᵀ + mask) V (Vaswani et al., "Attention is all you need", 2017, equation 1). A query that may attend to no key receives zeros.
  ///
  /// - Parameters:
  ///   - query: (..., queries, features).
  ///   - key: (..., keys, features).
  ///   - value: (..., keys, values).
  ///   - mask: broadcasts to (..., queries, keys). A `bool` mask is true where attention is allowed; any other is added to the scores.
  ///   - isCausal: whether query i attends to the keys up to i + keys - queries alone, so that the last query sees every key.
  ///   - scale: by default one over the root of the number of features.
  /// - Returns: (..., queries, values).
  public static func attention(
    query: Tensor, key: Tensor, value: Tensor, mask: Tensor? = nil, isCausal: Bool = false, scale: Double? = nil
  ) -> Tensor {
    guard query.rank >= 2, key.rank >= 2, value.rank >= 2, query.shape.last == key.shape.last,
      key.shape[key.rank - 2] == value.shape[value.rank - 2]
    else {
      trap(
        "attention", [query, key, value],
        "query (..., queries, features), key (..., keys, features) and value (..., keys, values) are needed")
    }
    let (queries, keys) = (query.shape[query.rank - 2], key.shape[key.rank - 2])
    let scale = scale ?? 1 / Double(Swift.max(query.shape.last!, 1)).squareRoot()
    var scores = (query * scale).matmul(key.transposed())

    var allowed = mask?.dtype == .bool ? mask : nil
    if isCausal {
      let shape: Shape = [queries, keys]
      let row = record(Iota(shape: shape, axis: 0), [], TensorType(shape, .int64))
      let column = record(Iota(shape: shape, axis: 1), [], TensorType(shape, .int64))
      let isEarlier = column .<= row + Double(keys - queries)
      allowed = allowed.map { $0 .& isEarlier } ?? isEarlier
    }
    if let mask, mask.dtype != .bool { scores = scores + mask.cast(to: scores.dtype) }
    guard let allowed else { return scores.softmax().matmul(value) }
    // A large number instead of infinity, which would make not-a-numbers of a row without any allowed key.
    let result = select(allowed, scores, Tensor(-1e30, dtype: scores.dtype)).softmax().matmul(value)
    // With at least as many keys as queries, a causal mask leaves every query a key.
    if mask?.dtype != .bool, keys >= queries { return result }
    return select(allowed.any(axes: [-1], keepingAxes: true), result, Tensor(0, dtype: result.dtype))
  }
}
