/// The extents of a tensor's axes, outermost first. Rank 0 is a scalar; at most eight axes.
public struct Shape: Sendable, Hashable, ExpressibleByArrayLiteral {
  public static let maximumRank = 8

  @usableFromInline var extents: InlineArray<8, Int>
  public let rank: Int

  /// Creates a shape from axis extents, each >= 0.
  public init(_ extents: some Collection<Int>) {
    precondition(extents.count <= Self.maximumRank, "Shape: \(extents.count) axes, at most \(Self.maximumRank) are supported")
    self.extents = InlineArray(repeating: 0)
    rank = extents.count
    var axis = 0
    for extent in extents {
      precondition(extent >= 0, "Shape: extent \(extent) of axis \(axis) is negative")
      self.extents[axis] = extent
      axis += 1
    }
  }

  public init(arrayLiteral elements: Int...) { self.init(elements) }

  /// A shape of the given rank with every extent equal.
  init(repeating extent: Int, rank: Int) {
    extents = InlineArray(repeating: 0)
    for axis in 0..<rank { extents[axis] = extent }
    self.rank = rank
  }

  public static let scalar = Shape([])

  /// Product of all extents; 1 for a scalar.
  public var elementCount: Int {
    var product = 1
    for axis in 0..<rank { product *= extents[axis] }
    return product
  }

  public var dimensions: [Int] { map { $0 } }

  public static func == (left: Shape, right: Shape) -> Bool {
    guard left.rank == right.rank else { return false }
    for axis in 0..<left.rank where left.extents[axis] != right.extents[axis] { return false }
    return true
  }

  public func hash(into hasher: inout Hasher) {
    hasher.combine(rank)
    for axis in 0..<rank { hasher.combine(extents[axis]) }
  }
}

extension Shape: RandomAccessCollection, MutableCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { rank }
  public subscript(axis: Int) -> Int {
    get {
      precondition(axis >= 0 && axis < rank, "Shape: axis \(axis) of rank \(rank)")
      return extents[axis]
    }
    set {
      precondition(axis >= 0 && axis < rank, "Shape: axis \(axis) of rank \(rank)")
      extents[axis] = newValue
    }
  }
}

extension Shape: CustomStringConvertible {
  public var description: String { "[" + map(String.init).joined(separator: ", ") + "]" }
}

extension Shape {
  /// The axis counted from the end when negative; nil when out of range.
  func resolve(axis: Int) -> Int? {
    let resolved = axis < 0 ? axis + rank : axis
    return resolved >= 0 && resolved < rank ? resolved : nil
  }

  /// NumPy broadcasting: axes aligned from the right, extents equal or 1. Nil when the shapes do not fit.
  public func broadcast(with other: Shape) -> Shape? {
    if self == other { return self }
    let rank = Swift.max(self.rank, other.rank)
    var result = Shape(repeating: 1, rank: rank)
    for offset in 1...Swift.max(rank, 1) where offset <= rank {
      let a = offset <= self.rank ? extents[self.rank - offset] : 1
      let b = offset <= other.rank ? other.extents[other.rank - offset] : 1
      guard a == b || a == 1 || b == 1 else { return nil }
      result.extents[rank - offset] = a == 1 ? b : a
    }
    return result
  }

  /// The shape with the given axes set to 1 (`keeping`) or removed.
  func reduced(_ axes: AxisSet, keeping: Bool) -> Shape {
    var kept: [Int] = []
    for axis in 0..<rank {
      if !axes.contains(axis) { kept.append(extents[axis]) } else if keeping { kept.append(1) }
    }
    return Shape(kept)
  }

  /// Row-major element strides.
  var contiguousStrides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    var step = 1
    for axis in stride(from: rank - 1, through: 0, by: -1) {
      strides[axis] = step
      step *= Swift.max(extents[axis], 1)
    }
    return strides
  }
}

/// A set of axes as a bit mask.
struct AxisSet: Hashable, Sendable {
  var bits: UInt8 = 0

  init(_ axes: some Sequence<Int>) { for axis in axes { bits |= 1 << UInt8(axis) } }
  static func all(rank: Int) -> AxisSet { AxisSet(0..<rank) }

  func contains(_ axis: Int) -> Bool { bits & (1 << UInt8(axis)) != 0 }
  var isEmpty: Bool { bits == 0 }
  var elements: [Int] { (0..<8).filter(contains) }
}
