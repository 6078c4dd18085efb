import Tensors

// Names and layouts of PyTorch's own layers.

private func plain(_ tensors: (String, Parameter?)...) -> [PyTorchTensor] {
  tensors.compactMap { name, parameter in parameter.map { PyTorchTensor(name, $0) } }
}

extension Dense: PyTorchConvertible {
  public var pyTorchTensors: [PyTorchTensor] {
    [PyTorchTensor("weight", weight, permutation: [1, 0])] + plain(("bias", bias))
  }
}

extension Convolution: PyTorchConvertible {
  /// (out, in / groups, kernel...).
  public var pyTorchTensors: [PyTorchTensor] {
    [PyTorchTensor("weight", weight, permutation: channelsSecond(weight.shape.rank))] + plain(("bias", bias))
  }
}

extension TransposedConvolution: PyTorchConvertible {
  /// (in, out / groups, kernel...).
  public var pyTorchTensors: [PyTorchTensor] {
    [PyTorchTensor("weight", weight, permutation: channelsSecond(weight.shape.rank))] + plain(("bias", bias))
  }
}

private func channelsSecond(_ rank: Int) -> [Int] { [0, rank - 1] + Array(1..<(rank - 1)) }

extension BatchNorm: PyTorchConvertible {
  public var pyTorchTensors: [PyTorchTensor] {
    plain(("weight", weight), ("bias", bias), ("running_mean", runningMean), ("running_var", runningVariance))
  }
}

extension MultiHeadAttention: PyTorchConvertible {
  /// Query, key and value on top of each other, each (out, in).
  public var pyTorchTensors: [PyTorchTensor] {
    var tensors: [PyTorchTensor] = []
    if let inputWeight { tensors.append(PyTorchTensor("in_proj_weight", inputWeight, permutation: [1, 0])) }
    for (name, weight) in [("q_proj_weight", queryWeight), ("k_proj_weight", keyWeight), ("v_proj_weight", valueWeight)] {
      if let weight { tensors.append(PyTorchTensor(name, weight, permutation: [1, 0])) }
    }
    tensors += plain(("in_proj_bias", inputBias))
    tensors.append(PyTorchTensor("out_proj.weight", outputWeight, permutation: [1, 0]))
    return tensors + plain(("out_proj.bias", outputBias))
  }
}

extension TransformerBlock: PyTorchConvertible {
  public var pyTorchTensors: [PyTorchTensor] { [] }
  public var torchPartNames: [String: String] { ["attention": "self_attn"] }
}

extension LSTM: PyTorchConvertible {
  public var pyTorchTensors: [PyTorchTensor] { recurrentTensors(configuration, layers) }
}

extension GRU: PyTorchConvertible {
  public var pyTorchTensors: [PyTorchTensor] { recurrentTensors(configuration, layers) }
}

/// "weight_ih_l0", "weight_hh_l0_reverse", ...: (gates * hidden, in), with the gates in the order that we keep, too.
private func recurrentTensors(_ configuration: RecurrentConfiguration, _ layers: [RecurrentWeights]) -> [PyTorchTensor] {
  layers.enumerated().flatMap { slot, weights in
    let suffix = "_l\(slot / configuration.directions)" + (slot % configuration.directions == 1 ? "_reverse" : "")
    return [
      PyTorchTensor("weight_ih" + suffix, weights.inputWeight, permutation: [1, 0]),
      PyTorchTensor("weight_hh" + suffix, weights.hiddenWeight, permutation: [1, 0]),
    ] + plain(("bias_ih" + suffix, weights.inputBias), ("bias_hh" + suffix, weights.hiddenBias))
  }
}
