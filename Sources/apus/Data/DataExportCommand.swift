import ArgumentParser
import Datasets
import Foundation
import Studies
import Tensors
import Training

struct DataExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Write pictures with labels as PNG files, one folder a class.",
    discussion: """
      The folders are what --data takes of your own pictures.

      apus data export digits my-digits --count 500
      apus data export path/to/mnist pictures
      """)

  @Argument(help: ArgumentHelp("A name of apus data list, or a path.", valueName: "name|path"))
  var source: String

  @Argument(help: ArgumentHelp("The folder, which must not be there yet.", valueName: "dir"))
  var directory: String

  @Option(help: "How many pictures, at most; drawn by the seed where there are more.")
  var count = 1000

  @Option(help: "The seed of what is drawn.")
  var seed = 1

  func validate() throws {
    guard (1...1_000_000).contains(count) else { throw ValidationError("--count \(count): expected a whole number from 1 to 1000000") }
    if seed < 0 { throw ValidationError("--seed \(seed): expected a whole number from 0") }
  }

  func run() throws {
    let target = URL(fileURLWithPath: directory)
    guard !FileManager.default.fileExists(atPath: target.path) else {
      throw FileAccessError(path: target.path, action: "write", reason: "it is there already", advice: "give a folder that is new")
    }
    let set = try Dataset.open(source, options: OpenOptions(generatedTraining: count, generatedTest: 10, seed: seed)).training
    guard set.hasImages, let labels = set.labels else {
      throw StudyError("\(source) holds no labelled pictures", because: .data, advice: "see apus data inspect \(source)")
    }
    let chosen = set.count > count ? set.shuffled(seed: seed).prefix(count) : set
    try write(chosen, chosen.labels ?? labels, to: target)
  }

  private func write(_ set: Dataset, _ labels: Tensor, to target: URL) throws {
    // Written aside: a folder that is there is whole.
    let partial = target.deletingLastPathComponent().appendingPathComponent(target.lastPathComponent + ".partial")
    try? FileManager.default.removeItem(at: partial)
    for name in set.classNames { try makeFolder(partial.appendingPathComponent(name)) }
    let shape = set.featureShape.dimensions
    let classes = labels.cast(to: .int64).array(of: Int64.self)
    let pixels = set.features.array(of: UInt8.self)
    let size = shape.reduce(1, *)
    var written = [Int](repeating: 0, count: set.classNames.count)
    let phase = ProgressDisplay().phase("picture", of: set.count)
    defer { phase.finish() }
    for index in 0..<set.count {
      let label = Int(classes[index])
      let image = RasterImage(
        height: shape[0], width: shape[1], channels: shape[2], pixels: Array(pixels[index * size..<(index + 1) * size]))
      let number = String(written[label])
      let name = String(repeating: "0", count: max(0, 4 - number.count)) + number + ".png"
      try AtomicFile.write(PNG.encode(image), to: partial.appendingPathComponent(set.classNames[label]).appendingPathComponent(name))
      written[label] += 1
      phase.advance()
    }
    do { try FileManager.default.moveItem(at: partial, to: target) } catch {
      throw FileAccessError(path: target.path, action: "write", reason: error.localizedDescription)
    }
    StandardOutput.write("\(set.count) pictures of \(set.classNames.count) classes in \(directory)\n")
  }

  private func makeFolder(_ url: URL) throws {
    do { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) } catch {
      throw FileAccessError(path: url.path, action: "write", reason: error.localizedDescription)
    }
  }
}
