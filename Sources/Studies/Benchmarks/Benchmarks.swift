import Layers
import Tensors

/// The rows of the benchmark, with the shapes of the peers' script (Benchmarks/README.md), and rows of methods.
public enum Benchmarks {
  public static let all: [Benchmark] =
    [
      Benchmark("mlp-tiny", "32-64-64-10, ReLU, batch 32") { classification(perceptron([32, 64, 64, 10]), input: [32, 32]) },
      Benchmark("mlp", "784-512-512-10, ReLU, batch 128") { classification(perceptron([784, 512, 512, 10]), input: [128, 784]) },
      Benchmark("cnn", "two convolutions with max pooling, two dense layers, 128 x 28 x 28") {
        classification(convolutional(), input: [128, 28, 28, 1])
      },
      Benchmark("resnet20", "ResNet-20 with batch normalisation, 128 x 32 x 32 x 3") {
        classification(made { ResNet20(random: &$0) }, input: [128, 32, 32, 3])
      },
      Benchmark("mbconv", "six inverted residuals, depthwise 5 x 5, 128 x 32 x 32 x 3") {
        classification(made { MobileNet(random: &$0) }, input: [128, 32, 32, 3])
      },
      Benchmark("transformer", "4 pre-norm blocks of width 256, vocabulary 8192, 16 x 128 tokens, Adam") { transformer() },
      Benchmark("gcn", "two graph convolutions on 2708 nodes with 13264 entries, 1433 features, 16 hidden, 7 classes, Adam") {
        graphConvolution()
      },
      Benchmark("hopfield", "3 retrievals of 1024 queries among 4096 patterns of 512 numbers") { hopfield() },
      Benchmark("resnet20-infer-1", "inference, normalisation folded, one image") { inference(batch: 1) },
      Benchmark("resnet20-infer-128", "inference, normalisation folded, 128 images") { inference(batch: 128) },
      Benchmark("supernet-fresh", "the mbconv network, another random subnet each step", isFreshEachStep: true) { supernet() },
      Benchmark("product", "one product of 2048 x 2048 matrices: about the most the processor can do") { product() },
      Benchmark("small-ops", "200 chained operations on 64 numbers") { smallOperations() },
    ] + architectures + graphs + methods + sets

  public static func named(_ name: String) -> Benchmark? { all.first { $0.name == name } }
}

// MARK: - Rows

extension Benchmarks {
  private static func made<Network>(_ make: (inout RandomStream) -> Network) -> Network {
    var random = RandomStream(seed: 0)
    return make(&random)
  }

  /// A step of training on one batch of random inputs and labels, with SGD of rate 0.1 and momentum 0.9.
  private static func classification(_ network: some Layer, input: Shape) -> () -> Float {
    var random = RandomStream(seed: 1)
    let inputs = Tensor.normal(input, key: random.next())
    let labels = Tensor.integers([input[0]], in: 0..<10, key: random.next())
    evaluate([inputs, labels] + network.namedParameters.map(\.parameter.value))
    let optimizer = SGD(network.parameters, learningRate: 0.1, momentum: 0.9)
    return {
      withContext(.training) {
        optimizer.minimize(network(inputs).softmaxCrossEntropy(labels: labels).mean()).scalar()
      }
    }
  }

  private static func perceptron(_ widths: [Int]) -> some Layer {
    made { random in
      var layers: [any Layer] = []
      for (inputs, outputs) in zip(widths, widths.dropFirst()) {
        layers += [Dense(inputs: inputs, outputs: outputs, random: &random), Activation(.relu)]
      }
      return Sequential(Array(layers.dropLast()))
    }
  }

  private static func convolutional() -> some Layer {
    made { random in
      Sequential(
        Convolution(inputs: 1, outputs: 32, kernel: [3, 3], padding: .same, random: &random), Activation(.relu), MaxPool(window: [2, 2]),
        Convolution(inputs: 32, outputs: 64, kernel: [3, 3], padding: .same, random: &random), Activation(.relu), MaxPool(window: [2, 2]),
        Flatten(), Dense(inputs: 3136, outputs: 128, random: &random), Activation(.relu), Dense(inputs: 128, outputs: 10, random: &random))
    }
  }

  private static func transformer() -> () -> Float {
    let network = made {
      Transformer(vocabulary: 8192, width: 256, positions: 128, blocks: 4, heads: 4, inner: 1024, random: &$0)
    }
    var random = RandomStream(seed: 1)
    let tokens = Tensor.integers([16, 128], in: 0..<8192, key: random.next())
    let targets = Tensor.integers([16, 128], in: 0..<8192, key: random.next())
    evaluate([tokens, targets] + network.parameters.map(\.value))
    let optimizer = Adam(network.parameters, learningRate: 1e-3)
    return { optimizer.minimize(network(tokens).softmaxCrossEntropy(labels: targets).mean()).scalar() }
  }

  /// A relu(A (X W1 + b1)) W2 + b2 for a random graph of the size of Cora, over all of its nodes.
  private static func graphConvolution() -> () -> Float {
    let (nodes, features, hidden, classes) = (2708, 1433, 16, 7)
    let adjacency = normalizedAdjacency(nodes: nodes, edges: 5278)
    let (first, second) = made { random in
      (Dense(inputs: features, outputs: hidden, random: &random), Dense(inputs: hidden, outputs: classes, random: &random))
    }
    var random = RandomStream(seed: 1)
    let inputs = Tensor.normal([nodes, features], key: random.next())
    let labels = Tensor.integers([nodes], in: 0..<classes, key: random.next())
    let parameters = first.parameters + second.parameters
    evaluate([inputs, labels, adjacency.values] + parameters.map(\.value))
    let optimizer = Adam(parameters, learningRate: 1e-2)
    return {
      let scores = adjacency.matmul(second(adjacency.matmul(first(inputs)).relu()))
      return optimizer.minimize(scores.softmaxCrossEntropy(labels: labels).mean()).scalar()
    }
  }

  /// D^(-1/2) (A + I) D^(-1/2) of an undirected graph with distinct random edges, D holding the degrees.
  private static func normalizedAdjacency(nodes: Int, edges: Int) -> SparseMatrix {
    var draws = LinearCongruence(state: 5)
    var pairs: Set<[Int]> = []
    while pairs.count < edges {
      let (a, b) = (draws.next(below: nodes), draws.next(below: nodes))
      if a != b { pairs.insert([min(a, b), max(a, b)]) }
    }
    let entries = (pairs.flatMap { [($0[0], $0[1]), ($0[1], $0[0])] } + (0..<nodes).map { ($0, $0) }).sorted { $0 < $1 }
    var degrees = [Double](repeating: 0, count: nodes)
    for entry in entries { degrees[entry.0] += 1 }
    let values = entries.map { Float(1 / (degrees[$0.0] * degrees[$0.1]).squareRoot()) }
    do {
      return try SparseMatrix(rows: nodes, columns: nodes, entries: entries.map { (row: $0.0, column: $0.1) }, values: Tensor(values))
    } catch {
      preconditionFailure("benchmark gcn: \(error)")
    }
  }

  private static func hopfield() -> () -> Float {
    var random = RandomStream(seed: 1)
    let queries = Tensor.normal([1024, 512], key: random.next())
    let patterns = Tensor.normal([4096, 512], key: random.next())
    evaluate(queries, patterns)
    return {
      var state = queries
      for _ in 0..<3 { state = (state.matmul(patterns.transposed()) * 0.05).softmax().matmul(patterns) }
      return finished(state)
    }
  }

  private static func product() -> () -> Float {
    var random = RandomStream(seed: 1)
    let matrices = (0..<2).map { _ in Tensor.normal([2048, 2048], key: random.next()) }
    evaluate(matrices)
    return { finished(matrices[0].matmul(matrices[1])) }
  }

  private static func inference(batch: Int) -> () -> Float {
    let network = made { FoldedResNet20(ResNet20(random: &$0)) }
    var random = RandomStream(seed: 1)
    let inputs = Tensor.normal([batch, 32, 32, 3], key: random.next())
    evaluate([inputs] + network.parameters.map(\.value))
    return { finished(network(inputs)) }
  }

  /// Computes all of `result` and gives its first number.
  private static func finished(_ result: Tensor) -> Float { result.withBytes { $0.loadUnaligned(as: Float.self) } }

  private static func supernet() -> () -> Float {
    let network = made { MobileNet(random: &$0) }
    var random = RandomStream(seed: 1)
    let inputs = Tensor.normal([128, 32, 32, 3], key: random.next())
    let labels = Tensor.integers([128], in: 0..<10, key: random.next())
    evaluate([inputs, labels] + network.namedParameters.map(\.parameter.value))
    let optimizer = SGD(network.parameters, learningRate: 0.1, momentum: 0.9)
    var draws = LinearCongruence(state: 7)
    return {
      var subnet: [(block: Int, expansion: Int, kernel: Int)] = []
      for stage in 0..<3 {
        for position in 0..<(1 + draws.next(below: 2)) {
          subnet.append((2 * stage + position, 2 + draws.next(below: 3), 3 + 2 * draws.next(below: 2)))
        }
      }
      return withContext(.training) {
        let loss = network(inputs, subnet: subnet).softmaxCrossEntropy(labels: labels).mean()
        // What a subnet leaves out takes no part in the step.
        let used = Set(subnet.map(\.block)).flatMap { network.blocks[$0].parameters } + network.stem.parameters + network.head.parameters
        let identities = Set(used.map { ObjectIdentifier($0) })
        let positions = optimizer.parameters.indices.filter { identities.contains(ObjectIdentifier(optimizer.parameters[$0])) }
        let derivatives = loss.gradients(withRespectTo: positions.map { optimizer.parameters[$0].value })
        var gradients = [Tensor?](repeating: nil, count: optimizer.parameters.count)
        for (position, derivative) in zip(positions, derivatives) { gradients[position] = derivative }
        optimizer.step(gradients: gradients)
        return loss.scalar()
      }
    }
  }

  private static func smallOperations() -> () -> Float {
    var random = RandomStream(seed: 1)
    let start = Tensor.normal([64], key: random.next())
    let shift = Tensor.normal([64], key: random.next())
    evaluate(start, shift)
    return {
      var x = start
      for _ in 0..<40 {
        x = (x * 1.01 + shift).tanh()
        x = x - x.mean()
      }
      return finished(x)
    }
  }
}

/// Small numbers in a fixed order, for choosing subnets.
private struct LinearCongruence {
  var state: UInt64
  mutating func next(below bound: Int) -> Int {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int(state >> 33) % bound
  }
}
