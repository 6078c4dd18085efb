import Datasets
import Tensors
import Training

/// What is the same for all systems that are compared: the examples, their split, and the budget.
struct Contest {
  /// The same pictures for all, in the same parts.
  let images: LabelledImages
  /// Passes over the training pictures that a method may make, in its own way of counting (a pass for every block of NoProp-DT).
  let epochs: Int
  let batchSize: Int
  let seed: Int
}

/// One way of training in a comparison, and what it came to.
struct Contender: Codable {
  let name: String
  let role: SeriesRole
  /// On the test pictures, in percent.
  let accuracy: Double
  let cost: StepCost
  let parameterCount: Int
}

/// A system that can be held against others: its methods and its plain baselines learn to classify the pictures of a contest.
protocol ComparableStudy: Study {
  /// Trains what the system compares, each to its best within the budget.
  static func contend(_ contest: Contest, _ run: StudyRun) throws -> [Contender]
}

extension Studies {
  static var comparable: [any ComparableStudy.Type] { all.compactMap { $0 as? any ComparableStudy.Type } }
}
