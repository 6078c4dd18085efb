import Datasets
import Foundation
import Layers
import Lens
import Tensors
import Training

/// Keeps the first tanh network in `model.safetensors`, and applies it to patterns written as zeros and ones.
struct InformationPlanePredictor {
  static func save(_ trajectory: InformationPlaneTrajectory, task: InformationPlaneTask, to run: StudyRun) throws {
    try trajectory.snapshots.last!.network(0).save(
      to: run.file("model.safetensors"),
      metadata: [
        "classes": task.classNames.joined(separator: "\n"), "inputs": String(task.width), "rule": task.isRule ? "true" : "false",
      ])
  }

  /// A network that learned pictures.
  static func save(_ model: LayeredClassifier, classNames: [String], to run: StudyRun) throws {
    try model.save(
      to: run.file("model.safetensors"),
      metadata: ["classes": classNames.joined(separator: "\n"), "inputs": "1", "rule": "false"])
  }

  private let classNames: [String]
  private let model: Sequential

  /// - Throws: `FileAccessError`, `FileFormatError`, `ModelStateError`.
  init(_ saved: SavedModel<InformationPlaneOptions>) throws {
    let file = try SafetensorsFile(reading: saved.parameters)
    guard let classes = file.metadata["classes"]?.components(separatedBy: "\n"), classes.count >= 2,
      let inputs = file.metadata["inputs"].flatMap({ Int($0) }), (1...1 << 20).contains(inputs), let rule = file.metadata["rule"]
    else {
      throw FileFormatError(path: file.url.path, at: .field("__metadata__"), found: "other entries", expected: "what a run saves")
    }
    guard rule == "true" else {
      throw StudyError("this network was trained on data of one's own", advice: "predict takes patterns of the rule of 12 bits only")
    }
    classNames = classes
    model = NetworkEnsemble(widths: [inputs] + saved.options.hiddenUnits + [classes.count], seeds: [0]).network(0)
    try model.load(from: saved.parameters)
  }

  /// The label of each pattern, as in "011010110100".
  func predict(_ inputs: [String]) throws -> [Prediction] {
    let patterns = try inputs.map { input in
      let bits = input.compactMap { $0 == "0" ? Float(0) : $0 == "1" ? 1 : nil }
      guard bits.count == SymmetricRule.bitCount, input.count == bits.count else {
        throw StudyError(
          "\"\(input)\" is no pattern of \(SymmetricRule.bitCount) bits", because: .data, advice: "write zeros and ones, as in 011010110100"
        )
      }
      return bits
    }
    guard !patterns.isEmpty else { return [] }
    let probabilities = model(Tensor(patterns.flatMap(\.self), shape: [patterns.count, SymmetricRule.bitCount])).softmax()
    let values = probabilities.array(of: Double.self)
    return inputs.enumerated().map { index, input in
      let row = Array(values[index * classNames.count..<(index + 1) * classNames.count])
      let best = row.indices.max { row[$0] < row[$1] }!
      return Prediction(input: input, label: classNames[best], confidence: row[best])
    }
  }
}
