import Layers
import Tensors

extension Supernet {
  /// Cuts an architecture out: a plain network with copies of its slices, kernel transforms multiplied in.
  ///
  /// - Parameter table: the architecture's calibration, which becomes the running statistics; without one the network has to be calibrated by itself
  ///   (mean 0 and variance 1 until then).
  public func materialized(_ architecture: Architecture, _ table: CalibrationTable? = nil) -> MaterializedNetwork {
    let subnet = design.subnet(architecture)
    var statistics = (table?.statistics ?? []).makeIterator()
    let pass = ForwardPass()
    func unit(_ source: ElasticConvolution, inputs: Int, outputs: Int, side: Int) -> MaterializedNetwork.Unit {
      let c = source.configuration
      let convolution = Convolution(
        Convolution.Configuration(
          inputs: inputs, outputs: outputs, kernel: [side, side], strides: [c.stride, c.stride], padding: .symmetric([side / 2, side / 2]),
          groups: c.isDepthwise ? inputs : 1, hasBias: false),
        weight: source.filter(side: side, outputs: outputs, inputs: inputs, pass))
      var normalization: BatchNorm?
      if let scale = source.scale, let shift = source.shift {
        let layer = BatchNorm(features: outputs, epsilon: c.epsilon)
        layer.weight!.assign(pass.take(scale, first: [outputs]))
        layer.bias!.assign(pass.take(shift, first: [outputs]))
        if table != nil {
          guard let found = statistics.next() else { preconditionFailure("Supernet: the calibration is of another architecture") }
          layer.runningMean.assign(found.mean)
          layer.runningVariance.assign(found.variance)
        }
        normalization = layer
      }
      return MaterializedNetwork.Unit(convolution: convolution, normalization: normalization, activation: c.activation)
    }

    func block(_ source: ElasticBlock, _ b: SubnetBlock) -> MaterializedNetwork.Block {
      let expand = source.expand.map { unit($0, inputs: b.inputs, outputs: b.middle, side: 1) }
      let middle = unit(source.middle, inputs: b.middle, outputs: b.middle, side: b.kernel)
      let squeeze = source.squeeze.map { layer in
        MaterializedNetwork.SqueezeExcite(
          reduce: Dense(
            weight: pass.take(layer.reduceWeight, first: [b.squeeze!, b.middle]).transposed(),
            bias: pass.take(layer.reduceBias, first: [b.squeeze!])),
          expand: Dense(
            weight: pass.take(layer.expandWeight, first: [b.middle, b.squeeze!]).transposed(),
            bias: pass.take(layer.expandBias, first: [b.middle])), gate: layer.configuration.gate)
      }
      let project = unit(source.project, inputs: b.middle, outputs: b.outputs, side: 1)
      var shortcut: MaterializedNetwork.Unit?
      if case .projection(_, true, _) = b.addition { shortcut = unit(source.shortcut!, inputs: b.inputs, outputs: b.outputs, side: 1) }
      return MaterializedNetwork.Block(
        expand: expand, middle: middle, squeeze: squeeze, project: project, shortcut: shortcut, addition: b.addition,
        activation: b.kind == .bottleneck ? source.configuration.activation : .identity)
    }

    func dense(_ source: ElasticDense, inputs: Int, outputs: Int) -> Dense {
      Dense(
        weight: pass.take(source.weight, first: [outputs, inputs]).transposed(), bias: source.bias.map { pass.take($0, first: [outputs]) })
    }

    let sources = subnet.stem.count == stem.count ? stem : [stem[0], stem[2]]
    let stemUnits = zip(sources, subnet.stem).map { unit($0, inputs: $1.inputs, outputs: $1.outputs, side: $1.kernel) }
    let blocks = subnet.blocks.map { block(stages[$0.stage][$0.index], $0) }
    let head = head.map { unit($0, inputs: subnet.head!.inputs, outputs: subnet.head!.outputs, side: 1) }
    let network = MaterializedNetwork(
      resolution: subnet.resolution, stem: stemUnits, poolsStem: subnet.poolsStem, blocks: blocks, head: head,
      mixing: mixing.map { dense($0, inputs: subnet.pooledChannels, outputs: subnet.mixing!) },
      mixingActivation: design.configuration.head.mixingActivation, dropout: Dropout(design.configuration.head.dropout),
      classifier: dense(classifier, inputs: subnet.features, outputs: subnet.classCount))
    network.copyParameters()
    return network
  }
}

extension MaterializedNetwork {
  /// Gives every parameter memory of its own, apart from the supernet's.
  func copyParameters() {
    let values = namedParameters.map { $0.parameter.value * 1 }
    evaluate(values)
    for (named, value) in zip(namedParameters, values) { named.parameter.assign(value) }
  }
}
