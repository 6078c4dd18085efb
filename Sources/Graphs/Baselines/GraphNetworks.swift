import Layers
import Tensors

/// A multi-layer perceptron on the features of nodes alone: dropout before each linear layer, ReLU between.
public struct NodePerceptron: Module {
  public let layers: [Dense]
  public let inputDropout: Dropout
  public let dropout: Dropout

  /// - Parameter inputDropout: on the features; as in the other layers by default.
  public init(
    inputs: Int, hidden: Int, classes: Int, depth: Int = 2, dropout: Double = 0.5, inputDropout: Double? = nil, random: inout RandomStream
  ) {
    precondition(depth >= 1, "NodePerceptron: a depth of \(depth), at least 1 is needed")
    let widths = [inputs] + Array(repeating: hidden, count: depth - 1) + [classes]
    layers = zip(widths, widths.dropFirst()).map { Dense(inputs: $0, outputs: $1, random: &random) }
    self.inputDropout = Dropout(inputDropout ?? dropout)
    self.dropout = Dropout(dropout)
  }

  /// (nodes, inputs) gives logits (nodes, classes).
  public func callAsFunction(_ x: Tensor) -> Tensor {
    layers.enumerated().reduce(x) { x, layer in
      let dropping = layer.offset == 0 ? inputDropout : dropout
      let y = layer.element(dropping(x))
      return layer.offset == layers.count - 1 ? y : y.relu()
    }
  }
}

/// D^(-1/2) (A + I) D^(-1/2) with the degrees of A + I (Kipf and Welling, 2017).
public struct NormalizedAdjacency: Sendable {
  public let graph: UndirectedGraph
  public let matrix: SparseMatrix

  public init(_ graph: UndirectedGraph) {
    self.graph = graph
    let entries = (graph.edges.flatMap { [($0.lower, $0.upper), ($0.upper, $0.lower)] } + (0..<graph.nodeCount).map { ($0, $0) })
      .sorted { $0 < $1 }
    let values = entries.map { Float(1 / (Double(graph.degrees[$0.0] + 1) * Double(graph.degrees[$0.1] + 1)).squareRoot()) }
    do {
      matrix = try SparseMatrix(
        rows: graph.nodeCount, columns: graph.nodeCount, entries: entries.map { (row: $0.0, column: $0.1) }, values: Tensor(values))
    } catch {
      preconditionFailure("NormalizedAdjacency: \(error)")
    }
  }
}

/// Graph convolutions (Kipf and Welling, 2017): x <- relu(A x W) in each layer, dropout before.
public struct GraphConvolutionNetwork: Module {
  public let layers: [Dense]
  public let inputDropout: Dropout
  public let dropout: Dropout

  /// - Parameter inputDropout: on the features; as in the other layers by default.
  public init(
    inputs: Int, hidden: Int, classes: Int, depth: Int = 2, dropout: Double = 0.5, inputDropout: Double? = nil, random: inout RandomStream
  ) {
    precondition(depth >= 1, "GraphConvolutionNetwork: a depth of \(depth), at least 1 is needed")
    let widths = [inputs] + Array(repeating: hidden, count: depth - 1) + [classes]
    layers = zip(widths, widths.dropFirst()).map {
      Dense(inputs: $0, outputs: $1, weights: .glorotUniform(), bias: .zeros, random: &random)
    }
    self.inputDropout = Dropout(inputDropout ?? dropout)
    self.dropout = Dropout(dropout)
  }

  /// (nodes, inputs) gives logits (nodes, classes).
  /// - Parameter visit: is given the state (nodes, width) after each layer.
  public func callAsFunction(_ x: Tensor, _ adjacency: NormalizedAdjacency, visit: ((Tensor) -> Void)? = nil) -> Tensor {
    layers.enumerated().reduce(x) { x, layer in
      let dropping = layer.offset == 0 ? inputDropout : dropout
      let weighted = dropping(x).matmul(layer.element.weight.value)
      var y = adjacency.matrix.matmul(weighted) + layer.element.bias!.value
      if layer.offset < layers.count - 1 { y = y.relu() }
      visit?(y)
      return y
    }
  }
}

/// Graph attention (Velickovic et al., 2018): in each layer neighbours, and the node itself, are weighed by softmax of leakyReLU(a^T [W x_u || W x_v]).
public struct GraphAttentionNetwork: Module {
  struct AttentionLayer: Module {
    let linear: Dense
    /// (heads, width): the halves of a.
    let own: Parameter
    let other: Parameter
    let heads: Int
  }

  let layers: [AttentionLayer]
  public let dropout: Dropout

  public init(inputs: Int, hidden: Int, classes: Int, heads: Int = 8, dropout: Double = 0.6, random: inout RandomStream) {
    func layer(_ inputs: Int, _ width: Int, _ heads: Int) -> AttentionLayer {
      let linear = Dense(inputs: inputs, outputs: width * heads, hasBias: false, weights: .glorotUniform(), random: &random)
      func half() -> Parameter {
        Parameter(Initializer.glorotUniform()([heads, width], fans: Fans(input: width, output: 1), random: &random))
      }
      return AttentionLayer(linear: linear, own: half(), other: half(), heads: heads)
    }
    layers = [layer(inputs, hidden, heads), layer(hidden * heads, classes, 1)]
    self.dropout = Dropout(dropout)
  }

  /// (nodes, inputs) gives logits (nodes, classes).
  public func callAsFunction(_ x: Tensor, _ graph: UndirectedGraph) -> Tensor {
    let nodes = Tensor.range(graph.nodeCount, dtype: .int64)
    let targets = Tensor.concatenate([graph.lower, graph.upper, nodes])
    let sources = Tensor.concatenate([graph.upper, graph.lower, nodes])
    var x = x
    for (number, layer) in layers.enumerated() {
      let h = layer.linear(dropout(x)).reshaped(to: [graph.nodeCount, layer.heads, -1])
      let (own, other) = ((h * layer.own.value).sum(axes: [2]), (h * layer.other.value).sum(axes: [2]))
      let scores = (own.gathered(targets) + other.gathered(sources)).leakyRelu(slope: 0.2)
      let peak = scores.stopGradient().segmentMax(targets, count: graph.nodeCount)
      let shares = (scores - peak.gathered(targets)).exp()
      let weights = dropout(shares / shares.segmentSum(targets, count: graph.nodeCount).gathered(targets))
      let mixed = (h.gathered(sources) * weights.expandingShape(at: 2)).segmentSum(targets, count: graph.nodeCount).flattened(from: 1)
      x = number == layers.count - 1 ? mixed : mixed.elu()
    }
    return x
  }
}
