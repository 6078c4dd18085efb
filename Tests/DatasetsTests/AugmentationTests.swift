import Datasets
import Foundation
import Tensors
import Testing

@Suite("Augmentation")
struct AugmentationTests {
  private static let identities: [any Augmentation] = [
    RandomCrop(), RandomResizedCrop(height: 9, width: 7, area: 1...1, aspect: 7 / 9...7 / 9), HorizontalFlip(probability: 0),
    VerticalFlip(probability: 0), ColorJitter(), Cutout(size: 0), Cutout(size: 5, count: 0),
    RandomAffine(rotation: 0, scale: 1...1, shear: 0, shift: 0), RandomAffine(rotation: 90, probability: 0),
    ElasticDeformation(amplitude: 0, probability: 1), ElasticDeformation(probability: 0), StrokeWidthJitter(dilation: 0, erosion: 0),
    AdditiveNoise(standardDeviation: 0),
  ]

  @Test(arguments: [1, 3]) func parametersOfNoChangeChangeNothing(channels: Int) {
    let image = randomImage(height: 9, width: 7, channels: channels, seed: 1)
    for augmentation in Self.identities {
      for seed in 0..<20 {
        var (result, random) = (image, SplitMix64(seed: seed))
        augmentation.apply(to: &result, random: &random)
        #expect(result.values == image.values, "\(augmentation)")
      }
    }
  }

  private static let all: [any Augmentation] = [
    RandomCrop(padding: 3, border: .reflection), RandomCrop(height: 5, width: 4), RandomResizedCrop(height: 8, width: 8), HorizontalFlip(),
    VerticalFlip(), ColorJitter(brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1), Cutout(size: 4, count: 2), RandomAffine(),
    ElasticDeformation(probability: 1), StrokeWidthJitter(dilation: 0.5, erosion: 0.5), AdditiveNoise(),
  ]

  @Test func theSeedFixesEveryAugmentation() {
    let image = randomImage(height: 12, width: 12, channels: 3, seed: 2)
    for augmentation in Self.all {
      var results = Set<[Float]>()
      for seed in 0..<8 {
        let twice = (0..<2).map { _ in
          var (result, random) = (image, SplitMix64(seed: seed))
          augmentation.apply(to: &result, random: &random)
          return result
        }
        #expect(twice[0].values == twice[1].values)
        let size = augmentation.outputSize(for: (12, 12))
        #expect(twice[0].height == size.height && twice[0].width == size.width)
        #expect(twice[0].values.allSatisfy { $0 >= 0 && $0 <= 1 }, "\(augmentation)")
        results.insert(twice[0].values)
      }
      #expect(results.count > 1, "\(augmentation) does the same whatever the seed")
    }
  }

  @Test func twoFlipsUndoEachOther() {
    let image = randomImage(height: 5, width: 6, channels: 3, seed: 3)
    let horizontal = image.applying(HorizontalFlip(probability: 1), seed: 0)
    #expect(horizontal[2, 0, 1] == image[2, 5, 1] && horizontal.values != image.values)
    #expect(horizontal.applying(HorizontalFlip(probability: 1), seed: 1).values == image.values)
    let vertical = image.applying(VerticalFlip(probability: 1), seed: 0)
    #expect(vertical[0, 3, 2] == image[4, 3, 2] && vertical.values != image.values)
    #expect(vertical.applying(VerticalFlip(probability: 1), seed: 1).values == image.values)
  }

  @Test func aCropIsAWindowOfThePaddedImage() {
    let image = randomImage(height: 6, width: 5, channels: 2, seed: 4)
    for border in [Border.constant(0.25), .edge, .reflection] {
      var places = Set<[Int]>()
      for seed in 0..<200 {
        let crop = image.applying(RandomCrop(height: 4, width: 4, padding: 2, border: border), seed: seed)
        // The draws are top, then left.
        var random = SplitMix64(seed: seed)
        let (top, left) = (random.integer(below: 6 + 4 - 4 + 1) - 2, random.integer(below: 5 + 4 - 4 + 1) - 2)
        places.insert([top, left])
        for row in 0..<4 {
          for column in 0..<4 {
            let (y, x) = (top + row, left + column)
            let expected: Float
            switch border {
            case .constant(let value): expected = (0..<6).contains(y) && (0..<5).contains(x) ? image[y, x, 1] : value
            case .edge: expected = image[min(max(y, 0), 5), min(max(x, 0), 4), 1]
            case .reflection: expected = image[y < 0 ? -y : y > 5 ? 10 - y : y, x < 0 ? -x : x > 4 ? 8 - x : x, 1]
            }
            #expect(crop[row, column, 1] == expected)
          }
        }
      }
      #expect(places.count == 7 * 6, "every place occurs")
    }
  }

  @Test func cutoutBlotsASquare() {
    let image = ImageBuffer(height: 10, width: 10, channels: 2, values: Array(repeating: 1, count: 200))
    var counts = Set<Int>()
    for seed in 0..<100 {
      let result = image.applying(Cutout(size: 4, fill: 0.5), seed: seed)
      var random = SplitMix64(seed: seed)
      let (top, left) = (random.integer(below: 10) - 2, random.integer(below: 10) - 2)
      for row in 0..<10 {
        for column in 0..<10 {
          let isInside = (top..<top + 4).contains(row) && (left..<left + 4).contains(column)
          #expect(result[row, column, 0] == (isInside ? 0.5 : 1) && result[row, column, 1] == result[row, column, 0])
        }
      }
      counts.insert(result.values.count { $0 == 0.5 } / 2)
    }
    #expect(counts.max() == 16 && counts.min()! >= 4)
  }

  @Test func colorsChangeAsSaid() {
    let image = randomImage(height: 8, width: 8, channels: 3, seed: 5)
    func grey(_ image: ImageBuffer, _ pixel: Int) -> Float {
      0.299 * image.values[3 * pixel] + 0.587 * image.values[3 * pixel + 1] + 0.114 * image.values[3 * pixel + 2]
    }
    for seed in 0..<20 {
      // Brightness: one factor for all that is not clipped.
      let bright = image.applying(ColorJitter(brightness: 0.3), seed: seed)
      let factors = zip(bright.values, image.values).filter { $0.0 < 1 && $0.1 > 0.05 }.map { $0 / $1 }
      #expect(factors.max()! - factors.min()! < 1e-5 && factors[0] > 0.7 && factors[0] < 1.3)
      // Saturation 0 ... leaves grey as it is, hue leaves the largest and smallest of the three as they are.
      let hue = image.applying(ColorJitter(hue: 0.5), seed: seed)
      for pixel in 0..<64 {
        let (before, after) = (image.values[3 * pixel..<3 * pixel + 3], hue.values[3 * pixel..<3 * pixel + 3])
        #expect(abs(before.max()! - after.max()!) < 1e-6 && abs(before.min()! - after.min()!) < 1e-6)
      }
    }
    let grey1 = randomImage(height: 8, width: 8, channels: 1, seed: 6)
    #expect(grey1.applying(ColorJitter(saturation: 0.9, hue: 0.5), seed: 1).values == grey1.values)
    let half = ImageBuffer(height: 4, width: 4, channels: 3, values: Array(repeating: 0.5, count: 48))
    let contrast = half.applying(ColorJitter(contrast: 0.9, saturation: 0.9), seed: 2)
    #expect(contrast.values.allSatisfy { abs($0 - 0.5) < 1e-6 })
  }

  @Test func redTurnsToGreenAndBlue() {
    // Among many draws some are near a third of the circle, where red becomes green or blue.
    let red = ImageBuffer(height: 1, width: 1, channels: 3, values: [1, 0, 0])
    var nearestGreen: Float = 1
    var nearestBlue: Float = 1
    for seed in 0..<400 {
      let values = red.applying(ColorJitter(hue: 0.5), seed: seed).values
      #expect(values.max() == 1 && values.min() == 0)
      nearestGreen = min(nearestGreen, values[0] + (1 - values[1]) + values[2])
      nearestBlue = min(nearestBlue, values[0] + values[1] + (1 - values[2]))
    }
    #expect(nearestGreen < 0.05 && nearestBlue < 0.05)
  }

  @Test func affineMapsMoveWhatTheyShould() {
    var image = ImageBuffer(height: 9, width: 9, channels: 1)
    image[4, 4, 0] = 1
    // The centre stays under rotation, scale and shear.
    for seed in 0..<20 {
      let turned = image.applying(RandomAffine(rotation: 180, scale: 0.5...2, shear: 0.5, shift: 0), seed: seed)
      #expect(turned[4, 4, 0] == 1)
    }
    // A shift moves the mass by what was drawn.
    for seed in 0..<20 {
      let shifted = image.applying(RandomAffine(rotation: 0, scale: 1...1, shear: 0, shift: 0.3), seed: seed)
      var random = SplitMix64(seed: seed)
      for _ in 0..<4 { _ = random.uniform() }
      let (down, right) = (random.uniform(-0.3, 0.3) * 9, random.uniform(-0.3, 0.3) * 9)
      var (mass, y, x) = (Float(0), Float(0), Float(0))
      for row in 0..<9 {
        for column in 0..<9 {
          mass += shifted[row, column, 0]
          y += Float(row) * shifted[row, column, 0]
          x += Float(column) * shifted[row, column, 0]
        }
      }
      #expect(abs(mass - 1) < 1e-4 && abs(y / mass - 4 - down) < 1e-3 && abs(x / mass - 4 - right) < 1e-3)
    }
  }

  @Test func elasticDisplacementHasItsSizeAndIsSmooth() {
    var (sum, squares, steps, count) = (0.0, 0.0, 0.0, 0.0)
    var corner = 0.0
    for seed in 0..<300 {
      var random = SplitMix64(seed: seed)
      let field = ElasticDeformation(sigma: 4, amplitude: 1.5).field(height: 20, width: 24, random: &random)
      for row in 0..<20 {
        for column in 1..<24 {
          let value = Double(field[row * 24 + column])
          sum += value
          squares += value * value
          steps += pow(value - Double(field[row * 24 + column - 1]), 2)
          count += 1
        }
      }
      corner += pow(Double(field[0]), 2)
    }
    let deviation = (squares / count).squareRoot()
    #expect(abs(sum / count) < 0.15 && abs(deviation - 1.5) < 0.1, "\(sum / count) \(deviation)")
    #expect(abs((corner / 300).squareRoot() - 1.5) < 0.2)
    // A Gaussian of sigma 4 correlates neighbours by exp(-1 / 64): steps of 1.5 sqrt(2 (1 - 0.9845)) = 0.264.
    #expect(abs((steps / count).squareRoot() - 0.264) < 0.06)
  }

  @Test func strokesGrowAndShrink() {
    var image = ImageBuffer(height: 7, width: 7, channels: 1)
    for row in 2...4 { for column in 2...4 { image[row, column, 0] = 0.5 } }
    let thick = image.applying(StrokeWidthJitter(dilation: 1, erosion: 0), seed: 1)
    let thin = image.applying(StrokeWidthJitter(dilation: 0, erosion: 1), seed: 1)
    #expect(thick.values.count { $0 == 0.5 } == 9 + 12)
    #expect(thin.values.count { $0 == 0.5 } == 1 && thin[3, 3, 0] == 0.5)
  }

  @Test func mixupMixesImagesAndTargetsAlike() {
    let features = Tensor((0..<5 * 12).map { Float($0) }, shape: [5, 2, 3, 2])
    let labels = [0, 1, 2, 0, 1]
    for seed in 0..<50 {
      var random = SplitMix64(seed: seed)
      let (mixed, targets) = BatchMixing.mixup(alpha: 0.4).mixed(features, labels: labels, classCount: 3, random: &random)
      var again = SplitMix64(seed: seed)
      let partners = again.permutation(5)
      let share = again.beta(0.4, 0.4)
      let (values, weights) = (mixed.array(of: Float.self), targets.array(of: Float.self))
      for sample in 0..<5 {
        #expect(weights[sample * 3..<sample * 3 + 3].reduce(0, +) == 1)
        for place in 0..<12 {
          let (own, other) = (Float(sample * 12 + place), Float(partners[sample] * 12 + place))
          let expected: Float = share * own + (1 - share) * other
          #expect(values[sample * 12 + place] == expected)
        }
        var expected = [Float](repeating: 0, count: 3)
        expected[labels[sample]] += share
        expected[labels[partners[sample]]] += 1 - share
        #expect(Array(weights[sample * 3..<sample * 3 + 3]) == expected)
      }
    }
  }

  @Test func theAreaOfCutMixIsItsWeight() {
    // Every sample is filled with its own number, so that the area can be counted.
    let count = 6
    let features = Tensor((0..<count * 8 * 10).map { Float($0 / 80) }, shape: [count, 8, 10, 1])
    let labels = Array(0..<count)
    var areas = Set<Int>()
    for seed in 0..<60 {
      var random = SplitMix64(seed: seed)
      let (mixed, targets) = BatchMixing.cutMix(alpha: 1).mixed(features, labels: labels, classCount: count, random: &random)
      let (values, weights) = (mixed.array(of: Float.self), targets.array(of: Float.self))
      for sample in 0..<count {
        var expected = [Float](repeating: 0, count: count)
        var pixels = [Int](repeating: 0, count: count)
        for value in values[sample * 80..<sample * 80 + 80] { pixels[Int(value)] += 1 }
        for label in 0..<count { expected[label] = Float(pixels[label]) / 80 }
        let row = Array(weights[sample * count..<(sample + 1) * count])
        #expect(row.reduce(0, +) == 1)
        for label in 0..<count { #expect(abs(row[label] - expected[label]) < 1e-6) }
        areas.insert(pixels[sample])
      }
    }
    #expect(areas.count > 10)
  }

  @Test func augmentationDependsOnNothingButSeedEpochAndSample() {
    let data = numberedImages(count: 23, height: 8, width: 8, channels: 3)
    let augmentations: [any Augmentation] = [
      RandomCrop(padding: 2), HorizontalFlip(), ColorJitter(brightness: 0.2), RandomAffine(), Cutout(size: 3),
    ]
    func rows(batchSize: Int, order: BatchLoader.Order, prefetch: Int, workers: Int, epoch: Int) -> [Int: [Float]] {
      let loader = BatchLoader(
        data, batchSize: batchSize, seed: 11, order: order, augmentations: augmentations, prefetch: prefetch, workers: workers)
      var rows: [Int: [Float]] = [:]
      for batch in loader.batches(ofEpoch: epoch) {
        let values = batch.features.array(of: Float.self)
        for (row, index) in batch.indices.enumerated() { rows[index] = Array(values[row * 192..<(row + 1) * 192]) }
      }
      return rows
    }
    let expected = rows(batchSize: 4, order: .shuffled, prefetch: 0, workers: 1, epoch: 2)
    #expect(expected.count == 23)
    #expect(rows(batchSize: 7, order: .sequential, prefetch: 3, workers: 3, epoch: 2) == expected)
    #expect(rows(batchSize: 23, order: .shuffled, prefetch: 1, workers: 1, epoch: 2) == expected)
    #expect(rows(batchSize: 4, order: .shuffled, prefetch: 0, workers: 1, epoch: 3) != expected)
  }

  @Test func parametersSurviveEncoding() throws {
    let crop = RandomCrop(height: 3, padding: 2, border: .reflection)
    #expect(try JSONDecoder().decode(RandomCrop.self, from: JSONEncoder().encode(crop)) == crop)
    let affine = RandomAffine(rotation: 3, scale: 0.5...2)
    #expect(try JSONDecoder().decode(RandomAffine.self, from: JSONEncoder().encode(affine)) == affine)
  }
}
