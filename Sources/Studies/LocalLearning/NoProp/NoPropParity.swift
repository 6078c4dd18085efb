import Layers
import LocalLearning
import Tensors

/// Runs the library on the inputs and parameters of a parity case, in double precision, and compares what comes out.
///
/// The blocks of a case are perceptrons. Linear weights of a case are (outputs, inputs), ours (inputs, outputs).
package struct NoPropParity {
  private var parity: Parity
  private let batch: Int
  private let inputs: Int
  private let classes: Int
  private let width: Int
  private let hidden: Int
  private let images: Tensor
  private let labels: Tensor

  private static let forward = 1e-5
  private static let backward = 1e-4

  package static func tensors(of file: SafetensorsFile) throws -> [ParityTensor] {
    var parity = try NoPropParity(file)
    try parity.compareDiscreteTime()
    try parity.compareContinuousTime()
    try parity.compareFlowMatching()
    return parity.parity.tensors
  }

  private init(_ file: SafetensorsFile) throws {
    parity = Parity(file)
    batch = try parity.integer("B")
    inputs = try parity.integer("Dx")
    classes = try parity.integer("C")
    width = try parity.integer("d")
    hidden = try parity.integer("H")
    images = try parity.tensor("in.x", shape: [batch, inputs]).cast(to: .float64)
    labels = try parity.tensor("in.y", shape: [batch]).cast(to: .int64)
    for (position, label) in labels.array(of: Int64.self).enumerated() where label < 0 || label >= classes {
      throw FileFormatError(
        path: file.url.path, at: .field("in.y"), found: "label \(label) at \(position)", expected: "labels from 0 to \(classes - 1)")
    }
  }

  // MARK: Discrete time

  private mutating func compareDiscreteTime() throws {
    let steps = try parity.integer("T", in: 1...10_000)
    let weight = try parity.number("eta_dt")
    let schedule = try NoiseSchedule.cosine(steps: steps, offset: parity.number("cosine_s"), clip: parity.number("clip"))
    let blocks = try (1...steps).map { k in
      let name = "param.dt.block\(k)"
      return PerceptronBlock(
        image: try linear("\(name).x", inputs, hidden), state: try linear("\(name).z", width, hidden),
        joint: try linear("\(name).f1", 2 * hidden, hidden), output: try linear("\(name).f2", hidden, classes))
    }
    let model = try DiscreteTimeNoProp(schedule: schedule, embedding: embedding(), blocks: blocks, readout: readout())

    try compare("out.dt.alpha_bar", Tensor(schedule.alphaBar))
    try compare("out.dt.snr", Tensor((0...steps).map(schedule.signalToNoise)))
    try compare("out.dt.alpha", Tensor((0..<steps).map(schedule.alpha)))
    let posteriors = (1...steps).map(schedule.posterior)
    try compare("out.dt.a", Tensor(posteriors.map(\.a)))
    try compare("out.dt.b", Tensor(posteriors.map(\.b)))
    try compare("out.dt.c", Tensor(posteriors.map(\.c)))

    let noise = try double("in.dt.eps", [steps, batch, width])
    let finalNoise = try double("in.dt.eps_T", [batch, width])
    func loss(_ t: Int) -> DenoisingLoss {
      model.objective(
        block: t, images: images, labels: labels, noise: noise[t - 1], finalNoise: finalNoise, weight: weight, fixesTarget: false)
    }
    let losses = (1...steps).map(loss)
    try compare("out.dt.ce", losses[0].crossEntropy.reshaped(to: [1] as Shape))
    try compare("out.dt.kl", losses[0].divergence.reshaped(to: [1] as Shape))
    try compare("out.dt.denoise", Tensor.stack(losses.map(\.denoising)))
    try compare("out.dt.total", Tensor.stack(losses.map(\.total)))

    for t in Set([1, steps]).sorted() {
      let block = model.blocks[t - 1]
      try compareGradients(
        "grad.dt.block\(t)", of: loss(t).total,
        layers: [("x", block.image), ("z", block.state), ("f1", block.joint), ("f2", block.output), ("out", model.readout.linear)],
        others: [("w_embed", model.embedding.weight)])
    }

    let start = try double("in.dt.z0", [batch, width])
    let inferenceNoise = try double("in.dt.infer_eps", [steps, batch, width])
    let trajectory = model.trajectory(features: model.features(of: images), start: start) { inferenceNoise[$0 - 1] }
    try compare("out.dt.trajectory", Tensor.stack(trajectory))
    let end = trajectory[steps - 1]
    try compare("out.dt.infer_logits", model.readout.logits(end, model.embedding))
    let deviation = try parity.number("radial_sigma")
    try compare("out.dt.radial_logprob", model.readout.radialLogProbabilities(end, model.embedding, deviation: deviation))
  }

  // MARK: Continuous time

  private mutating func compareContinuousTime() throws {
    let units = try parity.integer("Hg")
    let schedule = try LearnedNoiseSchedule(
      inputWeight: double("param.gamma.w", [units]), bias: double("param.gamma.b", [units]), outputWeight: double("param.gamma.v", [units]),
      gamma0: double("param.gamma.gamma0", nil), gamma1: double("param.gamma.gamma1", nil))
    let steps = try parity.integer("N_infer", in: 1...100_000)
    let model = try ContinuousTimeNoProp(
      schedule: schedule, embedding: embedding(), block: timedBlock("param.ct.block"), readout: readout(),
      settings: .init(weight: parity.number("eta_ct"), endLimit: nil, steps: steps))

    let time = try double("in.ct.t", [batch])
    let level = schedule(at: time)
    try compare("out.ct.gamma", level.gamma)
    try compare("out.ct.alpha_bar", level.alphaBar)
    try compare("out.ct.snr_prime", level.signalToNoiseDerivative)
    // The case keeps times in single precision: half a unit in the last place, 3e-8, times the scale is what the angles are off by.
    try parity.compare(
      "out.pos_emb", model.block.timeEmbedding(time), tolerance: max(Self.forward, 6e-8 * model.block.timeEmbedding.scale))

    let noise = try double("in.ct.eps_t", [batch, width])
    let finalNoise = try double("in.ct.eps_1", [batch, width])
    let state = model.noised(model.embedding(labels), at: level, noise: noise)
    try compare("out.ct.u_hat", model.prediction(features: model.block.features(of: images), state: state, time: time))
    let loss = model.objective(images: images, labels: labels, time: time, noise: noise, finalNoise: finalNoise)
    // Derivatives first: computing a value lets go of how it was computed.
    try compareGradients(
      "grad.ct", of: loss.total, layers: layers(of: model.block) + [("out", model.readout.linear)],
      others: [
        ("w_embed", model.embedding.weight), ("gamma.w", schedule.inputWeight), ("gamma.b", schedule.bias),
        ("gamma.v", schedule.outputWeight), ("gamma.gamma0", schedule.gamma0), ("gamma.gamma1", schedule.gamma1),
      ])
    try compare("out.ct.losses", Tensor.stack([loss.denoising, loss.crossEntropy, loss.divergence, loss.total]))

    let inferenceNoise = try double("in.ct.infer_eps", [steps, batch, width])
    var trajectory: [Tensor] = []
    let end = model.integrate(
      features: model.block.features(of: images), start: try double("in.ct.z0", [batch, width]), steps: steps, rule: .sampled,
      noise: { inferenceNoise[$0] }, visit: { trajectory.append($0) })
    try compare("out.ct.trajectory", Tensor.stack(trajectory))
    try compare("out.ct.infer_logits", model.readout.logits(end, model.embedding))
  }

  // MARK: Flow matching

  private mutating func compareFlowMatching() throws {
    let steps = try parity.integer("N_infer", in: 1...100_000)
    let deviation = try parity.number("fm_sigma")
    let model = try FlowMatchingNoProp(
      embedding: embedding(), block: timedBlock("param.fm.block"), readout: readout(), settings: .init(deviation: deviation, steps: steps))
    let loss = model.objective(
      images: images, labels: labels, start: try double("in.fm.z0", [batch, width]), time: try double("in.fm.t", [batch]),
      noise: deviation > 0 ? try double("in.fm.eps", [batch, width]) : nil)
    try compareGradients(
      "grad.fm", of: loss.total, layers: layers(of: model.block) + [("out", model.readout.linear)],
      others: [("w_embed", model.embedding.weight)])
    try compare("out.fm.v", loss.velocity)
    try compare("out.fm.z1_tilde", loss.end)
    try compare("out.fm.losses", Tensor.stack([loss.flow, loss.anchor, loss.total]))

    let end = model.integrate(
      features: model.block.features(of: images), start: try double("in.fm.infer_z0", [batch, width]), steps: steps, solver: .euler)
    try compare("out.fm.infer_z1", end)
    try compare("out.fm.sqdist", model.embedding.squaredDistances(end))
  }

  // MARK: Reading and comparing

  private func double(_ name: String, _ shape: [Int]?) throws -> Tensor { try parity.tensor(name, shape: shape).cast(to: .float64) }

  private func linear(_ name: String, _ inputs: Int, _ outputs: Int) throws -> Dense {
    Dense(weight: try double("\(name).weight", [outputs, inputs]).transposed(), bias: try double("\(name).bias", [outputs]))
  }

  private func embedding() throws -> LabelEmbedding {
    try LabelEmbedding(double("param.w_embed", [classes, width]), classCount: classes, isTrainable: true)
  }

  private func readout() throws -> ClassReadout { try ClassReadout(linear: linear("param.out", width, classes)) }

  private func timedBlock(_ name: String) throws -> TimedPerceptronBlock {
    let time = TimeEmbedding(size: try parity.integer("P"), scale: try parity.number("time_scale"))
    return TimedPerceptronBlock(
      image: try linear("\(name).x", inputs, hidden), state: try linear("\(name).z", width, hidden), timeEmbedding: time,
      time: try linear("\(name).t", time.size, hidden), joint: try linear("\(name).f1", 3 * hidden, hidden),
      output: try linear("\(name).f2", hidden, classes))
  }

  private func layers(of block: TimedPerceptronBlock) -> [(String, Dense)] {
    [("x", block.image), ("z", block.state), ("t", block.time), ("f1", block.joint), ("f2", block.output)]
  }

  private mutating func compare(_ name: String, _ ours: Tensor) throws { try parity.compare(name, ours, tolerance: Self.forward) }

  private mutating func compareGradients(
    _ prefix: String, of loss: Tensor, layers: [(String, Dense)], others: [(String, Parameter)]
  ) throws {
    var names: [String] = []
    var variables: [Tensor] = []
    for (name, layer) in layers {
      names += ["\(name).weight", "\(name).bias"]
      variables += [layer.weight.value, layer.bias!.value]
    }
    names += others.map { $0.0 }
    variables += others.map { $0.1.value }
    for (name, gradient) in zip(names, loss.gradients(withRespectTo: variables)) {
      let isMatrix = layers.contains { name == "\($0.0).weight" }
      try parity.compare("\(prefix).\(name)", isMatrix ? gradient.transposed() : gradient, tolerance: Self.backward)
    }
  }
}
