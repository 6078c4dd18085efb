/// One position of a tensor's subscript.
public enum TensorIndex: Sendable {
  /// One position of an axis, which disappears; negative positions count from the end.
  case position(Int)
  /// Positions of an axis; negative bounds count from the end, nil means "to the end".
  case range(from: Int?, to: Int?, step: Int)
  /// All axes that the other indices leave.
  case remainingAxes
  /// A new axis of extent 1.
  case insertedAxis
}

/// What may stand in a tensor's subscript: integers, ranges, `.ellipsis`, `.newAxis`, `.all`, `.every(2)`.
public protocol TensorIndexConvertible {
  var tensorIndex: TensorIndex { get }
}

extension TensorIndex: TensorIndexConvertible {
  public var tensorIndex: TensorIndex { self }
}

extension TensorIndexConvertible where Self == TensorIndex {
  public static var ellipsis: TensorIndex { .remainingAxes }
  public static var newAxis: TensorIndex { .insertedAxis }
  /// The whole axis.
  public static var all: TensorIndex { .range(from: nil, to: nil, step: 1) }
  /// Every `step`-th position; a negative step walks from the end.
  public static func every(_ step: Int) -> TensorIndex { .range(from: nil, to: nil, step: step) }
}

extension Int: TensorIndexConvertible {
  public var tensorIndex: TensorIndex { .position(self) }
}
extension Range: TensorIndexConvertible where Bound == Int {
  public var tensorIndex: TensorIndex { .range(from: lowerBound, to: upperBound, step: 1) }
}
extension ClosedRange: TensorIndexConvertible where Bound == Int {
  public var tensorIndex: TensorIndex { .range(from: lowerBound, to: upperBound == -1 ? nil : upperBound + 1, step: 1) }
}
extension PartialRangeFrom: TensorIndexConvertible where Bound == Int {
  public var tensorIndex: TensorIndex { .range(from: lowerBound, to: nil, step: 1) }
}
extension PartialRangeUpTo: TensorIndexConvertible where Bound == Int {
  public var tensorIndex: TensorIndex { .range(from: nil, to: upperBound, step: 1) }
}
extension PartialRangeThrough: TensorIndexConvertible where Bound == Int {
  public var tensorIndex: TensorIndex { .range(from: nil, to: upperBound == -1 ? nil : upperBound + 1, step: 1) }
}

extension Tensor {
  /// Part of the tensor: `x[0, 1..<3, .ellipsis, .newAxis]`. Axes not named are kept whole.
  ///
  /// Assigning to a subscript replaces that part of this value; other variables that hold the same tensor do not change.
  public subscript(_ indices: any TensorIndexConvertible...) -> Tensor {
    get {
      let selection = Selection(indices.map(\.tensorIndex), of: self)
      let part = Tensor.record(Slice(starts: selection.starts, steps: selection.steps, shape: selection.extents), [self])[0]
      return part.reshaped(to: selection.result)
    }
    set {
      let selection = Selection(indices.map(\.tensorIndex), of: self)
      let part = newValue.cast(to: dtype).broadcast(to: selection.result).reshaped(to: selection.extents)
      let scatter = SliceScatter(starts: selection.starts, steps: selection.steps, shape: shape)
      let placed = Tensor.record(scatter, [part], TensorType(shape, dtype))
      let inside = Tensor.record(
        scatter, [Tensor(repeating: 1, shape: selection.extents, dtype: .bool)], TensorType(shape, .bool))
      self = Tensor.select(inside, placed, self)
    }
  }

  private struct Selection {
    var starts: [Int] = []
    var steps: [Int] = []
    /// Extent of each axis after slicing, before positions disappear and new axes appear.
    var extents: Shape = []
    var result: Shape = []

    init(_ indices: [TensorIndex], of tensor: Tensor) {
      let named = indices.reduce(0) { count, index in
        switch index {
        case .position, .range: count + 1
        case .remainingAxes, .insertedAxis: count
        }
      }
      guard named <= tensor.rank else { trap("subscript", [tensor], "\(named) indices for \(tensor.rank) axes") }
      guard indices.count(where: { if case .remainingAxes = $0 { true } else { false } }) <= 1 else {
        trap("subscript", [tensor], "more than one ellipsis")
      }
      var sliced: [Int] = []
      var kept: [Int] = []
      func keepWhole(_ count: Int) {
        for _ in 0..<count {
          let extent = tensor.shape[starts.count]
          starts.append(0)
          steps.append(1)
          sliced.append(extent)
          kept.append(extent)
        }
      }
      for index in indices {
        switch index {
        case .insertedAxis: kept.append(1)
        case .remainingAxes: keepWhole(tensor.rank - named)
        case .position(let position):
          let axis = starts.count
          let extent = tensor.shape[axis]
          let resolved = position < 0 ? position + extent : position
          guard resolved >= 0, resolved < extent else {
            trap("subscript", [tensor], "position \(position) lies outside axis \(axis) of extent \(extent)")
          }
          starts.append(resolved)
          steps.append(1)
          sliced.append(1)
        case .range(let from, let to, let step):
          let axis = starts.count
          let extent = tensor.shape[axis]
          guard step != 0 else { trap("subscript", [tensor], "the step of axis \(axis) is 0") }
          let first = from.map { $0 < 0 ? $0 + extent : $0 } ?? (step > 0 ? 0 : extent - 1)
          let end = to.map { $0 < 0 ? $0 + extent : $0 } ?? (step > 0 ? extent : -1)
          let count = step > 0 ? (end - first + step - 1) / step : (end - first + step + 1) / step
          let isInside = step > 0 ? first >= 0 && end <= extent && first <= end : true
          guard isInside, count >= 0 else {
            trap("subscript", [tensor], "range \(first)..<\(end) does not fit axis \(axis) of extent \(extent)")
          }
          starts.append(count == 0 ? 0 : first)
          steps.append(step)
          sliced.append(count)
          kept.append(count)
        }
      }
      keepWhole(tensor.rank - starts.count)
      extents = Shape(sliced)
      result = Shape(kept)
    }
  }
}
