import Datasets
import Tensors
import Training

/// Bags of rows with one label each.
struct SetBags {
  /// (rows, ...), the rows of all bags.
  let rows: Tensor
  /// The rows of each bag, numbers into `rows`.
  let bags: [[Int]]
  let labels: [Bool]
  /// Positions within each bag of the rows that make it positive, where that is known.
  var keys: [Set<Int>] = []

  var count: Int { bags.count }

  func subset(_ indices: [Int]) -> SetBags {
    SetBags(
      rows: rows, bags: indices.map { bags[$0] }, labels: indices.map { labels[$0] }, keys: keys.isEmpty ? [] : indices.map { keys[$0] })
  }

  /// Some bags as one tensor; shorter ones are filled up with the first row, which the padding hides.
  func batch(_ indices: [Int]) -> SetBatch {
    let longest = indices.map { bags[$0].count }.max()!
    // Few different lengths mean few different plans.
    let length = indices.count == 1 ? longest : (longest + 7) / 8 * 8
    let isPadded = indices.contains { bags[$0].count < length }
    let numbers = indices.flatMap { bag in bags[bag].map(Int64.init) + Array(repeating: 0, count: length - bags[bag].count) }
    var padding: Tensor?
    if isPadded {
      let flags = indices.flatMap { bag in (0..<length).map { $0 >= bags[bag].count } }
      padding = Tensor(flags, shape: [indices.count, length])
    }
    let sets = rows.gathered(Tensor(numbers, shape: [indices.count, length]))
    evaluate(sets)
    return SetBatch(sets: sets, padding: padding, targets: Tensor(indices.map { labels[$0] ? Float(1) : 0 }))
  }
}

struct SetBatch {
  /// (N, S, ...).
  let sets: Tensor
  /// bool (N, S), true where a row is padding; nil where none is.
  let padding: Tensor?
  /// 1 for a positive bag, (N).
  let targets: Tensor
}

/// Shuffled batches of bags; a batch is a function of its position.
struct SetBatches: BatchSource {
  let bags: SetBags
  let size: Int
  let seed: Int

  var batchesPerEpoch: Int { (bags.count + size - 1) / size }
  var itemName: String { "bags" }
  func itemCount(of batch: SetBatch) -> Int { batch.targets.shape[0] }

  func batches(ofEpoch epoch: Int, from first: Int) throws -> () throws -> SetBatch? {
    var generator = SplitMix64(seed: seed, 77, epoch)
    let order = generator.permutation(bags.count)
    var next = first
    return {
      guard next < batchesPerEpoch else { return nil }
      defer { next += 1 }
      return bags.batch(Array(order[(next * size)..<min((next + 1) * size, order.count)]))
    }
  }
}
