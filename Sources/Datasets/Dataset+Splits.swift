/// Which samples may be torn apart by a split.
public enum SplitRule: String, Codable, Sendable, CaseIterable {
  /// Any.
  case random
  /// Any, but every class keeps its share of each part.
  case stratified
  /// Samples of one group stay together: no writer, no patient is in two parts.
  case group
}

extension Dataset {
  /// Parts of the given shares, without a sample in two of them. Within a part, samples keep the order of the data set.
  ///
  /// - Parameters:
  ///   - fractions: positive shares that add up to 1, or to less where the rest is to be left out.
  ///   - rule: the shares are shares of samples (`random`), of the samples of each class (`stratified`), or of groups (`group`). Each number
  ///     differs from its exact share by less than 1.
  public func split(fractions: [Double], seed: Int, by rule: SplitRule = .random) -> [Dataset] {
    splitIndices(fractions: fractions, seed: seed, by: rule).map(subset)
  }

  /// As many pairs as `count`, in each of which another part of the data set is the test set and the rest the training set.
  public func folds(_ count: Int, seed: Int, by rule: SplitRule = .random) -> [(training: Dataset, test: Dataset)] {
    precondition(count >= 2, "Dataset.folds: \(count) folds, must be at least 2")
    let parts = splitIndices(fractions: Array(repeating: 1 / Double(count), count: count), seed: seed, by: rule)
    return parts.indices.map { test in
      (subset(parts.indices.filter { $0 != test }.flatMap { parts[$0] }.sorted()), subset(parts[test]))
    }
  }

  /// The samples of each part of `split`, ascending.
  public func splitIndices(fractions: [Double], seed: Int, by rule: SplitRule = .random) -> [[Int]] {
    precondition(
      !fractions.isEmpty && fractions.allSatisfy { $0 > 0 } && fractions.reduce(0, +) <= 1 + 1e-9,
      "Dataset.split: the fractions \(fractions) must be positive and add up to at most 1")
    var random = SplitMix64(seed: seed, 21)
    // What belongs to no part is the last share.
    let rest = 1 - fractions.reduce(0, +)
    let shares = rest > 1e-9 ? fractions + [rest] : fractions
    var parts = [[Int]](repeating: [], count: shares.count)
    func deal(_ members: [Int], deficits: inout [Double]) {
      var start = 0
      for (part, size) in apportioned(members.count, shares: shares, deficits: &deficits).enumerated() {
        parts[part] += members[start..<start + size]
        start += size
      }
    }
    var deficits = [Double](repeating: 0, count: shares.count)
    switch rule {
    case .random: deal(random.permutation(count), deficits: &deficits)
    case .stratified:
      precondition(classCount > 0, "Dataset.split: \"\(name)\" has no classes to stratify by")
      var members = [[Int]](repeating: [], count: classCount)
      for (index, label) in classLabels.enumerated() { members[label].append(index) }
      for var ofClass in members {
        random.shuffle(&ofClass)
        deal(ofClass, deficits: &deficits)
      }
    case .group:
      guard let groups, groups.rank == 1 else { preconditionFailure("Dataset.split: \"\(name)\" has no groups") }
      var members: [Int: [Int]] = [:]
      for (index, group) in groups.array(of: Int.self).enumerated() { members[group, default: []].append(index) }
      var names = members.keys.sorted()
      random.shuffle(&names)
      var start = 0
      for (part, size) in apportioned(names.count, shares: shares, deficits: &deficits).enumerated() {
        parts[part] += names[start..<start + size].flatMap { members[$0]! }
        start += size
      }
    }
    return parts.prefix(fractions.count).map { $0.sorted() }
  }

  /// Whole numbers that add up to `total`, each within 1 of its share. Those that are rounded up are the parts that came off worst so far.
  private func apportioned(_ total: Int, shares: [Double], deficits: inout [Double]) -> [Int] {
    let exact = shares.map { $0 * Double(total) }
    // A share such as 0.1 of 30 must not lose one to the rounding of the machine.
    var sizes = exact.map { Int(($0 + 1e-9).rounded(.down)) }
    for part in shares.indices { deficits[part] += exact[part] - Double(sizes[part]) }
    let candidates = shares.indices.filter { exact[$0] - Double(sizes[$0]) > 1e-9 }
      .sorted { (-deficits[$0], -(exact[$0] - Double(sizes[$0])), $0) < (-deficits[$1], -(exact[$1] - Double(sizes[$1])), $1) }
    for part in candidates.prefix(max(total - sizes.reduce(0, +), 0)) {
      sizes[part] += 1
      deficits[part] -= 1
    }
    return sizes
  }
}
