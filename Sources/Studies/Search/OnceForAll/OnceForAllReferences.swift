import Datasets
import Search

/// The networks that every way of training is judged by: smallest, middle, largest, and random ones that are the same in every run.
struct OnceForAllReferences {
  struct Network {
    let name: String
    let architecture: Architecture
    let multiplyAdds: Int
  }

  let all: [Network]
  static let seed = 20

  init(_ design: SupernetDesign, count: Int) {
    let space = design.space
    var named = [("smallest", space.minimum), ("middle", space.middle), ("largest", space.maximum)]
    var random = SplitMix64(seed: Self.seed)
    for number in 0..<count { named.append(("random \(number + 1)", space.sample(using: &random))) }
    all = named.map { Network(name: $0.0, architecture: $0.1, multiplyAdds: design.subnet($0.1).multiplyAdds) }
  }

  static let smallest = 0
  static let middle = 1
  static let largest = 2
  /// The random ones, and smallest and middle: all that need a cut.
  var cut: [Int] { all.indices.filter { $0 != Self.largest } }
}
