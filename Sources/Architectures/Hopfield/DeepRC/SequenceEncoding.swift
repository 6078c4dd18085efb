import Foundation
import Tensors

/// Sequences as numbers: one channel a letter, and three that say where in the sequence a position is (Widrich et al., 2020).
public struct SequenceEncoding: Sendable {
  public let letterCount: Int

  /// - Parameter letterCount: 20 for amino acids.
  public init(letterCount: Int = 20) {
    precondition(letterCount >= 1, "SequenceEncoding: \(letterCount) letters, at least 1 is needed")
    self.letterCount = letterCount
  }

  /// Channels: the letters, start, middle, end.
  public var width: Int { letterCount + 3 }

  /// Encoded sequences.
  public struct Encoded: Sendable {
    /// float32 (sequences, positions, width); zero beyond a sequence.
    public let features: Tensor
    public let lengths: [Int]
  }

  /// start, middle and end for each position of a sequence: r_j = 2 |0.5 - (1 - j / (l - 1))|, in the first half as start, in the second as end, and
  /// 1 - r as middle.
  public static func positions(length: Int) -> [(start: Float, middle: Float, end: Float)] {
    (0..<length).map { j in
      let share = length > 1 ? Double(j) / Double(length - 1) : 0
      let r = Float(abs(0.5 - (1 - share)) * 2)
      let isFirstHalf = j < (length + 1) / 2
      return (isFirstHalf ? r : 0, 1 - r, isFirstHalf ? 0 : r)
    }
  }

  /// The standard deviation of all numbers of a set of sequences of these lengths, by which features are divided.
  public func standardDeviation(lengths: [Int]) -> Double {
    var (count, sum, squares) = (0.0, 0.0, 0.0)
    var known: [Int: (Double, Double)] = [:]
    for length in lengths {
      let sums =
        known[length]
        ?? Self.positions(length: length).reduce((0, 0)) { total, p in
          let values = [p.start, p.middle, p.end].map(Double.init)
          return (total.0 + 1 + values.reduce(0, +), total.1 + 1 + values.reduce(0) { $0 + $1 * $1 })
        }
      known[length] = sums
      count += Double(length * width)
      sum += sums.0
      squares += sums.1
    }
    guard count > 1 else { return 1 }
    let mean = sum / count
    return max((squares - count * mean * mean) / (count - 1), 1e-12).squareRoot()
  }

  /// - Parameters:
  ///   - sequences: letters by number, none empty.
  ///   - counts: where given, features are scaled by log(max(count, 1)).
  ///   - deviation: what features are divided by; that of the set from which the sequences come.
  ///   - length: positions of the result, at least those of the longest sequence.
  public func encode(
    _ sequences: [ArraySlice<UInt8>], counts: [Int]? = nil, deviation: Double, length: Int
  ) -> Encoded {
    let scale = Float(1 / deviation)
    let features = Tensor(shape: [sequences.count, length, width], dtype: .float32) { bytes in
      let target = bytes.bindMemory(to: Float.self)
      target.initialize(repeating: 0)
      for (index, sequence) in sequences.enumerated() {
        precondition(
          !sequence.isEmpty && sequence.count <= length,
          "SequenceEncoding: sequence \(index) has \(sequence.count) letters, expected 1 to \(length)")
        let factor = counts.map { Float(log(Double(max($0[index], 1)))) } ?? 1
        let places = Self.positions(length: sequence.count)
        for (position, letter) in sequence.enumerated() {
          precondition(letter < letterCount, "SequenceEncoding: letter \(letter) of sequence \(index), expected below \(letterCount)")
          let row = (index * length + position) * width
          target[row + Int(letter)] = factor * scale
          target[row + letterCount] = places[position].start * factor * scale
          target[row + letterCount + 1] = places[position].middle * factor * scale
          target[row + letterCount + 2] = places[position].end * factor * scale
        }
      }
    }
    return Encoded(features: features, lengths: sequences.map(\.count))
  }
}
