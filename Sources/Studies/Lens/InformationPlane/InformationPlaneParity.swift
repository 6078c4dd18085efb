import Foundation
import Lens
import Tensors

/// Runs the library on the network, the distribution and the gradients of a parity case.
package struct InformationPlaneParity {
  private var parity: Parity
  private let configuration: Configuration

  private struct Configuration: Decodable {
    let layers: [Int]
    let bins: Int
    let nx: Int
    let ny: Int
    let nt: Int
    let betas: [Double]
    let nb: Int
    let nw: Int
  }

  package static func tensors(of file: SafetensorsFile) throws -> [ParityTensor] {
    var parity = try InformationPlaneParity(file)
    try parity.compareInformation()
    try parity.compareBottleneck()
    try parity.compareGradients()
    return parity.parity.tensors
  }

  private init(_ file: SafetensorsFile) throws {
    parity = Parity(file)
    guard let text = file.metadata["config"] else {
      throw FileFormatError(
        path: file.url.path, at: .field("__metadata__"), found: "no entry \"config\"", expected: "a case's configuration")
    }
    do {
      configuration = try JSONDecoder().decode(Configuration.self, from: Data(text.utf8))
    } catch {
      throw FileFormatError(
        path: file.url.path, at: .field("__metadata__.config"), found: text, expected: "layers, bins, nx, ny, nt, betas, nb and nw")
    }
    guard configuration.layers.count >= 2, configuration.layers.allSatisfy({ (1...4096).contains($0) }),
      configuration.betas.allSatisfy({ $0 > 0 })
    else {
      throw FileFormatError(
        path: file.url.path, at: .field("__metadata__.config"), found: text, expected: "at least two layers, and betas above 0")
    }
  }

  // MARK: The network

  private mutating func compareInformation() throws {
    let widths = [SymmetricRule.bitCount] + configuration.layers
    let weights = try widths.indices.dropLast().map { index in
      try parity.tensor("param.W\(index)", shape: [widths[index], widths[index + 1]]).cast(to: .float32).expandingShape(at: 0)
    }
    let biases = try widths.indices.dropLast().map { index in
      try parity.tensor("param.b\(index)", shape: [widths[index + 1]]).cast(to: .float32).reshaped(to: [1, 1, widths[index + 1]])
    }
    let labels = try parity.tensor("in.labels", shape: [SymmetricRule.patternCount]).cast(to: .int64).array(of: Int.self)
    let ensemble = NetworkEnsemble(weights: weights, biases: biases)
    let inputs = Tensor(SymmetricRule.patterns, shape: [SymmetricRule.patternCount, SymmetricRule.bitCount])
    let layers = ensemble.activations(inputs).map { $0.squeezed(0) }
    evaluate(layers)
    // Labels of the case are those of the rule.
    try parity.compare("in.labels", Tensor(SymmetricRule.labels.map { Int32($0) }), tolerance: 0)

    let estimator = try BinnedInformation(labels: labels, classCount: 2)
    let edges = try BinEdges(count: configuration.bins)
    let informations = try layers.map { layer in
      try estimator.information(of: layer.array(of: Float.self), units: layer.shape[1], edges: edges)
    }
    try parity.compare("out.IXT", Tensor(informations.map(\.aboutInput)))
    try parity.compare("out.ITY", Tensor(informations.map(\.aboutLabel)))

    let hidden = layers[layers.count - 2]
    try parity.compare("in.act_last_hidden", hidden, tolerance: 1e-5)
    // The bins of the case's own activations, which single precision cannot move over an edge.
    let given = try parity.tensor("in.act_last_hidden", shape: [SymmetricRule.patternCount, hidden.shape[1]])
    let rows = try parity.tensor("out.bin_index_last_hidden", shape: [-1, hidden.shape[1]]).shape[0]
    let bins = given[0..<min(rows, given.shape[0])].array(of: Float.self).map { Int32(edges.index(of: $0)) }
    try parity.compare("out.bin_index_last_hidden", Tensor(bins, shape: [bins.count / hidden.shape[1], hidden.shape[1]]), tolerance: 0)
  }

  // MARK: The bottleneck

  private mutating func compareBottleneck() throws {
    let (nx, ny, nt) = (configuration.nx, configuration.ny, configuration.nt)
    let table = try rows("in.ib.pxy", [nx, ny])
    let total = table.reduce(0) { $0 + $1.reduce(0, +) }
    // Single precision does not add up to 1 exactly.
    let bottleneck = InformationBottleneck(try JointDistribution(table: table.map { $0.map { $0 / total } }))
    let start = try rows("in.ib.q0", [nx, nt]).map { row in
      let sum = row.reduce(0, +)
      return row.map { $0 / sum }
    }
    try parity.compare("out.ib.IXY", Tensor([bottleneck.distribution.information]))
    for beta in configuration.betas {
      let name = "out.ib.beta\(beta == beta.rounded() ? String(Int(beta)) : String(beta))"
      var encoder = start
      for iteration in 1...5 {
        encoder = bottleneck.step(encoder, beta: beta)
        guard iteration == 1 || iteration == 5 else { continue }
        try parity.compare("\(name).it\(iteration).q", Tensor(encoder.flatMap(\.self), shape: [nx, nt]), tolerance: 1e-5)
      }
      let solution = try bottleneck.solve(beta: beta, from: start, tolerance: 0, maximumIterations: 5000)
      try parity.compare(
        "\(name).fixed", Tensor([solution.information.aboutInput, solution.information.aboutLabel]), tolerance: 1e-3)
    }
  }

  private func rows(_ name: String, _ shape: [Int]) throws -> [[Double]] {
    let values = try parity.tensor(name, shape: shape).cast(to: .float64).array(of: Double.self)
    return (0..<shape[0]).map { Array(values[$0 * shape[1]..<($0 + 1) * shape[1]]) }
  }

  // MARK: Gradients

  private mutating func compareGradients() throws {
    let (batches, count) = (configuration.nb, configuration.nw)
    let gradients = try parity.tensor("in.grad.batches", shape: [batches, count]).cast(to: .float64)
    let weights = try parity.tensor("in.grad.w", shape: [count]).cast(to: .float64)
    let statistics = GradientStatistics.of(gradients.expandingShape(at: 0), weights: weights.expandingShape(at: 0))[0]
    try parity.compare("out.grad.mean_norm", Tensor([statistics.meanNorm]))
    try parity.compare("out.grad.std", Tensor([statistics.deviation]))
    try parity.compare("out.grad.mean_norm_rel", Tensor([statistics.meanNorm / statistics.weightNorm]))
    try parity.compare("out.grad.std_rel", Tensor([statistics.deviation / statistics.weightNorm]))
  }
}
