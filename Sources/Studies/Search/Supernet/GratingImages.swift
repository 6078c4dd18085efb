import Datasets
import Foundation
import Tensors

/// Ten classes of drawn pictures: one of five oriented gratings inside a disc or a square, with noise. Large kernels and depth help, so larger networks
/// are better.
struct GratingImages {
  static let name = "gratings"
  static let side = 28
  static let classNames = (0..<10).map { "\($0 % 5 * 36) degrees in a \($0 < 5 ? "disc" : "square")" }

  static func dataset(count: Int, seed: Int) -> Dataset {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(count * side * side)
    for index in 0..<count {
      var random = SplitMix64(seed: seed, index)
      pixels += picture(of: index % 10, &random)
    }
    return Dataset(
      name: name, features: Tensor(bytes: pixels, shape: [count, side, side, 1], dtype: .uint8),
      labels: Tensor((0..<count).map { Int64($0 % 10) }), classNames: classNames)
  }

  private static func picture(of label: Int, _ random: inout SplitMix64) -> [UInt8] {
    let angle = Float(label % 5) * .pi / 5
    let period = random.uniform(4, 7)
    let phase = random.uniform(0, 2 * .pi)
    let radius = random.uniform(6, 10)
    let (row, column) = (random.uniform(radius, Float(side) - radius), random.uniform(radius, Float(side) - radius))
    return (0..<side * side).map { index in
      let (y, x) = (Float(index / side), Float(index % side))
      let distance = label < 5 ? hypot(y - row, x - column) : max(abs(y - row), abs(x - column))
      let wave = distance <= radius ? sin(2 * .pi * (x * cos(angle) + y * sin(angle)) / period + phase) : 0
      let value = 0.5 + 0.2 * (wave + 0.35 * random.normal())
      return UInt8(max(0, min(255, (value * 255).rounded())))
    }
  }
}
