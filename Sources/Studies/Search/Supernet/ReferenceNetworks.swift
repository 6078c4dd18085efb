import Datasets
import Search

/// The networks that every way of training is judged by: smallest, middle, largest, and random ones that are the same in every run.
struct ReferenceNetworks {
  struct Network {
    let name: String
    let architecture: Architecture
    let multiplyAdds: Int
  }

  let all: [Network]

  /// - Parameters:
  ///   - middle: nil takes the middle candidate of every gene.
  ///   - count: random ones.
  init(_ design: SupernetDesign, middle: Architecture? = nil, count: Int) {
    let space = design.space
    var named = [("smallest", space.minimum), ("middle", middle ?? space.middle), ("largest", space.maximum)]
    var random = SplitMix64(seed: 20)
    for number in 0..<count { named.append(("random \(number + 1)", space.sample(using: &random))) }
    all = named.map { Network(name: $0.0, architecture: $0.1, multiplyAdds: design.subnet($0.1).multiplyAdds) }
  }

  static let (smallest, middle, largest) = (0, 1, 2)
  /// The three that are no random ones.
  static let extremes = [smallest, middle, largest]
  /// The random ones, and smallest and middle: all that need a cut.
  var cut: [Int] { all.indices.filter { $0 != Self.largest } }

  /// Test accuracy of each, calibrated, in percent.
  func accuracies(in supernet: Supernet, by evaluator: SubnetEvaluator) -> [Double] {
    all.map { 100 * evaluator.accuracy(of: $0.architecture, in: supernet) }
  }
}
