import Layers
import Tensors

/// W, whose row y is the embedding u_y of class y: what the blocks learn to recover from noise (NoProp, section on the choice of W).
public struct LabelEmbedding: Module {
  /// (classes, width).
  public let weight: Parameter

  /// A ready-made W.
  /// - Throws: `embeddingRows` unless it has one row a class.
  public init(_ weight: Tensor, classCount: Int, isTrainable: Bool) throws(NoPropError) {
    guard weight.rank == 2, weight.shape[0] == classCount else {
      throw .embeddingRows(found: weight.rank == 2 ? weight.shape[0] : 0, expected: classCount)
    }
    self.weight = Parameter(weight, isTrainable: isTrainable)
  }

  private init(trusted weight: Tensor, isTrainable: Bool) { self.weight = Parameter(weight, isTrainable: isTrainable) }

  /// One-hot labels: W = I, fixed, as wide as there are classes.
  public static func oneHot(classCount: Int, dtype: DType = .float32) -> LabelEmbedding {
    LabelEmbedding(trusted: Tensor.range(classCount, dtype: .int64).oneHot(classCount, dtype: dtype), isTrainable: false)
  }

  /// A learned W that starts from an orthogonal matrix: orthonormal rows, or columns where there are more classes than dimensions.
  public static func orthogonal(
    classCount: Int, width: Int = 20, random: inout RandomStream, dtype: DType = .float32
  ) -> LabelEmbedding {
    precondition(classCount >= 1 && width >= 1, "LabelEmbedding: \(classCount) classes and \(width) dimensions; both must be at least 1")
    return LabelEmbedding(trusted: orthogonalMatrix(classCount, width, random: &random, dtype: dtype), isTrainable: true)
  }

  /// A learned W that starts from prototypes: row k is the image of class k with the smallest median Euclidean distance to the other
  /// images of its class.
  /// - Parameters:
  ///   - images: (N, ...); the width becomes the number of values of an image.
  ///   - labels: (N) integers.
  /// - Throws: `label` for one out of range, `emptyClass` for a class without an image.
  public static func prototypes(images: Tensor, labels: Tensor, classCount: Int) throws(NoPropError) -> LabelEmbedding {
    let members = try indicesByClass(labels, classCount: classCount)
    let flat = images.flattened(from: 1)
    var rows: [Tensor] = []
    for (label, indices) in members.enumerated() {
      guard !indices.isEmpty else { throw .emptyClass(label) }
      let ofClass = flat.gathered(Tensor(indices))
      rows.append(ofClass[medoidByMedian(ofClass)].cast(to: images.dtype))
    }
    return LabelEmbedding(trusted: Tensor.stack(rows), isTrainable: true)
  }

  public var classCount: Int { weight.shape[0] }
  /// d, the width of an embedding.
  public var width: Int { weight.shape[1] }

  /// u_y: (B, width) for labels (B).
  public func callAsFunction(_ labels: Tensor) -> Tensor { weight.value.gathered(labels) }

  /// uhat = softmax(logits) W: the prediction of a block as a convex combination of embeddings (NoProp, section on parameterisation).
  public func mixture(_ logits: Tensor) -> Tensor { logits.softmax().matmul(weight.value) }

  /// logits W: the prediction of a velocity, which is not confined to the hull of the embeddings (flow matching).
  public func combination(_ logits: Tensor) -> Tensor { logits.matmul(weight.value) }

  /// ||z - u_k||^2 for every class: (B, classes).
  public func squaredDistances(_ z: Tensor) -> Tensor {
    (z.expandingShape(at: 1) - weight.value).square().sum(axes: [-1])
  }

  /// The mean Euclidean length of the rows: an embedding that collapses shows here first.
  public var meanNorm: Double { weight.value.norm(axes: [1]).mean().scalar(as: Double.self) }

  /// Checks labels that come from outside, once, before training.
  /// - Throws: `label` for the first one that is not in 0 ..< classes.
  public func validate(_ labels: Tensor) throws(NoPropError) { _ = try Self.indicesByClass(labels, classCount: classCount) }

  private static func indicesByClass(_ labels: Tensor, classCount: Int) throws(NoPropError) -> [[Int]] {
    var members = [[Int]](repeating: [], count: classCount)
    for (position, label) in labels.array(of: Int64.self).enumerated() {
      guard label >= 0, label < classCount else { throw .label(Int(label), position: position, classCount: classCount) }
      members[Int(label)].append(position)
    }
    return members
  }
}

/// The row of `points` (N, D) whose median distance to the other rows is smallest; of equal ones the first.
private func medoidByMedian(_ points: Tensor) -> Int {
  let count = points.shape[0]
  guard count > 1 else { return 0 }
  // Distances of some rows to all at a time: N x N of them would fill the memory for large classes.
  let rowsAtATime = max(1, min(count, 1 << 22 / count))
  let squares = points.square().sum(axes: [1])
  var best = (row: 0, median: Double.infinity)
  for start in stride(from: 0, to: count, by: rowsAtATime) {
    let rows = points[start..<min(start + rowsAtATime, count)]
    let distances = (rows.square().sum(axes: [1], keepingAxes: true) + squares - rows.matmul(points.transposed()) * 2).maximum(0).sqrt()
    let table = distances.array(of: Float.self)
    for row in 0..<rows.shape[0] {
      // Its own distance, 0, is no other image's.
      var others = Array(table[(row * count)..<((row + 1) * count)])
      others.remove(at: start + row)
      others.sort()
      let middle = others.count / 2
      let median = others.count % 2 == 1 ? Double(others[middle]) : (Double(others[middle - 1]) + Double(others[middle])) / 2
      if median < best.median { best = (start + row, median) }
    }
  }
  return best.row
}
