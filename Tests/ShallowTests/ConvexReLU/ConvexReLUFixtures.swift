import Shallow
import Tensors

/// Small problems that tests share.
enum Fixture {
  /// n points in `width` dimensions with a bias, targets of a small teacher with noise.
  static func teacher(_ n: Int, width: Int = 2, seed: Int = 3, loss: OutputLoss = .squared, beta: Double = 0.05) throws -> ConvexReLUProblem
  {
    var random = RandomStream(seed: seed)
    let x = Tensor.normal([n, width], key: random.next(), dtype: .float64)
    let u = Tensor.normal([width, 3], key: random.next(), dtype: .float64)
    let alpha = Tensor([1.0, -1.2, 0.8])
    let noise = Tensor.normal([n], key: random.next(), standardDeviation: 0.1, dtype: .float64)
    let y = (x.matmul(u).relu() * alpha).sum(axes: [1]) + noise
    let targets = loss.isClassification ? Tensor.select(y .> 0.2, Tensor(1, dtype: .float64), Tensor(-1, dtype: .float64)) : y
    return try ConvexReLUProblem(features: x, targets: targets, loss: loss, regularization: beta, addingBias: true)
  }

  /// Four clusters at (+-1, +-1) with the labels of XOR.
  static func clusters(perCluster: Int = 10, deviation: Double = 0.15, seed: Int = 5) -> (features: Tensor, labels: Tensor) {
    var random = RandomStream(seed: seed)
    let centres: [(Double, Double)] = [(1, 1), (-1, -1), (1, -1), (-1, 1)]
    let points = Tensor(centres.flatMap { centre in (0..<perCluster).flatMap { _ in [centre.0, centre.1] } }, shape: [4 * perCluster, 2])
    let noise = Tensor.normal([4 * perCluster, 2], key: random.next(), standardDeviation: deviation, dtype: .float64)
    let labels = centres.flatMap { centre in [Double](repeating: centre.0 * centre.1, count: perCluster) }
    return (points + noise, Tensor(labels))
  }
}

extension Tensor {
  var doubles: [Double] { array(of: Double.self) }
  var double: Double { scalar(as: Double.self) }
  func isClose(to other: Tensor, _ tolerance: Double) -> Bool {
    shape == other.shape && (self - other).abs().max().double <= tolerance
  }
}
