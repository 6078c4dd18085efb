import Foundation

/// A small generator of random numbers (Steele, Lea and Flood, 2014) for work on single samples.
///
/// A generator is named by a seed and further numbers - an epoch, the index of a sample - so that what it draws depends on nothing else:
/// not on the order in which samples are prepared, nor on the number of threads.
public struct SplitMix64: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(seed: Int, _ words: Int...) {
    state = Self.mixed(UInt64(bitPattern: Int64(seed)) &+ 0x9E37_79B9_7F4A_7C15)
    for word in words { state = Self.mixed(state ^ (UInt64(bitPattern: Int64(word)) &+ 0x9E37_79B9_7F4A_7C15)) }
  }

  private static func mixed(_ value: UInt64) -> UInt64 {
    var mixed = value
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Self.mixed(state)
  }
}

extension SplitMix64 {
  /// Uniform in [0, 1).
  public mutating func uniform() -> Float { Float(next() >> 40) * 0x1p-24 }

  /// Uniform in [from, to).
  public mutating func uniform(_ from: Float, _ to: Float) -> Float { from + (to - from) * uniform() }

  /// A whole number, uniform in 0 ..< count; the bias of less than count / 2^64 is left.
  public mutating func integer(below count: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(count)).high) }

  public mutating func bernoulli(_ probability: Float) -> Bool { uniform() < probability }

  /// Standard normal, by the transform of Box and Muller (1958).
  public mutating func normal() -> Float {
    let radius = (-2 * log(1 - uniform())).squareRoot()
    return radius * cos(2 * .pi * uniform())
  }

  public mutating func normal(_ mean: Float, _ standardDeviation: Float) -> Float { mean + standardDeviation * normal() }

  /// Gamma with the given shape and scale 1 (Marsaglia and Tsang, 2000).
  public mutating func gamma(_ shape: Float) -> Float {
    precondition(shape > 0, "gamma: the shape \(shape) must be positive")
    guard shape >= 1 else { return gamma(shape + 1) * pow(1 - uniform(), 1 / shape) }
    let d = shape - 1 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = normal()
      let root = 1 + c * x
      guard root > 0 else { continue }
      let v = root * root * root
      if log(1 - uniform()) < 0.5 * x * x + d - d * v + d * log(v) { return d * v }
    }
  }

  /// Beta(a, b), in [0, 1].
  public mutating func beta(_ a: Float, _ b: Float) -> Float {
    let x = gamma(a)
    let y = gamma(b)
    return x + y > 0 ? x / (x + y) : 0.5
  }

  /// The numbers 0 ..< count in random order (Fisher and Yates).
  public mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    shuffle(&order)
    return order
  }

  /// Brings the elements into random order, in a way that does not change with the standard library.
  public mutating func shuffle<Element>(_ elements: inout [Element]) {
    for last in stride(from: elements.count - 1, to: 0, by: -1) { elements.swapAt(last, integer(below: last + 1)) }
  }
}
