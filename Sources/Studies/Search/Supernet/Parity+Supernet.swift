import Foundation
import Layers
import Search
import Tensors

extension Parity {
  /// The value under `key` of the metadata, which holds JSON.
  func json<Value: Decodable>(_ key: String, as: Value.Type = Value.self) throws -> Value {
    guard let text = file.metadata[key] else {
      throw FileFormatError(path: file.url.path, at: .field("__metadata__"), found: "no entry \"\(key)\"", expected: "one")
    }
    do {
      return try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    } catch {
      throw FileFormatError(path: file.url.path, at: .field("__metadata__.\(key)"), found: text, expected: "\(Value.self) as JSON")
    }
  }

  /// A tensor in double precision.
  func double(_ name: String, _ shape: [Int]? = nil) throws -> Tensor { try tensor(name, shape: shape).cast(to: .float64) }

  /// (N, C, H, W) or (O, I, H, W) in double precision, channels last.
  func channelsLast(_ name: String, _ shape: [Int]) throws -> Tensor {
    try double(name, shape).transposed(permutation: [0, 2, 3, 1])
  }

  func activation(_ key: String) throws -> Activation.Function {
    switch try json(key, as: String.self) {
    case "h_swish": return .hardSwish
    case "swish": return .silu
    case "relu": return .relu
    case "relu6": return .relu6
    case let other:
      throw FileFormatError(
        path: file.url.path, at: .field("__metadata__.\(key)"), found: other, expected: "h_swish, swish, relu or relu6")
    }
  }

  /// Fills a block with the parameters `prefix`NAME of the case, and gives the pairs of names and parameters that gradients are compared for.
  func load(_ block: ElasticBlock, prefix: String, bn: (Int) -> String) throws -> [(name: String, parameter: Parameter)] {
    let middle = block.middle.configuration.outputs
    let (inputs, outputs) = (block.configuration.inputs.last!, block.configuration.outputs.last!)
    let side = block.configuration.kernels.last!
    var loaded: [(name: String, parameter: Parameter)] = []
    func load(_ parameter: Parameter, _ name: String, _ value: Tensor) {
      parameter.assign(value)
      loaded.append((prefix + name, parameter))
    }
    func norm(_ number: Int, _ unit: ElasticConvolution, _ channels: Int) throws {
      load(unit.scale!, bn(number) + "gamma", try double("param.\(prefix)\(bn(number))gamma", [channels]))
      load(unit.shift!, bn(number) + "beta", try double("param.\(prefix)\(bn(number))beta", [channels]))
    }
    if let expand = block.expand {
      load(expand.weight, "w_expand", try channelsLast("param.\(prefix)w_expand", [middle, inputs, 1, 1]))
      try norm(1, expand, middle)
    }
    load(block.middle.weight, "w_dw", try channelsLast("param.\(prefix)w_dw", [middle, 1, side, side]))
    try norm(2, block.middle, middle)
    load(block.project.weight, "w_proj", try channelsLast("param.\(prefix)w_proj", [outputs, middle, 1, 1]))
    try norm(3, block.project, outputs)
    if let squeeze = block.squeeze {
      let hidden = squeeze.configuration.hidden(middle)
      load(squeeze.reduceWeight, "se_w1", try double("param.\(prefix)se_w1", [hidden, middle, 1, 1]).squeezed(2, 3))
      load(squeeze.reduceBias, "se_b1", try double("param.\(prefix)se_b1", [hidden]))
      load(squeeze.expandWeight, "se_w2", try double("param.\(prefix)se_w2", [middle, hidden, 1, 1]).squeezed(2, 3))
      load(squeeze.expandBias, "se_b2", try double("param.\(prefix)se_b2", [middle]))
    }
    return loaded
  }

  /// Compares a gradient in our layout with the case's: convolutions are (out, in, k, k) there, squeezes (out, in, 1, 1).
  mutating func compareGradient(_ name: String, _ gradient: Tensor, tolerance: Double) throws {
    let value =
      switch gradient.rank {
      case 4: gradient.transposed(permutation: [0, 3, 1, 2])
      case 2 where name.contains("se_w"): gradient.reshaped(to: [gradient.shape[0], gradient.shape[1], 1, 1])
      default: gradient
      }
    try compare("grad.\(name)", value, tolerance: tolerance)
  }
}
