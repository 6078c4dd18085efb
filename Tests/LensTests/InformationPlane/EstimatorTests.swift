import Foundation
import Lens
import Tensors
import Testing

@Suite struct EstimatorTests {
  /// Two well parted clouds, one a class: all estimators must say one bit.
  private static func clouds(distance: Double) -> (Tensor, [Int]) {
    var random = RandomStream(seed: 3)
    let labels = (0..<400).map { $0 % 2 }
    let noise = Tensor.normal([400, 2], key: random.next(), standardDeviation: 0.1)
    let centres = Tensor(labels.flatMap { [Float(Double($0) * distance), 0] }, shape: [400, 2])
    return (noise + centres, labels)
  }

  @Test func `parted classes are one bit by every estimator, equal ones none`() throws {
    let kernel = try KernelDensityBounds(variance: 0.01)
    let nearest = try NearestNeighbourInformation()
    for (distance, bits) in [(10.0, 1.0), (0, 0)] {
      let (points, labels) = Self.clouds(distance: distance)
      let bounds = kernel.bounds(points, labels: labels, classCount: 2)
      #expect(abs(bounds.upper.aboutLabel - bits) < 0.05 && abs(bounds.lower.aboutLabel - bits) < 0.05, "\(bounds)")
      #expect(bounds.lower.aboutInput <= bounds.upper.aboutInput)
      let neighbours = nearest.information(points.array(of: Float.self), units: 2, labels: labels)
      #expect(abs(neighbours - bits) < 0.15, "\(neighbours)")
      var random = RandomStream(seed: 4)
      let decoder = VariationalBound(hiddenUnits: [20, 10], epochs: 80, batchSize: 50)
      let variational = decoder.information(points, labels: labels, classCount: 2, random: &random)
      #expect(abs(variational - bits) < 0.15 && variational <= 1 + 1e-9, "\(variational)")
    }
  }

  @Test func `kernel bounds are the formula`() throws {
    let points: [[Double]] = [[0, 0], [0.3, 0.1], [1, -1]]
    let variance = 0.2
    let bounds = try KernelDensityBounds(variance: variance).bounds(
      Tensor(points.flatMap(\.self), shape: [3, 2]), labels: [0, 0, 1], classCount: 2)
    func estimate(_ rows: [[Double]], _ scale: Double) -> Double {
      var sum = 0.0
      for a in rows {
        var inner = 0.0
        for b in rows {
          let (x, y) = (a[0] - b[0], a[1] - b[1])
          inner += exp(-(x * x + y * y) / (scale * variance))
        }
        sum -= log(inner / Double(rows.count))
      }
      return sum / Double(rows.count) / log(2)
    }
    for (measured, scale) in [(bounds.upper, 2.0), (bounds.lower, 8)] {
      let all = estimate(points, scale)
      let within = estimate(Array(points[..<2]), scale) * 2 / 3
      #expect(abs(measured.aboutInput - all) < 1e-5 && abs(measured.aboutLabel - (all - within)) < 1e-5)
    }
  }
}
