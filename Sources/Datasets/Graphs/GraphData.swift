import Foundation
import Tensors

/// A graph whose nodes have features and classes, with fixed divisions of the nodes.
///
///     let data = try GraphData(reading: folder)
///     let split = data.splits[0]
public struct GraphData: Sendable {
  /// A division of nodes; a node may be in no part.
  public struct Split: Sendable, Equatable {
    public let training: [Int]
    public let validation: [Int]
    public let test: [Int]

    public init(training: [Int], validation: [Int], test: [Int]) {
      self.training = training
      self.validation = validation
      self.test = test
    }
  }

  public let name: String
  /// Rows of the file: directed or not, with loops and repetitions where the file has them.
  public let edges: [(Int, Int)]
  /// float32 (nodes, features).
  public let features: Tensor
  /// The class of each node; -1 where it has none.
  public let labels: [Int]
  /// The ten fixed divisions, or as many as there are.
  public let splits: [Split]
  /// The division that the set was published with, where it has one.
  public let publicSplit: Split?

  public init(
    name: String, edges: [(Int, Int)], features: Tensor, labels: [Int], splits: [Split] = [], publicSplit: Split? = nil
  ) {
    precondition(
      features.rank == 2 && features.shape[0] == labels.count,
      "GraphData \(name): features must be (nodes, features), their shape is \(features.shape) for \(labels.count) labels")
    self.name = name
    self.edges = edges
    self.features = features
    self.labels = labels
    self.splits = splits
    self.publicSplit = publicSplit
  }

  public var nodeCount: Int { labels.count }
  public var featureCount: Int { features.shape[1] }
  public var classCount: Int { (labels.max() ?? -1) + 1 }

  /// The features with each row divided by its sum; rows that sum to 0 stay.
  public var rowNormalizedFeatures: Tensor {
    let sums = features.sum(axes: [1], keepingAxes: true)
    let normalized = features / Tensor.select(sums .== 0, Tensor(1), sums)
    evaluate(normalized)
    return normalized
  }

  /// Divisions of 48 %, 32 % and 20 % of the labelled nodes, at random.
  public func randomSplits(_ count: Int, training: Double = 0.48, validation: Double = 0.32, seed: Int) -> [Split] {
    let labelled = labels.indices.filter { labels[$0] >= 0 }
    return (0..<count).map { number in
      var random = SplitMix64(seed: seed, 31, number)
      let order = random.permutation(labelled.count).map { labelled[$0] }
      let first = Int(Double(order.count) * training)
      let second = first + Int(Double(order.count) * validation)
      return Split(
        training: order[..<first].sorted(), validation: order[first..<second].sorted(), test: order[second...].sorted())
    }
  }
}
