import Foundation
import Tensors

/// How well patterns are stored, and how many can be (Ramsauer et al., 2021, theorems 3 to 5).
public enum StorageCapacity {
  /// Delta_i = x_i^T x_i - max over j != i of x_i^T x_j: how far pattern i stands apart, (N).
  ///
  /// - Parameter patterns: (N, d), N at least 2.
  public static func separations(of patterns: Tensor) -> Tensor {
    precondition(
      patterns.rank == 2 && patterns.shape[0] >= 2, "separations: patterns must be (N, d) with N >= 2, their shape is \(patterns.shape)")
    let similarities = patterns.matmul(patterns.transposed())
    let isSelf = Tensor.identity(patterns.shape[0], dtype: patterns.dtype) .> 0
    let others = Tensor.select(isSelf, Tensor(-.infinity, dtype: patterns.dtype), similarities)
    return similarities.diagonal() - others.max(axes: [-1])
  }

  /// The separation that suffices for a pattern to be stored: 2 / (beta N) + log(2 (N - 1) N beta M^2) / beta (theorem 4).
  public static func sufficientSeparation(count: Int, inverseTemperature beta: Double, largestNorm: Double) -> Double {
    let n = Double(count)
    return 2 / (beta * n) + log(2 * (n - 1) * n * beta * largestNorm * largestNorm) / beta
  }

  /// The radius 1 / (beta N M) of the ball around a stored pattern that holds its fixed point.
  public static func basinRadius(count: Int, inverseTemperature beta: Double, largestNorm: Double) -> Double {
    1 / (beta * Double(count) * largestNorm)
  }

  /// The bound (N - 1) e^(-beta g) on 1 - p_i, where g is by how much the state is more similar to pattern i than to any other; 2 M times it bounds
  /// the distance of the next state from pattern i.
  public static func weightBound(count: Int, inverseTemperature beta: Double, gap: Double) -> Double {
    Double(count - 1) * exp(-beta * gap)
  }

  /// The bound of one update on the distance from the fixed point x_i* (theorem 5):
  /// 2 beta N M^2 (N - 1) exp(-beta (Delta_i - 2 max(|xi - x_i|, |x_i* - x_i|) M)) |xi - x_i*|.
  public static func retrievalBound(
    count: Int, inverseTemperature beta: Double, largestNorm: Double, separation: Double, distanceFromPattern: Double,
    fixedPointFromPattern: Double, distanceFromFixedPoint: Double
  ) -> Double {
    let n = Double(count)
    let exponent = separation - 2 * max(distanceFromPattern, fixedPointFromPattern) * largestNorm
    return 2 * beta * n * largestNorm * largestNorm * (n - 1) * exp(-beta * exponent) * distanceFromFixedPoint
  }

  /// The c of N >= sqrt(p) c^((d - 1) / 4), the number of random patterns on a sphere of radius K sqrt(d - 1) that are stored but for a probability p
  /// (theorem 3).
  public struct Constant: Sendable, Equatable {
    public let c: Double
    /// Whether c >= (2 / sqrt p)^(4 / (d - 1)), which the theorem needs.
    public let isAdmissible: Bool
  }

  /// - Parameters:
  ///   - radiusFactor: K.
  ///   - dimension: d, at least 2.
  ///   - failureProbability: p in (0, 1).
  public static func constant(
    inverseTemperature beta: Double, radiusFactor: Double, dimension: Int, failureProbability: Double
  ) throws(HopfieldError) -> Constant {
    guard dimension >= 2 else { throw .setting(name: "dimension", value: "\(dimension)", allowed: "at least 2") }
    guard beta > 0 else { throw .setting(name: "inverseTemperature", value: "\(beta)", allowed: "above 0") }
    guard radiusFactor > 0 else { throw .setting(name: "radiusFactor", value: "\(radiusFactor)", allowed: "above 0") }
    guard failureProbability > 0, failureProbability < 1 else {
      throw .setting(name: "failureProbability", value: "\(failureProbability)", allowed: "between 0 and 1")
    }
    let extent = Double(dimension - 1)
    let a = 2 / extent * (1 + log(2 * beta * radiusFactor * radiusFactor * failureProbability * extent))
    let b = 2 * radiusFactor * radiusFactor * beta / 5
    let c = b / lambertW(logarithm: a + log(b))
    return Constant(c: c, isAdmissible: c >= pow(2 / failureProbability.squareRoot(), 4 / extent))
  }

  /// sqrt(p) c^((d - 1) / 4), the number of patterns that theorem 3 guarantees.
  public static func guaranteedCount(_ constant: Constant, dimension: Int, failureProbability: Double) -> Double {
    failureProbability.squareRoot() * pow(constant.c, Double(dimension - 1) / 4)
  }
}
