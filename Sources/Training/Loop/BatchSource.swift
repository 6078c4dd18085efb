import Datasets
import Tensors

/// Where the batches of a run come from. A batch is a function of its position alone, which is what makes a run repeatable and resumable.
public protocol BatchSource<Batch> {
  associatedtype Batch

  /// Batches of one epoch.
  var batchesPerEpoch: Int { get }

  /// What a batch is made of, for the display of throughput: "images".
  var itemName: String { get }

  /// Gives the batches of an epoch one after the other from one of them on, and nil after the last.
  func batches(ofEpoch epoch: Int, from first: Int) throws -> () throws -> Batch?

  /// How many items a batch holds; averages weigh batches by it.
  func itemCount(of batch: Batch) -> Int
}

extension BatchSource {
  public var itemName: String { "samples" }
}

extension BatchLoader: BatchSource {
  public func batches(ofEpoch epoch: Int, from first: Int) throws -> () throws -> Batch? {
    var iterator = (batches(ofEpoch: epoch, from: first) as BatchSequence).makeIterator()
    return { iterator.next() }
  }

  public func itemCount(of batch: Batch) -> Int { batch.count }
}

/// Steps without data: a batch is the number of the step within its epoch.
public struct CountedSteps: BatchSource {
  public let batchesPerEpoch: Int
  public var itemName: String { "steps" }

  /// - Parameter perEpoch: at least 1.
  public init(perEpoch: Int) {
    precondition(perEpoch >= 1, "CountedSteps: \(perEpoch) steps an epoch, at least 1 is needed")
    batchesPerEpoch = perEpoch
  }

  public func batches(ofEpoch epoch: Int, from first: Int) -> () throws -> Int? {
    var next = first
    return {
      guard next < batchesPerEpoch else { return nil }
      defer { next += 1 }
      return next
    }
  }

  public func itemCount(of batch: Int) -> Int { 1 }
}
