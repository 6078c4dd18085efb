/// The nodes that `roots` were recorded from, operands before the operations on them, each with its operands.
///
/// Evaluated nodes are there without operands, unless their history is kept.
func recordedGraph(of roots: [Tensor]) -> [(node: Node, inputs: [Tensor])] {
  Engine.shared.withGraphLocked { epoch in
    var result: [(node: Node, inputs: [Tensor])] = []
    for root in roots where root.node.visit != epoch {
      var frames: [(node: Node, next: Int)] = [(root.node, 0)]
      root.node.visit = epoch
      while let (node, next) = frames.last {
        if next < node.inputs.count {
          frames[frames.count - 1].next += 1
          let input = node.inputs[next].node
          if input.visit != epoch {
            input.visit = epoch
            frames.append((input, 0))
          }
        } else {
          frames.removeLast()
          result.append((node, node.inputs))
        }
      }
    }
    return result
  }
}

/// The types of the primitives that `roots` were recorded from, leaves included.
package func operationTypes(computing roots: [Tensor]) -> Set<String> {
  Set(recordedGraph(of: roots).map { String(describing: type(of: $0.node.operation)) })
}
