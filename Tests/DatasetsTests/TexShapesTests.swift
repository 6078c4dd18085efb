import Datasets
import Tensors
import Testing

@Suite("Drawn striped shapes") struct TexShapesTests {
  @Test func `balanced, repeatable, and other pictures for other numbers`() {
    let set = TexShapes().dataset(40, seed: 3)
    #expect(set.features.shape == [40, 20, 20, 3] && set.classHistogram == Array(repeating: 4, count: 10))
    #expect(set.features.array(of: Float.self) == TexShapes().dataset(40, seed: 3).features.array(of: Float.self))
    let parts = TexShapes().splits(training: 40, test: 40, seed: 3)
    #expect(parts.training.features.array(of: Float.self) == set.features.array(of: Float.self))
    #expect(parts.test.features.array(of: Float.self) != set.features.array(of: Float.self))
    let values = set.features.array(of: Float.self)
    #expect(values.min()! > -1.1 && values.max()! < 1.3 && abs(values.reduce(0, +) / Float(values.count)) < 0.15)
  }

  /// Without noise, neighbours along a stripe inside the shape are equal: that is what tells the direction.
  @Test func `stripes run along rows or columns`() {
    let side = 24
    let set = TexShapes(side: side, noise: 0).dataset(10, seed: 5)
    for (index, label) in set.classLabels.enumerated() {
      let values = set.features[index].array(of: Float.self)
      func at(_ row: Int, _ column: Int) -> Float { values[(row * side + column) * 3] }
      var (alongRows, alongColumns) = (0, 0)
      for row in 0..<side - 1 {
        for column in 0..<side - 1 {
          if at(row, column) == at(row, column + 1) { alongRows += 1 }
          if at(row, column) == at(row + 1, column) { alongColumns += 1 }
        }
      }
      // The background has stripes of its own, of either direction; only where both agree is the count one-sided.
      #expect(label < 5 ? alongRows > 0 : alongColumns > 0, "class \(label): \(alongRows), \(alongColumns)")
    }
  }
}

@Suite("RandAugment and random erasing") struct RandAugmentTests {
  private func image(channels: Int = 3) -> ImageBuffer {
    var random = SplitMix64(seed: 1)
    return ImageBuffer(height: 12, width: 10, channels: channels, values: (0..<120 * channels).map { _ in random.uniform() })
  }

  @Test(arguments: [1, 3]) func `changes images within their range, repeatably`(channels: Int) {
    let augmentation = RandAugment(operations: 3, magnitude: 7)
    var changed = 0
    for seed in 0..<60 {
      var (one, other) = (image(channels: channels), image(channels: channels))
      var (first, second) = (SplitMix64(seed: seed), SplitMix64(seed: seed))
      augmentation.apply(to: &one, random: &first)
      augmentation.apply(to: &other, random: &second)
      #expect(one.values == other.values && one.height == 12 && one.width == 10)
      #expect(one.values.allSatisfy { $0.isFinite && $0 >= -0.01 && $0 <= 1.01 }, "seed \(seed)")
      if one.values != image(channels: channels).values { changed += 1 }
    }
    #expect(changed > 40)
    var untouched = image()
    var random = SplitMix64(seed: 2)
    RandAugment(operations: 0).apply(to: &untouched, random: &random)
    #expect(untouched.values == image().values)
  }

  @Test func `erases one rectangle as often as asked`() {
    var erased = 0
    for seed in 0..<400 {
      var buffer = image()
      var random = SplitMix64(seed: seed)
      RandomErasing(probability: 0.25).apply(to: &buffer, random: &random)
      let places = buffer.values.indices.filter { buffer.values[$0] != image().values[$0] }.map { ($0 / 30, $0 / 3 % 10) }
      guard !places.isEmpty else { continue }
      erased += 1
      let rows = Set(places.map(\.0)), columns = Set(places.map(\.1))
      #expect(places.count == rows.count * columns.count * 3, "a whole rectangle")
    }
    #expect((60...145).contains(erased), "\(erased) of 400")
  }
}
