import Foundation
import Tensors

/// Bounds on the information in T + N(0, sigma² I), from pairwise distances (Kolchinsky and Tracey, 2017; Saxe et al., 2018; section 3.4).
///
/// Works for any activations, bounded or not; where binning saturates at log2 of the sample size it still tells layers apart.
public struct KernelDensityBounds: Sendable {
  /// sigma².
  public let variance: Double

  public init(variance: Double = 0.1) throws(InformationError) {
    guard variance > 0, variance.isFinite else { throw .setting(name: "the noise's variance", value: variance, allowed: "above 0") }
    self.variance = variance
  }

  /// Bits: an upper and a lower bound on I(X;T), and I(T;Y) by the same two expressions.
  public struct Bounds: Sendable, Hashable {
    public let upper: LayerInformation
    public let lower: LayerInformation

    public init(upper: LayerInformation, lower: LayerInformation) {
      self.upper = upper
      self.lower = lower
    }
  }

  /// - Parameters: activations (n, units); labels of 0 ..< classCount.
  public func bounds(_ activations: Tensor, labels: [Int], classCount: Int) -> Bounds {
    precondition(
      activations.rank == 2 && activations.shape[0] == labels.count,
      "KernelDensityBounds: activations \(activations.shape) for \(labels.count) labels")
    let n = labels.count
    let points = activations.cast(to: .float32)
    let squares = points.square().sum(axes: [1])
    let classes = Tensor(labels.map { Int32($0) })
    let counts = (0..<classCount).map { label in labels.count { $0 == label } }
    // Pairs of different classes are far away from one another, as seen from within a class.
    let far = 1e9
    var sums = [Double](repeating: 0, count: 4)
    evaluate(points, squares)
    for start in stride(from: 0, to: n, by: 512) {
      let rows = start..<min(start + 512, n)
      let products = points[rows].matmul(points.transposed())
      let distances = (squares[rows].expandingShape(at: 1) + squares - products * 2).relu()
      let differs = (classes[rows].expandingShape(at: 1) .!= classes).cast(to: .float32) * far
      func mean(_ scale: Double, _ extra: Tensor?) -> Tensor {
        let exponents = (extra.map { distances + $0 } ?? distances) * (-1 / (scale * variance))
        return exponents.logSumExp(axes: [1]).cast(to: .float64).sum()
      }
      let parts = [mean(2, nil), mean(8, nil), mean(2, differs), mean(8, differs)]
      evaluate(parts)
      for (index, part) in parts.enumerated() { sums[index] += part.scalar(as: Double.self) }
    }
    // -(1/n) sum_i log((1/n) sum_j ...), and within classes sum_y p(y) (-(1/n_y) sum_i log((1/n_y) sum_j ...)).
    let total = log(Double(n))
    let within = counts.reduce(0) { $0 + ($1 > 0 ? Double($1) * log(Double($1)) : 0) } / Double(n)
    func bits(_ all: Double, _ inClass: Double) -> LayerInformation {
      let input = total - all / Double(n)
      return LayerInformation(
        aboutInput: max(input / log(2), 0), aboutLabel: max((input - (within - inClass / Double(n))) / log(2), 0))
    }
    return Bounds(upper: bits(sums[0], sums[2]), lower: bits(sums[1], sums[3]))
  }
}
