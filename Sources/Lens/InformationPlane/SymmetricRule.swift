/// The task of the information plane (Shwartz-Ziv and Tishby, 2017): all 4096 patterns of 12 bits, labelled by a rule that the 120
/// symmetries of the icosahedron leave as it is.
///
/// The bits sit on the twelve vertices; the label depends on how many are one, how many neighbours are both one, and how many opposite pairs are.
public enum SymmetricRule {
  public static let bitCount = 12
  public static let patternCount = 1 << bitCount

  /// The neighbours of each vertex.
  public static let neighbours: [[Int]] = [
    [1, 3, 5, 10, 11], [0, 2, 3, 4, 11], [1, 3, 4, 8, 9], [0, 1, 2, 8, 10], [1, 2, 6, 9, 11], [0, 6, 7, 10, 11], [4, 5, 7, 9, 11],
    [5, 6, 8, 9, 10], [2, 3, 7, 9, 10], [2, 4, 6, 7, 8], [0, 3, 5, 7, 8], [0, 1, 4, 5, 6],
  ]

  /// The vertex opposite to each.
  public static let antipodes = [9, 7, 5, 6, 10, 2, 3, 1, 11, 0, 4, 8]

  /// The bits of a pattern's number; bit 0 is the most significant.
  public static func bits(of pattern: Int) -> [Int] { (0..<bitCount).map { pattern >> (bitCount - 1 - $0) & 1 } }

  /// The label of a pattern, 0 or 1.
  public static func label(of pattern: Int) -> Int {
    let bits = bits(of: pattern)
    let on = bits.indices.filter { bits[$0] == 1 }
    let edges = on.reduce(0) { sum, vertex in sum + neighbours[vertex].count { $0 > vertex && bits[$0] == 1 } }
    let opposite = on.count { antipodes[$0] > $0 && bits[antipodes[$0]] == 1 }
    switch on.count {
    case ...4: return 0
    case 5: return edges == 7 ? 1 : 0
    case 6: return edges >= 7 || (edges == 6 && opposite == 0) ? 1 : 0
    case 7: return edges == 8 && opposite == 2 ? 0 : 1
    default: return 1
    }
  }

  /// The labels of all patterns in the order of their numbers.
  public static let labels: [Int] = (0..<patternCount).map(label)

  /// All patterns as numbers 0 and 1, (4096, 12) row by row.
  public static var patterns: [Float] { (0..<patternCount).flatMap { bits(of: $0).map(Float.init) } }

  /// The permutations of the vertices that keep neighbours neighbours; 120 of them.
  public static func automorphisms() -> [[Int]] {
    let isNeighbour = (0..<bitCount).map { vertex in (0..<bitCount).map { neighbours[vertex].contains($0) } }
    var found: [[Int]] = []
    var image: [Int] = []
    func extend() {
      let vertex = image.count
      guard vertex < bitCount else { return found.append(image) }
      for candidate in 0..<bitCount where !image.contains(candidate) {
        guard (0..<vertex).allSatisfy({ isNeighbour[vertex][$0] == isNeighbour[candidate][image[$0]] }) else { continue }
        image.append(candidate)
        extend()
        image.removeLast()
      }
    }
    extend()
    return found
  }

  /// For each pattern the smallest number among those that symmetries carry it to; 82 differ.
  public static func orbits() -> [Int] {
    let symmetries = automorphisms()
    var orbit = [Int](repeating: -1, count: patternCount)
    for pattern in 0..<patternCount where orbit[pattern] < 0 {
      let bits = bits(of: pattern)
      for symmetry in symmetries {
        let moved = symmetry.indices.reduce(0) { $0 | bits[$1] << (bitCount - 1 - symmetry[$1]) }
        orbit[moved] = pattern
      }
    }
    return orbit
  }
}
