import Foundation
import Graphs
import Tensors
import Testing

@Suite struct SheafLaplacianTests {
  /// Ten nodes, one of them alone.
  private func graph() throws -> UndirectedGraph {
    try UndirectedGraph(
      nodeCount: 10, edges: [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (6, 7), (7, 8), (0, 4), (1, 7), (2, 6), (0, 8)])
  }

  private func normal(_ shape: Shape, _ seed: Int) -> Tensor {
    var random = RandomStream(seed: seed)
    let value = Tensor.normal(shape, key: random.next(), dtype: .float64)
    evaluate(value)
    return value
  }

  private func maps(_ family: SheafFamily, _ graph: UndirectedGraph, d: Int) -> RestrictionMaps {
    switch family {
    case .diagonal: return RestrictionMaps(lower: normal([graph.edgeCount, d], 1), upper: normal([graph.edgeCount, d], 2))
    case .general: return RestrictionMaps(lower: normal([graph.edgeCount, d, d], 3), upper: normal([graph.edgeCount, d, d], 4))
    case .identity: return .identity(edges: graph.edgeCount, stalkWidth: d, dtype: .float64)
    case .orthogonal:
      let count = OrthogonalMap.householder.parameterCount(d)
      func matrices(_ seed: Int) -> Tensor { OrthogonalMap.householder.matrices(normal([graph.edgeCount, count], seed), size: d) }
      return RestrictionMaps(lower: matrices(5), upper: matrices(6))
    }
  }

  /// delta, (edges d, nodes d), as the definition has it.
  private func coboundary(_ maps: RestrictionMaps, _ graph: UndirectedGraph) -> Tensor {
    let d = maps.stalkWidth
    let matrices = maps.asMatrices
    var rows = [Double](repeating: 0, count: graph.edgeCount * d * graph.nodeCount * d)
    let (lower, upper) = (matrices.lower.array(of: Double.self), matrices.upper.array(of: Double.self))
    for (number, edge) in graph.edges.enumerated() {
      for i in 0..<d {
        for j in 0..<d {
          let row = (number * d + i) * graph.nodeCount * d
          rows[row + edge.upper * d + j] = upper[(number * d + i) * d + j]
          rows[row + edge.lower * d + j] = -lower[(number * d + i) * d + j]
        }
      }
    }
    return Tensor(rows, shape: [graph.edgeCount * d, graph.nodeCount * d])
  }

  private func largest(_ x: Tensor) -> Double { x.abs().max().scalar(as: Double.self) }

  @Test(arguments: SheafFamily.allCases) func `the sparse Laplacian is that of the definition`(family: SheafFamily) throws {
    let graph = try graph()
    let maps = maps(family, graph, d: 3)
    let pattern = SheafPattern(graph, learnedWidth: 3, isDiagonal: maps.isDiagonal)
    let plain = SheafLaplacian(
      pattern, maps: maps, areOrthogonal: family == .orthogonal, normalization: SheafNormalization(isNormalized: false))
    let delta = coboundary(maps, graph)
    let dense = delta.transposed().matmul(delta)
    #expect(largest(plain.dense() - dense) < 1e-12)

    // x^T L x is the sum of squared differences after transport.
    let x = normal([10, 3, 2], 7)
    let differences = delta.matmul(x.reshaped(to: [30, 2])).square().sum().scalar(as: Double.self)
    #expect(abs(plain.energy(x).scalar(as: Double.self) - differences) < 1e-5 * differences)
    #expect(largest(plain(x).reshaped(to: [30, 2]) - dense.matmul(x.reshaped(to: [30, 2]))) < 1e-11)

    // Normalised: symmetric, spectrum in [0, 2), and D^(-1/2) L D^(-1/2).
    let scaled = SheafLaplacian(pattern, maps: maps, areOrthogonal: family == .orthogonal).dense()
    #expect(largest(scaled - scaled.transposed()) < 1e-6)
    let values = scaled.eigh().values.array(of: Double.self)
    #expect(values.first! > -1e-6 && values.last! < 2)
    var roots = [Double](repeating: 0, count: 30 * 30)
    for node in 0..<10 {
      let block = dense[(node * 3)..<(node * 3 + 3), (node * 3)..<(node * 3 + 3)] + Tensor.identity(3, dtype: .float64)
      let (values, vectors) = block.eigh()
      let root = (vectors * values.rsqrt().expandingShape(at: 0)).matmul(vectors.transposed()).array(of: Double.self)
      for i in 0..<3 { for j in 0..<3 { roots[(node * 3 + i) * 30 + node * 3 + j] = root[i * 3 + j] } }
    }
    let root = Tensor(roots, shape: [30, 30])
    #expect(largest(root.matmul(dense).matmul(root) - scaled) < 1e-10)
  }

  @Test(arguments: [SheafFamily.diagonal, .orthogonal, .general])
  func `without the identity in D an isolated node gives zeros, and no NaN`(family: SheafFamily) throws {
    let graph = try graph()
    let maps = maps(family, graph, d: 2)
    let pattern = SheafPattern(graph, learnedWidth: 2, fixedSigns: [1, -1], isDiagonal: maps.isDiagonal)
    for usesDegrees in [false, true] {
      let laplacian = SheafLaplacian(
        pattern, maps: maps, areOrthogonal: family == .orthogonal,
        normalization: SheafNormalization(isAugmented: false, usesDegrees: usesDegrees)
      ).dense()
      #expect(laplacian.isFinite().all().scalar(as: Bool.self))
      #expect(largest(laplacian[36...]) == 0)
      #expect(largest(laplacian - laplacian.transposed()) < 1e-9)
    }
  }

  @Test func `with trivial maps it is the Laplacian of graph convolutions, d times`() throws {
    let graph = try graph()
    let one = SheafLaplacian(
      SheafPattern(graph, learnedWidth: 1, isDiagonal: true), maps: .identity(edges: graph.edgeCount, stalkWidth: 1, dtype: .float64)
    ).dense().array(of: Double.self)
    for a in 0..<10 {
      for b in 0..<10 {
        let scale = 1 / Double((graph.degrees[a] + 1) * (graph.degrees[b] + 1)).squareRoot()
        let isEdge = graph.edges.contains { $0.lower == min(a, b) && $0.upper == max(a, b) }
        let expected = (a == b ? Double(graph.degrees[a]) : isEdge ? -1 : 0) * scale
        #expect(abs(one[a * 10 + b] - expected) < 1e-15)
      }
    }
    let two = SheafLaplacian(
      SheafPattern(graph, learnedWidth: 2, isDiagonal: true), maps: .identity(edges: graph.edgeCount, stalkWidth: 2, dtype: .float64))
    let single = SheafLaplacian(
      SheafPattern(graph, learnedWidth: 1, isDiagonal: true), maps: .identity(edges: graph.edgeCount, stalkWidth: 1, dtype: .float64))
    let x = normal([10, 2, 3], 8)
    for stalk in 0..<2 {
      #expect(largest(two(x)[.all, stalk..<(stalk + 1)] - single(x[.all, stalk..<(stalk + 1)])) < 1e-14)
    }
  }

  @Test func `fixed coordinates are the graph's Laplacian and its signless one`() throws {
    let graph = try graph()
    let pattern = SheafPattern(graph, learnedWidth: 1, fixedSigns: [1, -1], isDiagonal: true)
    let dense = SheafLaplacian(pattern, maps: maps(.diagonal, graph, d: 1)).dense()
    let trivial = SheafLaplacian(
      SheafPattern(graph, learnedWidth: 1, isDiagonal: true), maps: .identity(edges: graph.edgeCount, stalkWidth: 1, dtype: .float64)
    ).dense()
    func coordinate(_ k: Int) -> Tensor {
      dense[TensorIndex.range(from: k, to: nil, step: 3), TensorIndex.range(from: k, to: nil, step: 3)]
    }
    #expect(largest(coordinate(2) - trivial) < 1e-15)
    #expect(largest(coordinate(1).abs() - trivial.abs()) < 1e-15 && coordinate(1).min().scalar(as: Double.self) >= 0)
  }

  @Test func `derivatives of the Laplacian agree with differences, also where eigenvalues repeat`() throws {
    let graph = try graph()
    for family in [SheafFamily.diagonal, .general] {
      let pattern = SheafPattern(graph, learnedWidth: 2, isDiagonal: family == .diagonal)
      let x = normal([10, 2, 3], 9)
      // Equal maps at both ends of all edges: every block of D is a multiple of the identity.
      let identity =
        family == .diagonal
        ? Tensor.ones([graph.edgeCount, 2], dtype: .float64)
        : Tensor.identity(2, dtype: .float64).broadcast(to: [graph.edgeCount, 2, 2])
      for start in [maps(family, graph, d: 2).lower, identity * 0.4] {
        evaluate(start)
        let other = maps(family, graph, d: 2).upper * 0.3
        func loss(_ lower: Tensor) -> Tensor {
          let laplacian = SheafLaplacian(pattern, maps: RestrictionMaps(lower: lower, upper: lower * 0.5 + other))
          return (laplacian(x) * x.square()).sum()
        }
        let gradient = loss(start).gradients(withRespectTo: [start])[0]
        let direction = normal(start.shape, 10)
        let h = 1e-5
        let numeric = (loss(start + direction * h) - loss(start - direction * h)).scalar(as: Double.self) / (2 * h)
        let analytic = (gradient * direction).sum().scalar(as: Double.self)
        #expect(abs(numeric - analytic) < 1e-5 * max(abs(numeric), 1e-3), "\(family): \(numeric) \(analytic)")
      }
    }
  }

  // MARK: Orthogonal maps

  @Test(arguments: [
    (OrthogonalMap.householder, 2), (.householder, 4), (.cayley, 3), (.matrixExponential, 3), (.matrixExponential, 4), (.euler, 2),
    (.euler, 3),
  ])
  func `maps are orthogonal, and their derivatives agree with differences`(map: OrthogonalMap, d: Int) {
    let parameters = normal([5, map.parameterCount(d)], 11).tanh()
    evaluate(parameters)
    let q = map.matrices(parameters, size: d)
    let identity = Tensor.identity(d, dtype: .float64)
    #expect(largest(q.transposed().matmul(q) - identity) < 1e-12)
    let single = map.matrices(parameters.cast(to: .float32), size: d)
    #expect((single.transposed().matmul(single) - Tensor.identity(d)).abs().max().scalar() < 1e-5)
    let determinants = q.determinant().array(of: Double.self)
    let expected = map == .householder && d % 2 == 1 ? -1.0 : 1
    for determinant in determinants { #expect(abs(determinant - expected) < 1e-10) }

    let weights = normal([5, d, d], 12)
    let gradient = (map.matrices(parameters, size: d) * weights).sum().gradients(withRespectTo: [parameters])[0]
    let direction = normal(parameters.shape, 13)
    let h = 1e-6
    func value(_ p: Tensor) -> Double { (map.matrices(p, size: d) * weights).sum().scalar(as: Double.self) }
    let numeric = (value(parameters + direction * h) - value(parameters - direction * h)) / (2 * h)
    let analytic = (gradient * direction).sum().scalar(as: Double.self)
    #expect(abs(numeric - analytic) < 1e-3 * abs(numeric), "\(numeric) \(analytic)")
  }

  @Test func `the exponential of a large matrix is exact`() {
    // A rotation by 40 radians.
    let parameters = Tensor([0, 40, 0] as [Double], shape: [1, 3])
    let q = OrthogonalMap.matrixExponential.matrices(parameters, size: 2)
    #expect(abs(q[0, 0, 0].scalar(as: Double.self) - cos(40.0)) < 1e-9 && abs(q[0, 1, 0].scalar(as: Double.self) - sin(40.0)) < 1e-9)
  }

  // MARK: Theory

  /// Two parts of equal size, connected.
  private func bipartite() throws -> (UndirectedGraph, [Int]) {
    let size = 20
    let edges = (0..<size).flatMap { a in [1, 3, 4, 8].map { (a, size + (a + $0) % size) } }
    return (try UndirectedGraph(nodeCount: 2 * size, edges: edges), (0..<2 * size).map { $0 / size })
  }

  private func told(_ graph: UndirectedGraph, _ maps: RestrictionMaps, _ labels: [Int], classes: Int) -> Double {
    let laplacian = SheafLaplacian(SheafPattern(graph, learnedWidth: maps.stalkWidth, isDiagonal: maps.isDiagonal), maps: maps)
    let start = normal([graph.nodeCount, maps.stalkWidth, 1], 14)
    let signal = laplacian.diffused(start, count: 1500).squeezed(2)
    return OracleSheaves.separability(signal, labels: labels, classes: classes)
  }

  @Test func `sheaves from labels separate what the graph does not`() throws {
    let (graph, labels) = try bipartite()
    #expect(graph.isConnected && graph.homophily(labels: labels) == 0)
    #expect(told(graph, OracleSheaves.signed(graph, labels: labels), labels, classes: 2) == 1)
    #expect(told(graph, .identity(edges: graph.edgeCount, stalkWidth: 1, dtype: .float64), labels, classes: 2) <= 0.65)
    var random = RandomStream(seed: 15)
    #expect(told(graph, OracleSheaves.positive(graph, key: random.next()), labels, classes: 2) <= 0.65)

    let four = (0..<graph.nodeCount).map { $0 * 7 % 4 }
    #expect(told(graph, OracleSheaves.rotations(graph, labels: four, classes: 4), four, classes: 4) == 1)
    let three = (0..<graph.nodeCount).map { $0 * 7 % 3 }
    #expect(told(graph, OracleSheaves.diagonal(graph, labels: three, classes: 3), three, classes: 3) == 1)
    #expect(told(graph, OracleSheaves.signed(graph, labels: three), three, classes: 3) < 1)
  }

  @Test func `one layer of a positive sheaf of one dimension bounds the energy`() throws {
    let graph = try graph()
    var random = RandomStream(seed: 16)
    let laplacian = SheafLaplacian(
      SheafPattern(graph, learnedWidth: 1, isDiagonal: true), maps: OracleSheaves.positive(graph, key: random.next()))
    let values = laplacian.dense().eigh().values.array(of: Double.self).filter { $0 > 1e-9 }
    let factor = values.map { ($0 - 1) * ($0 - 1) }.max()!
    for seed in 0..<20 {
      let x = normal([10, 1, 4], 20 + seed)
      let w = normal([4, 4], 60 + seed)
      let next = (x - laplacian(x)).matmul(w).relu()
      let bound = factor * w.singularValues().max().square().scalar(as: Double.self) * laplacian.energy(x).scalar(as: Double.self)
      #expect(laplacian.energy(next).scalar(as: Double.self) <= bound + 1e-9)
    }
  }
}
