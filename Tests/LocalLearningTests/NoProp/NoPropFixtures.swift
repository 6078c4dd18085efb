import Layers
import LocalLearning
import Tensors

/// Small data and models that the tests of NoProp share.
enum NoPropFixtures {
  static let classes = 4
  static let inputs = 6

  /// Noisy points around one centre a class.
  static func data(_ count: Int, seed: Int, dtype: DType = .float32) -> (images: Tensor, labels: Tensor) {
    var random = RandomStream(seed: seed)
    let centres = Tensor.normal([classes, inputs], key: RandomStream.key(of: 99), dtype: dtype)
    let labels = Tensor.integers([count], in: 0..<classes, key: random.next())
    let images = centres.gathered(labels) + Tensor.normal([count, inputs], key: random.next(), standardDeviation: 0.3, dtype: dtype)
    evaluate(images, labels)
    return (images, labels)
  }

  static func chain(
    steps: Int, embedding: LabelEmbedding? = nil, seed: Int = 1
  ) throws -> DiscreteTimeNoProp<PerceptronBlock> {
    var random = RandomStream(seed: seed)
    let embedding = embedding ?? .oneHot(classCount: classes)
    let blocks = (0..<steps).map { _ in
      PerceptronBlock(inputs: inputs, width: embedding.width, hidden: 16, classCount: classes, random: &random)
    }
    return try DiscreteTimeNoProp(
      schedule: .cosine(steps: steps), embedding: embedding, blocks: blocks,
      readout: ClassReadout(width: embedding.width, classCount: classes, random: &random))
  }

  static func timedBlock(width: Int = classes, seed: Int = 2) -> TimedPerceptronBlock {
    var random = RandomStream(seed: seed)
    return TimedPerceptronBlock(
      inputs: inputs, width: width, hidden: 16, classCount: classes, timeEmbedding: TimeEmbedding(size: 8), random: &random)
  }

  static func learnedEmbedding(width: Int = 3) -> LabelEmbedding {
    var random = RandomStream(seed: 5)
    return .orthogonal(classCount: classes, width: width, random: &random)
  }

  static func readout(_ embedding: LabelEmbedding, radialDeviation: Double? = nil) throws -> ClassReadout {
    var random = RandomStream(seed: 7)
    return try ClassReadout(width: embedding.width, classCount: classes, radialDeviation: radialDeviation, random: &random)
  }

  /// The readout whose scores are the products with the embeddings: head = W^T.
  static func transposedReadout(_ embedding: LabelEmbedding) throws -> ClassReadout {
    try ClassReadout(
      linear: Dense(weight: embedding.weight.value.transposed(), bias: Tensor.zeros([embedding.classCount], dtype: embedding.weight.dtype)))
  }

  static func schedule(ends: ClosedRange<Double> = -4...4, dtype: DType = .float64) throws -> LearnedNoiseSchedule {
    var random = RandomStream(seed: 11)
    return try LearnedNoiseSchedule(units: 16, ends: ends, random: &random, dtype: dtype)
  }
}

extension RandomStream {
  static func key(of seed: Int) -> Tensor {
    var random = RandomStream(seed: seed)
    return random.next()
  }
}

extension Module {
  /// The bytes of every parameter and statistic, by name.
  var bytes: [String: [UInt8]] {
    Dictionary(uniqueKeysWithValues: namedParameters.map { ($0.name, $0.parameter.value.withBytes { Array($0) }) })
  }

  /// Double precision throughout, for checks against differences.
  func converted() -> Self {
    convert(to: .float64)
    materialize()
    return self
  }
}

/// The largest relative difference between the gradients of `loss` and central differences, over every element of some parameters.
func largestGradientError(_ parameters: [Parameter], gradients: [Tensor?]? = nil, step h: Double = 1e-5, loss: () -> Tensor) -> Double {
  let ours = gradients ?? loss().gradients(withRespectTo: parameters.map(\.value)).map { $0 }
  evaluate(ours.compactMap { $0 })
  var worst = 0.0
  for (parameter, gradient) in zip(parameters, ours) {
    let start = parameter.value.array(of: Double.self)
    let slope = gradient?.array(of: Double.self) ?? start.map { _ in 0 }
    var numeric: [Double] = []
    for index in start.indices {
      func value(_ shift: Double) -> Double {
        var moved = start
        moved[index] += shift
        parameter.assign(Tensor(moved, shape: parameter.shape))
        return loss().scalar(as: Double.self)
      }
      numeric.append((value(h) - value(-h)) / (2 * h))
    }
    parameter.assign(Tensor(start, shape: parameter.shape))
    let size = max((numeric.reduce(0) { $0 + $1 * $1 } / Double(numeric.count)).squareRoot(), 1e-6)
    for (a, b) in zip(slope, numeric) { worst = max(worst, abs(a - b) / max(abs(b), size)) }
  }
  return worst
}
