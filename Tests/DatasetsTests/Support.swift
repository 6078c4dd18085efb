import Datasets
import Foundation
import Tensors
import Testing

/// A folder that is gone after the test.
final class TemporaryFolder {
  let url: URL

  init() throws {
    url = FileManager.default.temporaryDirectory.appendingPathComponent("apus-datasets-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  @discardableResult
  func file(_ name: String, _ bytes: [UInt8] = []) throws -> URL {
    let file = url.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: file)
    return file
  }

  @discardableResult
  func file(_ name: String, _ text: String) throws -> URL { try file(name, Array(text.utf8)) }

  /// Names of everything in the folder, hidden files too.
  func names(_ subfolder: String = "") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: url.appendingPathComponent(subfolder).path).sorted()
  }
}

/// Data beside the repository; nil, and a word, where it is absent.
func sharedData(_ name: String, file: String = #filePath) -> URL? {
  let root = URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  for place in ["../shared/data", "shared/data"] {
    let url = root.appendingPathComponent(place).appendingPathComponent(name).standardizedFileURL
    if FileManager.default.fileExists(atPath: url.path) { return url }
  }
  print("../shared/data/\(name) is absent: what needs it is not tested")
  return nil
}

/// Images whose every value says where it stands.
func numberedImages(count: Int, height: Int = 6, width: Int = 5, channels: Int = 1, classes: Int = 3) -> Dataset {
  let values = (0..<count * height * width * channels).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 / 251) }
  return Dataset(
    name: "numbered", features: Tensor(bytes: values, shape: Shape([count, height, width, channels]), dtype: .uint8),
    labels: Tensor((0..<count).map { Int32($0 % classes) }), groups: Tensor((0..<count).map { Int32($0 / 4) }),
    classNames: (0..<classes).map { "class \($0)" })
}

func randomImage(height: Int, width: Int, channels: Int, seed: Int) -> ImageBuffer {
  var random = SplitMix64(seed: seed)
  return ImageBuffer(
    height: height, width: width, channels: channels, values: (0..<height * width * channels).map { _ in random.uniform() })
}

extension ImageBuffer {
  func applying(_ augmentation: some Augmentation, seed: Int) -> ImageBuffer {
    var (result, random) = (self, SplitMix64(seed: seed))
    augmentation.apply(to: &result, random: &random)
    return result
  }
}
