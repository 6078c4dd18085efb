/// A reproducible source of random keys. Equal seeds give equal streams, on any number of threads or devices.
///
/// Every key names a stream of Philox-4x32-10 of its own (Salmon et al., 2011), so draws with different keys are independent.
public struct RandomStream: Sendable, Codable, Hashable {
  public let seed: Int
  /// How many keys were drawn.
  public private(set) var position: Int

  public init(seed: Int) {
    self.seed = seed
    position = 0
  }

  /// The next key: int64[2] holding the seed and the number of the stream.
  public mutating func next() -> Tensor {
    position += 1
    return Tensor([Int64(seed), Int64(position)])
  }

  /// A stream of its own, for a part of the program that draws an unknown number of keys.
  public mutating func split() -> RandomStream {
    position += 1
    // Splitting mixes seed and position (the finaliser of SplitMix64), so that children of one seed do not meet.
    var mixed = UInt64(bitPattern: Int64(seed)) &+ UInt64(position) &* 0x9E37_79B9_7F4A_7C15
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return RandomStream(seed: Int(Int64(bitPattern: mixed ^ (mixed >> 31))))
  }
}

// MARK: - Distributions

extension Tensor {
  private static func bits(_ shape: Shape, _ key: Tensor) -> Tensor { record(RandomBits(shape: shape), [key])[0] }

  /// Uniform in [from, to).
  public static func uniform(_ shape: Shape, key: Tensor, from: Double = 0, to: Double = 1, dtype: DType = .float32) -> Tensor {
    let unit = record(UniformFromBits(), [bits(shape, key)])[0].cast(to: dtype)
    return from == 0 && to == 1 ? unit : unit * (to - from) + from
  }

  /// Normal, by the transform of Box and Muller (1958), which turns two uniform numbers into two normal ones.
  public static func normal(
    _ shape: Shape, key: Tensor, mean: Double = 0, standardDeviation: Double = 1, dtype: DType = .float32
  ) -> Tensor {
    let count = shape.elementCount
    let half = (count + 1) / 2
    let uniform = Tensor.uniform([2, half], key: key)
    // 1 - u lies in (0, 1], where the logarithm is finite.
    let radius = ((1 - uniform.slice(axis: 0, from: 0, count: 1)).log() * -2).sqrt()
    let angle = uniform.slice(axis: 0, from: 1, count: 1) * (2 * Double.pi)
    let pairs = concatenate([radius * angle.cos(), radius * angle.sin()], axis: 0).flattened()
    let drawn = (pairs.elementCount == count ? pairs : pairs.slice(axis: 0, from: 0, count: count)).reshaped(to: shape).cast(to: dtype)
    let scaled = standardDeviation == 1 ? drawn : drawn * standardDeviation
    return mean == 0 ? scaled : scaled + mean
  }

  /// True with the given probability.
  public static func bernoulli(_ shape: Shape, probability: Double, key: Tensor) -> Tensor {
    uniform(shape, key: key) .< probability
  }

  /// Whole numbers, uniform in `range` (at most 2^24 of them), as int64.
  public static func integers(_ shape: Shape, in range: Range<Int>, key: Tensor) -> Tensor {
    precondition(range.count > 0 && range.count <= 1 << 24, "integers: \(range) must hold 1 to 2^24 numbers")
    return (uniform(shape, key: key) * Double(range.count)).floor().minimum(Double(range.count - 1)).cast(to: .int64) + Double(range.lowerBound)
  }

  /// An index along the last axis, drawn with probability softmax(logits): the arg max of logits plus Gumbel noise.
  public static func categorical(logits: Tensor, key: Tensor) -> Tensor {
    let uniform = Tensor.uniform(logits.shape, key: key, dtype: logits.dtype)
    let gumbel = -(-(uniform + 1e-20).log() + 1e-20).log()
    return (logits + gumbel).argMax(axis: -1)
  }

  /// The numbers 0 ..< count in random order, as int64.
  public static func permutation(_ count: Int, key: Tensor) -> Tensor {
    // Two words an element: with 64 random bits ties, which alone would bias the order, do not occur in practice.
    let words = bits([2, count], key).cast(to: .int64)
    let high = words.slice(axis: 0, from: 0, count: 1).flattened() * 4294967296
    let low = words.slice(axis: 0, from: 1, count: 1).flattened() + 2147483648
    return (high + low).argSorted(axis: 0)
  }

  /// The numbers start, start + step, ... as a vector of `count` elements.
  public static func range(_ count: Int, from start: Double = 0, step: Double = 1, dtype: DType = .float32) -> Tensor {
    let index = record(Iota(shape: [count], axis: 0), [], TensorType([count], .int64)).cast(to: dtype)
    let scaled = step == 1 ? index : index * step
    return start == 0 ? scaled : scaled + start
  }
}
