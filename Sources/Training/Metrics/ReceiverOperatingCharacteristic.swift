/// The area under the curve of true against false positives: the probability that a positive example scores above a negative one, ties counting half
/// (Hanley and McNeil, 1982).
/// - Parameters:
///   - scores: greater means more likely positive; no NaN.
///   - labels: whether each example is positive.
/// - Returns: in 0 ... 1; nil where one of the two kinds is missing.
public func areaUnderROC(scores: [Double], labels: [Bool]) -> Double? {
  precondition(scores.count == labels.count, "areaUnderROC: \(scores.count) scores for \(labels.count) labels")
  precondition(!scores.contains(where: \.isNaN), "areaUnderROC: a score is NaN")
  let positives = labels.count { $0 }
  let negatives = labels.count - positives
  guard positives > 0, negatives > 0 else { return nil }

  // Mann and Whitney's U from the ranks, equal scores sharing the mean of theirs.
  let order = scores.indices.sorted { scores[$0] < scores[$1] }
  var rankSum = 0.0
  var start = 0
  while start < order.count {
    var end = start + 1
    while end < order.count, scores[order[end]] == scores[order[start]] { end += 1 }
    let rank = Double(start + end + 1) / 2
    rankSum += rank * Double(order[start..<end].count { labels[$0] })
    start = end
  }
  let smallest = Double(positives) * Double(positives + 1) / 2
  return (rankSum - smallest) / (Double(positives) * Double(negatives))
}
