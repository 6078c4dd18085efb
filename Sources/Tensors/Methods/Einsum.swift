extension Tensor {
  /// Einstein summation over labelled axes: `Tensor.einsum("bij,bjk->bik", a, b)` is the batched matrix product.
  ///
  /// One letter an axis; letters missing from the result are summed over; a letter twice in one operand takes the diagonal; `...` stands for
  /// leading axes that broadcast. Without `->`, the result has the letters that occur once, in alphabetical order.
  /// Operands are multiplied from left to right, each pair as one batched matrix product.
  public static func einsum(_ equation: String, _ operands: Tensor...) -> Tensor { einsum(equation, operands) }

  public static func einsum(_ equation: String, _ operands: [Tensor]) -> Tensor {
    let parsed = Equation(equation, operands)
    var (result, labels) = (operands[0], parsed.operands[0])
    (result, labels) = parsed.takingDiagonals(result, labels)
    for (index, operand) in operands.enumerated().dropFirst() {
      let (next, nextLabels) = parsed.takingDiagonals(operand, parsed.operands[index])
      let needed = Set(parsed.result + parsed.operands[(index + 1)...].flatMap { $0 })
      (result, labels) = parsed.multiply(result, labels, next, nextLabels, keeping: needed)
    }
    let summed = labels.indices.filter { !parsed.result.contains(labels[$0]) }
    if !summed.isEmpty {
      result = result.sum(axes: summed)
      labels = labels.filter { parsed.result.contains($0) }
    }
    return result.transposed(permutation: parsed.result.map { labels.firstIndex(of: $0)! })
  }

  private struct Equation {
    /// Axis labels of each operand; the axes an ellipsis stands for are digits, counted from the last.
    var operands: [[Character]] = []
    var result: [Character] = []
    private let text: String
    private let tensors: [Tensor]

    init(_ text: String, _ tensors: [Tensor]) {
      self.text = text
      self.tensors = tensors
      let compact = text.filter { $0 != " " }
      let sides = compact.split(separator: ">", omittingEmptySubsequences: false)
      let left = sides.count == 2 ? String(sides[0].dropLast()) : compact
      let terms = left.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      guard terms.count == tensors.count, sides.count <= 2, !tensors.isEmpty, sides.count == 1 || sides[0].hasSuffix("-") else {
        trap("einsum \"\(text)\"", tensors, "\(terms.count) terms for \(tensors.count) operands")
      }
      var ellipsisRank = 0
      for (term, tensor) in zip(terms, tensors) {
        let letters = term.replacing("...", with: "").count
        if term.contains("...") { ellipsisRank = Swift.max(ellipsisRank, tensor.rank - letters) }
      }
      func labels(_ term: String, rank: Int?) -> [Character] {
        guard let dots = term.firstRange(of: "...") else { return Array(term) }
        let letters = term.count - 3
        let count = rank.map { $0 - letters } ?? ellipsisRank
        let middle = (0..<Swift.max(count, 0)).map { Character(String(count - 1 - $0)) }
        return Array(term[..<dots.lowerBound]) + middle + Array(term[dots.upperBound...])
      }
      for (term, tensor) in zip(terms, tensors) {
        let parsed = labels(term, rank: tensor.rank)
        guard parsed.count == tensor.rank, parsed.allSatisfy({ $0.isLetter || $0.isNumber }) else {
          trap("einsum \"\(text)\"", tensors, "\"\(term)\" does not label the \(tensor.rank) axes of \(tensor.type)")
        }
        operands.append(parsed)
      }
      if sides.count == 2 {
        result = labels(String(sides[1]), rank: nil)
      } else {
        let all = operands.flatMap { $0 }
        result = Set(all).filter { label in label.isNumber || all.filter { $0 == label }.count == 1 }.sorted {
          $0.isNumber != $1.isNumber ? $0.isNumber : $0.isNumber ? $0 > $1 : $0 < $1
        }
      }
      guard Set(result).count == result.count, result.allSatisfy({ label in operands.contains { $0.contains(label) } }) else {
        trap("einsum \"\(text)\"", tensors, "the result repeats an axis or names one that no operand has")
      }
    }

    func takingDiagonals(_ tensor: Tensor, _ labels: [Character]) -> (Tensor, [Character]) {
      var tensor = tensor
      var labels = labels
      while let second = labels.indices.first(where: { labels[..<$0].contains(labels[$0]) }) {
        let first = labels.firstIndex(of: labels[second])!
        let extent = tensor.shape[first]
        guard extent == tensor.shape[second] else { trap("einsum \"\(text)\"", tensors, "axis \(labels[second]) has two extents") }
        // Both axes at the end and flat: the diagonal is every (extent + 1)-th element.
        var permutation = Array(0..<tensor.rank).filter { $0 != first && $0 != second }
        let rest = permutation.map { tensor.shape[$0] }
        permutation += [first, second]
        tensor = tensor.transposed(permutation: permutation).reshaped(to: Shape(rest + [extent * extent]))
          .slice(axis: -1, from: 0, count: extent, step: extent + 1)
        let label = labels[second]
        labels = labels.indices.filter { $0 != first && $0 != second }.map { labels[$0] } + [label]
      }
      return (tensor, labels)
    }

    func multiply(
      _ a: Tensor, _ aLabels: [Character], _ b: Tensor, _ bLabels: [Character], keeping needed: Set<Character>
    ) -> (Tensor, [Character]) {
      func extent(_ tensor: Tensor, _ labels: [Character], _ label: Character) -> Int? { labels.firstIndex(of: label).map { tensor.shape[$0] } }
      // Axes that only one operand has and nobody needs are summed before multiplying.
      func presummed(_ tensor: Tensor, _ labels: [Character], _ others: [Character]) -> (Tensor, [Character]) {
        let gone = labels.indices.filter { !needed.contains(labels[$0]) && !others.contains(labels[$0]) }
        guard !gone.isEmpty else { return (tensor, labels) }
        return (tensor.sum(axes: gone), labels.indices.filter { !gone.contains($0) }.map { labels[$0] })
      }
      let (a, aLabels) = presummed(a, aLabels, bLabels)
      let (b, bLabels) = presummed(b, bLabels, aLabels)
      let shared = aLabels.filter { bLabels.contains($0) }
      for label in shared {
        let (x, y) = (extent(a, aLabels, label)!, extent(b, bLabels, label)!)
        guard x == y || (label.isNumber && (x == 1 || y == 1)) else {
          trap("einsum \"\(text)\"", tensors, "axis \(label) has extents \(x) and \(y)")
        }
      }
      let batch = shared.filter { needed.contains($0) }
      let contracted = shared.filter { !needed.contains($0) }
      let rows = aLabels.filter { !bLabels.contains($0) }
      let columns = bLabels.filter { !aLabels.contains($0) }
      func arrange(_ tensor: Tensor, _ labels: [Character], _ order: [Character]) -> Tensor {
        tensor.transposed(permutation: order.map { labels.firstIndex(of: $0)! })
      }
      func product(_ tensor: Tensor, _ labels: [Character], _ of: [Character]) -> Int { of.reduce(1) { $0 * extent(tensor, labels, $1)! } }
      let left = arrange(a, aLabels, batch + rows + contracted)
      let right = arrange(b, bLabels, batch + contracted + columns)
      let (m, k, n) = (product(a, aLabels, rows), product(a, aLabels, contracted), product(b, bLabels, columns))
      let leftBatch = batch.map { extent(a, aLabels, $0)! }
      let rightBatch = batch.map { extent(b, bLabels, $0)! }
      let joined = Shape(leftBatch).broadcast(with: Shape(rightBatch))!
      let matrices = left.reshaped(to: Shape(leftBatch + [m, k])).matmul(right.reshaped(to: Shape(rightBatch + [k, n])))
      let extents = joined.dimensions + rows.map { extent(a, aLabels, $0)! } + columns.map { extent(b, bLabels, $0)! }
      return (matrices.reshaped(to: Shape(extents)), batch + rows + columns)
    }
  }
}
