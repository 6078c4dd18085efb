import Foundation
import Tensors

/// Sheaves that separate classes by construction: the proofs of Bodnar et al. (2022, section 3) as code. Diffusion along them ends in signals from which a
/// linear read-out tells the classes.
public enum OracleSheaves {
  /// d = 1: maps +1 and -1 whose product is -1 on edges between classes. Separates any two classes.
  public static func signed(_ graph: UndirectedGraph, labels: [Int]) -> RestrictionMaps {
    let signs = graph.edges.map { labels[$0.lower] == labels[$0.upper] ? 1.0 : -1 }
    return RestrictionMaps(
      lower: .ones([graph.edgeCount, 1], dtype: .float64), upper: Tensor(signs, shape: [graph.edgeCount, 1]))
  }

  /// d = C, diagonal: coordinate c separates class c from the others by signs.
  public static func diagonal(_ graph: UndirectedGraph, labels: [Int], classes: Int) -> RestrictionMaps {
    let signs = graph.edges.flatMap { edge in
      (0..<classes).map { (labels[edge.lower] == $0) == (labels[edge.upper] == $0) ? 1.0 : -1 }
    }
    return RestrictionMaps(
      lower: .ones([graph.edgeCount, classes], dtype: .float64), upper: Tensor(signs, shape: [graph.edgeCount, classes]))
  }

  /// d = 2: rotations by which neighbours of classes a and b differ by the angle 2 pi (a - b) / C. Separates any number of classes.
  public static func rotations(_ graph: UndirectedGraph, labels: [Int], classes: Int) -> RestrictionMaps {
    func matrices(_ end: (UndirectedGraph.Edge) -> Int, _ other: (UndirectedGraph.Edge) -> Int) -> Tensor {
      let elements = graph.edges.flatMap { edge -> [Double] in
        // Half of the angle at each end.
        let angle = .pi / Double(classes) * Double(labels[other(edge)] - labels[end(edge)])
        return [cos(angle), -sin(angle), sin(angle), cos(angle)]
      }
      return Tensor(elements, shape: [graph.edgeCount, 2, 2])
    }
    return RestrictionMaps(lower: matrices({ $0.lower }, { $0.upper }), upper: matrices({ $0.upper }, { $0.lower }))
  }

  /// d = 1, symmetric and positive: both maps of an edge are the same number, at least 0.5 and at most 1.5. Separates nothing on a bipartite graph.
  public static func positive(_ graph: UndirectedGraph, key: Tensor) -> RestrictionMaps {
    let maps = Tensor.uniform([graph.edgeCount, 1], key: key, from: 0.5, to: 1.5, dtype: .float64)
    evaluate(maps)
    return RestrictionMaps(lower: maps, upper: maps)
  }

  /// The share of nodes, in 0 ... 1, whose class a linear read-out without bias tells from a signal (nodes, d): w_c x is greatest for the class c.
  ///
  /// The read-out is fitted to all nodes: what it cannot tell, no linear read-out can.
  public static func separability(_ signal: Tensor, labels: [Int], classes: Int, steps: Int = 500) -> Double {
    let norms = signal.norm(axes: [1], keepingAxes: true).maximum(1e-300)
    let x = (signal / norms).cast(to: .float64)
    let targets = Tensor(labels.map(Int64.init))
    let oneHot = targets.oneHot(classes, dtype: .float64)
    evaluate(x, targets, oneHot)
    var weights = Tensor.zeros([signal.shape[1], classes], dtype: .float64)
    for _ in 0..<steps {
      // Softmax regression by gradient descent on unit vectors, whose curvature is at most 1/2.
      let gradient = x.transposed().matmul(x.matmul(weights).softmax() - oneHot) * (1 / Double(labels.count))
      weights = weights - gradient * 4
      evaluate(weights)
    }
    return (x.matmul(weights).argMax() .== targets).cast(to: .float64).mean().scalar(as: Double.self)
  }
}
