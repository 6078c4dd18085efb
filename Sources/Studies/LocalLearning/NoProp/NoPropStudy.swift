import Layers
import LocalLearning
import Tensors
import Training

/// NoProp beside back-propagation through the same blocks, an adjoint neural ODE and a plain network (Li, Teh and Pascanu, 2025).
public enum NoPropStudy: Study {
  public static let card = StudyCard(
    slug: "noprop", title: "NoProp: Training Neural Networks without (Full) Back-propagation or Forward-propagation",
    authors: ["Qinyu Li", "Yee Whye Teh", "Razvan Pascanu"], year: 2025, source: "arXiv 2503.24322", family: .localLearning,
    problem: "Back-propagation must keep every layer's activations and wait for the whole network, at every step.",
    claim: "Blocks trained each on its own to denoise the label reach the accuracy of back-propagation, with the memory of one block.",
    data: [.labelledImages, .generated])

  public static func options(_ preset: Preset) -> NoPropOptions {
    switch preset {
    case .quick: .quick
    case .reduced: .reduced
    case .paper: .paper
    }
  }

  public static func run(_ options: NoPropOptions, _ run: StudyRun) throws -> Findings {
    let data = try LabelledImages(
      run.data, trainingExamples: options.trainingExamples, testExamples: options.testExamples, pooling: options.pooling, seed: run.seed)
    let results = try run.overSeeds(options.seeds) { seed in
      let training = NoPropTraining(options: options, data: data, run: run, seed: seed)
      let phase = run.progress.phase("network", of: options.variants.count)
      defer { phase.finish() }
      return try options.variants.map { variant in
        let result = try training.train(variant)
        phase.advance()
        return result
      }
    }
    try NoPropPredictor.save(results[0], options: options, data: data, to: run)
    let training = NoPropTraining(options: options, data: data, run: run, seed: run.seed)
    return try NoPropFindings(options: options, preset: run.preset, results: results, training: training).findings()
  }

  public static func verify(_ file: SafetensorsFile) throws -> [ParityTensor] { try NoPropParity.tensors(of: file) }

  public static func networks(_ options: NoPropOptions) throws -> [StudyNetwork] {
    let side = 28 / options.pooling
    let models = NoPropModels(options: options, imageShape: [side, side, 1], classCount: 10)
    var random = RandomStream(seed: 1)
    return try options.variants.filter { $0.embedding != .prototype }.map { variant in
      let embedding = try models.embedding(variant, images: { preconditionFailure("prototypes need images") }, random: &random)
      let classifier = try models.classifier(variant, embedding, random: &random)
      var noise = RandomStream(seed: 1)
      func network(_ classifier: some Classifier) -> StudyNetwork {
        StudyNetwork(variant.title, classifier) { [classifier.logits(of: Tensor.zeros([1, side, side, 1]), random: &noise)] }
      }
      return network(classifier)
    }
  }

  public static func predict(_ inputs: [String], with model: SavedModel<NoPropOptions>) throws -> [Prediction] {
    try NoPropPredictor(model).predict(inputs)
  }
}
