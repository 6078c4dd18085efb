/// The candidate nearest to a mistyped word, if one is near enough to be what was meant.
package func suggestion(for word: String, among candidates: [String]) -> String? {
  let typed = Array(word.lowercased())
  let ranked = candidates.map { (candidate: $0, distance: editDistance(typed, Array($0.lowercased()))) }
  guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
  return best.distance <= max(1, min(word.count, best.candidate.count) / 3) ? best.candidate : prefixed(word, candidates)
}

private func prefixed(_ word: String, _ candidates: [String]) -> String? {
  let matches = candidates.filter { $0.lowercased().hasPrefix(word.lowercased()) }
  return word.count >= 2 && matches.count == 1 ? matches[0] : nil
}

/// The least number of insertions, deletions, replacements and swaps of neighbours (Damerau, 1964, in the restricted form).
private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
  var rows = [[Int]](repeating: [Int](repeating: 0, count: b.count + 1), count: a.count + 1)
  for i in 0...a.count { rows[i][0] = i }
  for j in 0...b.count { rows[0][j] = j }
  for i in a.indices {
    for j in b.indices {
      let replaced = rows[i][j] + (a[i] == b[j] ? 0 : 1)
      var least = min(replaced, rows[i][j + 1] + 1, rows[i + 1][j] + 1)
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, rows[i - 1][j - 1] + 1) }
      rows[i + 1][j + 1] = least
    }
  }
  return rows[a.count][b.count]
}
