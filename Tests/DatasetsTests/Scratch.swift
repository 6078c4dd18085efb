import Datasets
import Foundation
import Tensors
import Testing

@Suite struct Scratch {
  @Test func sheet() throws {
    for characters in [Handwriting.Characters.digits, .capitals, .smallLetters] {
      let hand = Handwriting(characters, size: 28, writers: 14, strength: 0.5)
      let classes = characters.classNames.count
      let data = hand.dataset(count: classes * 14, seed: 3)
      let pixels = data.features.array(of: UInt8.self)
      let cell = 30
      var sheet = [UInt8](repeating: 60, count: 14 * cell * classes * cell * 4)
      let width = classes * cell * 2
      for index in 0..<data.count {
        let (row, column) = (index / classes, index % classes)
        for y in 0..<56 { for x in 0..<56 {
          sheet[(row * cell * 2 + y) * width + column * cell * 2 + x] = pixels[(index * 28 + y / 2) * 28 + x / 2]
        } }
      }
      try PNG.write(RasterImage(height: 14 * cell * 2, width: width, channels: 1, pixels: sheet), to: URL(fileURLWithPath: "/tmp/sheet-\(characters.rawValue).png"))
    }
    let start = ContinuousClock.now
    let (training, test) = Handwriting(.digits).splits(training: 10_000, test: 2_000, seed: 1)
    print("12000 images in", ContinuousClock.now - start)
    try IDX.write(training.features, to: URL(fileURLWithPath: "/tmp/hw-train-images.idx"))
    try IDX.write(training.labels!, to: URL(fileURLWithPath: "/tmp/hw-train-labels.idx"))
    try IDX.write(test.features, to: URL(fileURLWithPath: "/tmp/hw-test-images.idx"))
    try IDX.write(test.labels!, to: URL(fileURLWithPath: "/tmp/hw-test-labels.idx"))
  }
}
