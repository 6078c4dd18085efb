/// Runs recorded graphs naively in double precision, operation by operation: the oracle that compiled plans are held against.
package enum Reference {
  /// The values of `tensors`, without touching their history.
  ///
  /// - Parameter substitutes: values to use instead of those of some evaluated tensors, which is how finite differences vary an operand.
  package static func evaluate(_ tensors: [Tensor], replacing substitutes: [(tensor: Tensor, values: [Double])] = []) -> [[Double]] {
    var replaced: [ObjectIdentifier: [Double]] = [:]
    for (tensor, values) in substitutes { replaced[ObjectIdentifier(tensor.node)] = values }
    var known: [ObjectIdentifier: [ReferenceArray]] = [:]
    for (node, inputs) in recordedGraph(of: tensors) {
      let types = (0..<node.outputCount).map { node.outputType($0) }
      let identity = ObjectIdentifier(node)
      if let values = replaced[identity] {
        known[identity] = [ReferenceArray(node.type.shape, node.type.dtype, values)]
      } else if !inputs.isEmpty || !node.isRealised {
        known[identity] = node.operation.evaluate(inputs.map { known[ObjectIdentifier($0.node)]![$0.output] }, outputs: types)
      } else {
        let buffers = node.buffers.withLock { $0 }
        known[identity] = types.enumerated().map { ReferenceArray($1, at: buffers[$0].pointer) }
      }
    }
    return tensors.map { known[ObjectIdentifier($0.node)]![$0.output].values }
  }
}
