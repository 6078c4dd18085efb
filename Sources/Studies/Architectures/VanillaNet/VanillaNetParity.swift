import Architectures
import Foundation
import Layers
import Tensors

/// Runs the library on the inputs and parameters of a parity case, in double precision, and compares what comes out.
package struct VanillaNetParity {
  private static let forward = 1e-5
  private static let backward = 1e-4

  package static func tensors(of file: SafetensorsFile) throws -> [ParityTensor] {
    var parity = Parity(file)
    let images = try parity.tensor("in.x", shape: [-1, -1, -1, -1]).cast(to: .float64).transposed(permutation: [0, 2, 3, 1])
    let labels = try parity.tensor("in.y", shape: [images.shape[0]]).cast(to: .int64)
    let classes = try parity.integer("num_classes")
    for label in labels.array(of: Int.self) where !(0..<classes).contains(label) {
      throw FileFormatError(path: file.url.path, at: .field("in.y"), found: "label \(label)", expected: "labels from 0 to \(classes - 1)")
    }
    let stem = try parity.tensor("param.stem1.0.weight", shape: [-1, images.shape[3], -1, -1])
    let configuration = VanillaNetConfiguration(
      channels: images.shape[3], classes: classes, widths: try integers("dims", file), strides: try integers("strides", file),
      stemKernel: stem.shape[2], stemStride: file.metadata["stem_stride"] == nil ? nil : try parity.integer("stem_stride"),
      seriesTerms: try parity.integer("act_num", in: 0...64), dropout: 0, epsilon: try parity.number("bn_eps"),
      momentum: try parity.number("bn_momentum"))
    let slope = try parity.number("lambda")

    var unused = RandomStream(seed: 0)
    let network = try VanillaNet(configuration, random: &unused)
    try configuration.checkFits(height: images.shape[1], width: images.shape[2], channels: images.shape[3])
    network.convert(to: .float64)
    var state = ["slope": Tensor([Double(0)])]
    for name in file.names where name.hasPrefix("param.") {
      state[String(name.dropFirst(6))] = try file.tensor(named: name).cast(to: .float64)
    }
    let layout = StateLayout.pyTorch(renaming: VanillaNet.officialName)
    try network.load(state, layout: layout)
    network.convert(to: .float64)

    // Inference first: training moves the running statistics.
    try network.setSlope(slope)
    try parity.compare("out.logits_eval_lambda", network(images), tolerance: forward)
    try network.setSlope(1)
    try parity.compare("out.logits_eval_linear", network(images), tolerance: forward)
    let deployed = try network.deployed()
    for (name, tensor) in deployed.state(layout: .pyTorch(renaming: DeployedVanillaNet.officialName)).sorted(by: { $0.key < $1.key }) {
      try parity.compare("out.deploy.\(name)", tensor, tolerance: forward)
    }
    try parity.compare("out.logits_deploy", deployed(images), tolerance: forward)

    try network.setSlope(slope)
    let logits = withContext(.training) { network(images) }
    let loss = crossEntropy(logits, labels: labels)
    let parameters = network.trainableParameters
    // Derivatives first: computing a value lets go of how it was computed.
    let gradients = loss.gradients(withRespectTo: parameters.map(\.value))
    evaluate(gradients + [loss, logits])
    try parity.compare("out.logits_train_lambda", logits, tolerance: backward)
    try parity.compare("out.loss_train_lambda", loss.reshaped(to: [1] as Shape), tolerance: backward)
    let byParameter = Dictionary(uniqueKeysWithValues: zip(parameters.map { ObjectIdentifier($0) }, gradients))
    let exported = network.exported(layout: layout) { byParameter[ObjectIdentifier($0)] }
    // A bias that a normalisation takes away again has a derivative of nothing but rounding; it is measured against the other derivatives.
    for name in file.names where name.hasPrefix("grad.") {
      guard let gradient = exported[String(name.dropFirst(5))] else {
        throw FileFormatError(
          path: file.url.path, at: .field(name), found: "a derivative of something else", expected: "one of a parameter")
      }
      try parity.compare(name, gradient, tolerance: backward)
    }
    return parity.tensors
  }

  /// A list of whole numbers, "[6, 6, 8]", in the metadata.
  private static func integers(_ key: String, _ file: SafetensorsFile) throws -> [Int] {
    let text = file.metadata[key]
    guard let text, let numbers = try? JSONDecoder().decode([Int].self, from: Data(text.utf8)),
      numbers.allSatisfy({ (1...8192).contains($0) })
    else {
      throw FileFormatError(
        path: file.url.path, at: .field("__metadata__.\(key)"), found: text ?? "nothing", expected: "a list of whole numbers from 1 to 8192"
      )
    }
    return numbers
  }
}
