import Tensors

/// Graphs, settings or inputs that a method on graphs cannot work with.
public enum GraphError: Error, Equatable, Sendable {
  /// An edge that names a node which is not there.
  case node(Int, edge: Int, nodeCount: Int)
  /// A graph without nodes.
  case noNodes
  /// A setting outside its range.
  case setting(name: String, value: String, allowed: String)
  /// An argument of another shape than is needed.
  case shape(argument: String, found: Shape, expected: String)
  /// A number of an argument is NaN or infinite; `row` is the first one that holds such.
  case notFinite(argument: String, row: Int)
}

extension GraphError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .node(let node, let edge, let count): "graph: edge \(edge) names node \(node); expected: nodes from 0 to \(count - 1)"
    case .noNodes: "graph: there are no nodes; expected: at least one"
    case .setting(let name, let value, let allowed): "graph: \(name) is \(value); allowed: \(allowed)"
    case .shape(let argument, let found, let expected): "graph: \(argument) has the shape \(found); expected: \(expected)"
    case .notFinite(let argument, let row): "graph: row \(row) of \(argument) holds NaN or infinity; expected: finite numbers"
    }
  }
}
