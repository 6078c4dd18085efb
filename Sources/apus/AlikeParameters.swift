/// Parameters that repeat from layer to layer, told once: "blocks.0...9.weight" for the ten of one shape.
struct AlikeParameters {
  /// As the parameters are called, with a range in the place of the number that tells them apart.
  let name: String
  let shape: [Int]
  let count: Int

  /// In the order in which the first of each comes.
  static func groups(_ parameters: [(name: String, shape: [Int])]) -> [AlikeParameters] {
    var members: [Pattern: [Int]] = [:]
    var order: [(pattern: Pattern, isNumbered: Bool)] = []
    for (name, shape) in parameters {
      let parts = name.split(separator: ".", omittingEmptySubsequences: false)
      let place = parts.firstIndex { Int($0) != nil }
      let pattern = Pattern(
        before: parts[..<(place ?? parts.endIndex)].joined(separator: "."),
        after: place.map { parts[($0 + 1)...].joined(separator: ".") } ?? "", shape: shape)
      if members[pattern] == nil { order.append((pattern, place != nil)) }
      members[pattern, default: []].append(place.flatMap { Int(parts[$0]) } ?? 0)
    }
    return order.flatMap { pattern, isNumbered in
      runs(members[pattern]!.sorted()).map { run in
        let number = run.count > 1 ? "\(run.lowerBound)...\(run.upperBound)" : "\(run.lowerBound)"
        let parts = isNumbered ? [pattern.before, number, pattern.after] : [pattern.before]
        return AlikeParameters(name: parts.filter { !$0.isEmpty }.joined(separator: "."), shape: pattern.shape, count: run.count)
      }
    }
  }

  private struct Pattern: Hashable {
    let before, after: String
    let shape: [Int]
  }

  /// Numbers that follow one another without a gap.
  private static func runs(_ numbers: [Int]) -> [ClosedRange<Int>] {
    numbers.reduce(into: []) { runs, number in
      if let last = runs.last, number == last.upperBound + 1 {
        runs[runs.count - 1] = last.lowerBound...number
      } else {
        runs.append(number...number)
      }
    }
  }
}
