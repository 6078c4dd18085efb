import Foundation

/// Mutual informations of binned layers with input and label, from counts (section 3.3).
///
/// A layer's state is the tuple of its units' bins, one discrete symbol. Inputs that are equal belong together, and stochastic layers give several
/// states for one input: I(X;T) = H(T) - sum_x p(x) H(T|x), which is H(T) only where inputs are distinct and the layer is deterministic.
public struct BinnedInformation: Sendable {
  /// Of each sample; classes are 0 ..< classCount.
  private let classes: [Int]
  private let classCount: Int
  /// Equal inputs have equal numbers; nil where all differ.
  private let inputs: [Int]?
  /// I(X;Y)'s upper bound, H(Y) in bits.
  public let labelEntropy: Double

  /// - Parameters:
  ///   - labels: the class of each sample.
  ///   - inputs: a number for each sample, the same for equal inputs; nil where all inputs are distinct and given once.
  /// - Throws: `empty`, `label`, `emptyClass`, `count`.
  public init(labels: [Int], classCount: Int, inputs: [Int]? = nil) throws(InformationError) {
    guard !labels.isEmpty else { throw .empty(what: "samples") }
    var counts = [Int](repeating: 0, count: max(classCount, 0))
    for (row, label) in labels.enumerated() {
      guard label >= 0, label < classCount else { throw .label(row: row, value: label, classCount: classCount) }
      counts[label] += 1
    }
    if let empty = counts.firstIndex(of: 0) { throw .emptyClass(empty) }
    if let inputs, inputs.count != labels.count { throw .count(what: "input numbers", found: inputs.count, expected: labels.count) }
    classes = labels
    self.classCount = classCount
    self.inputs = inputs.map { Self.dense($0) }
    labelEntropy = entropy(ofCounts: counts)
  }

  public var sampleCount: Int { classes.count }

  /// Of states given as a number for each sample.
  public func information(ofStates states: [Int]) -> LayerInformation {
    precondition(states.count == classes.count, "BinnedInformation: \(states.count) states for \(classes.count) samples")
    let dense = Self.dense(states)
    let stateCount = (dense.max() ?? -1) + 1
    func conditional(_ groups: [Int], _ groupCount: Int) -> Double {
      // sum_g p(g) H(T|g), from the counts of (g, t): H(T, G) - H(G).
      let joint = Self.dense(zip(groups, dense).map { $0 * stateCount + $1 })
      return entropy(ofCounts: Self.counts(joint)) - entropy(ofCounts: Self.counts(groups))
    }
    let total = entropy(ofCounts: Self.counts(dense))
    let aboutLabel = total - conditional(classes, classCount)
    let aboutInput = inputs.map { total - conditional($0, ($0.max() ?? 0) + 1) } ?? total
    // Differences of sums may be below zero by rounding.
    return LayerInformation(aboutInput: max(aboutInput, 0), aboutLabel: min(max(aboutLabel, 0), labelEntropy))
  }

  /// Of activations, row by row (samples, units).
  /// - Throws: `notFinite`, `count`.
  public func information(of activations: [Float], units: Int, edges: BinEdges) throws(InformationError) -> LayerInformation {
    information(ofStates: try states(of: activations, units: units, edges: edges))
  }

  /// The state of each sample as a number; equal numbers are equal tuples of bins.
  public func states(of activations: [Float], units: Int, edges: BinEdges) throws(InformationError) -> [Int] {
    guard units >= 1 else { throw .empty(what: "units") }
    guard activations.count == classes.count * units else {
      throw .count(what: "activations", found: activations.count, expected: classes.count * units)
    }
    let base = edges.count + 1
    var keys = [Int](repeating: 0, count: classes.count)
    var largest = 1
    for unit in 0..<units {
      // Numbers that would not fit are replaced by shorter names of the same tuples.
      if largest > Int.max / base {
        keys = Self.dense(keys)
        largest = (keys.max() ?? 0) + 1
      }
      for row in keys.indices {
        let value = activations[row * units + unit]
        guard value.isFinite else { throw .notFinite(what: "an activation", row: row, column: unit, value: Double(value)) }
        keys[row] = keys[row] * base + edges.index(of: value)
      }
      largest *= base
    }
    return keys
  }

  /// Of a deterministic layer where p(y|x) is known instead of a label, inputs distinct and equally likely.
  /// - Parameter labelDistributions: p(y|x) of each input.
  public static func information(ofStates states: [Int], labelDistributions: [[Double]]) -> LayerInformation {
    precondition(
      states.count == labelDistributions.count && !states.isEmpty,
      "BinnedInformation: \(states.count) states for \(labelDistributions.count) distributions")
    let names = dense(states)
    let count = (names.max() ?? 0) + 1
    let classes = labelDistributions[0].count
    var sizes = [Int](repeating: 0, count: count)
    var sums = [[Double]](repeating: [Double](repeating: 0, count: classes), count: count)
    var marginal = [Double](repeating: 0, count: classes)
    for (name, row) in zip(names, labelDistributions) {
      sizes[name] += 1
      for y in 0..<classes {
        sums[name][y] += row[y]
        marginal[y] += row[y]
      }
    }
    let n = Double(states.count)
    func entropy(_ values: [Double], _ total: Double) -> Double {
      values.reduce(0) { $0 - ($1 > 0 ? $1 / total * log2($1 / total) : 0) }
    }
    let conditional = sizes.indices.reduce(0) { $0 + Double(sizes[$1]) / n * entropy(sums[$1], Double(sizes[$1])) }
    return LayerInformation(aboutInput: Lens.entropy(ofCounts: sizes), aboutLabel: max(entropy(marginal, n) - conditional, 0))
  }

  /// Renames numbers to 0, 1, 2, ... in the order of appearance.
  static func dense(_ keys: [Int]) -> [Int] {
    // Open addressing: faster by far than a dictionary for a few thousand numbers.
    var capacity = 16
    while capacity < keys.count * 2 { capacity *= 2 }
    let mask = capacity - 1
    return withUnsafeTemporaryAllocation(of: (key: Int, name: Int32).self, capacity: capacity) { table in
      table.initialize(repeating: (0, -1))
      var next: Int32 = 0
      return keys.map { key in
        var slot = Int(truncatingIfNeeded: (UInt64(bitPattern: Int64(key)) &* 0x9E37_79B9_7F4A_7C15) >> 20) & mask
        while table[slot].name >= 0 {
          if table[slot].key == key { return Int(table[slot].name) }
          slot = (slot + 1) & mask
        }
        table[slot] = (key, next)
        next += 1
        return Int(next - 1)
      }
    }
  }

  private static func counts(_ names: [Int]) -> [Int] {
    var counts = [Int](repeating: 0, count: (names.max() ?? -1) + 1)
    for name in names { counts[name] += 1 }
    return counts
  }

  /// Numbers for rows of features: the same for equal rows, nil where all rows differ.
  public static func inputNumbers(of features: [Float], width: Int) -> [Int]? {
    precondition(width >= 1 && features.count % width == 0, "BinnedInformation: \(features.count) features of width \(width)")
    var names: [[Float]: Int] = [:]
    let numbers = (0..<features.count / width).map { row in
      let key = Array(features[row * width..<(row + 1) * width])
      if let name = names[key] { return name }
      names[key] = names.count
      return names.count - 1
    }
    return names.count == numbers.count ? nil : numbers
  }
}
