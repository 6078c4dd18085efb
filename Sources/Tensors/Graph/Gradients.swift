/// Reverse-mode differentiation as a graph-to-graph transformation: derivatives are ordinary tensors, so they can be
/// differentiated again.
extension Tensor {
  /// The derivatives of `self`, or of its product with `cotangent`, with respect to each of `variables`.
  ///
  /// - Parameters:
  ///   - variables: floating point tensors that `self` was computed from. Where it does not depend on one, the derivative is zero.
  ///   - cotangent: a tensor of this tensor's shape that multiplies it (the "vector" of a vector-Jacobian product); without
  ///     it, this tensor must be a scalar.
  /// - Returns: one tensor a variable, of the variable's shape and type.
  public func gradients(withRespectTo variables: [Tensor], cotangent: Tensor? = nil) -> [Tensor] {
    if let cotangent {
      guard cotangent.shape == shape else { trap("gradients", [self, cotangent], "the cotangent must have the shape of the value") }
    } else {
      guard elementCount == 1 else { trap("gradients", [self], "only a scalar has gradients; give a cotangent for anything else") }
    }
    guard dtype.isFloatingPoint else { trap("gradients", [self], "only floating point values have derivatives") }

    let walk = DifferentiationWalk(from: self, variables: variables)
    var cotangents: [Tensor?] = Array(repeating: nil, count: walk.outputCount)
    cotangents[walk.position(of: self)] = cotangent ?? Tensor.ones(shape, dtype: dtype)

    for index in walk.nodes.indices.reversed() where walk.reachesVariable[index] {
      let node = walk.nodes[index].node
      let inputs = walk.nodes[index].inputs
      let first = walk.nodes[index].firstOutput
      guard !inputs.isEmpty, (0..<node.outputCount).contains(where: { cotangents[first + $0] != nil }) else { continue }
      let wanted = inputs.map { walk.isWanted($0) }
      let call = Differentiation(
        inputs: inputs, outputs: (0..<node.outputCount).map { Tensor(node, output: $0) },
        cotangents: Array(cotangents[first..<(first + node.outputCount)]), wanted: wanted)
      let contributions = node.operation.cotangents(call)
      for (position, contribution) in contributions.enumerated() {
        guard wanted[position], let contribution else { continue }
        let input = inputs[position]
        guard contribution.shape == input.shape else {
          trap(node.operation.name, inputs, "internal error: the derivative for operand \(position) has shape \(contribution.shape)")
        }
        let slot = walk.position(of: input)
        cotangents[slot] = cotangents[slot].map { $0 + contribution } ?? contribution
      }
    }

    return variables.map { variable in
      if let slot = walk.positionIfVisited(variable), let gradient = cotangents[slot] { return gradient }
      if walk.mayHaveLost(variable) {
        trap(
          "gradients", [self, variable],
          "the value does not lead back to the variable, but parts of it were evaluated before, which drops their history; "
            + "take gradients first, or compute inside valueAndGradient")
      }
      return Tensor.zeros(variable.shape, dtype: variable.dtype)
    }
  }
}

/// The derivatives of a scalar with respect to each of `variables`.
public func gradients(of value: Tensor, withRespectTo variables: [Tensor]) -> [Tensor] {
  value.gradients(withRespectTo: variables)
}

/// Computes a value and its derivatives. Inside `body`, intermediate results may be read without losing the way back.
///
/// - Returns: what `body` computes from `variables` (a scalar), and one derivative a variable.
public func valueAndGradient(at variables: [Tensor], of body: ([Tensor]) throws -> Tensor) rethrows -> (value: Tensor, gradients: [Tensor])
{
  let value = try Recording.$isKept.withValue(true) { try body(variables) }
  return (value, value.gradients(withRespectTo: variables))
}

/// Computes a value and its derivative with respect to one variable.
public func valueAndGradient(at variable: Tensor, of body: (Tensor) throws -> Tensor) rethrows -> (value: Tensor, gradient: Tensor) {
  let (value, gradients) = try valueAndGradient(at: [variable]) { try body($0[0]) }
  return (value, gradients[0])
}

/// The part of the graph between a value and the variables it is differentiated with respect to.
private struct DifferentiationWalk {
  struct Visited {
    let node: Node
    let inputs: [Tensor]
    let firstOutput: Int
  }

  /// Operands before the operations on them.
  private(set) var nodes: [Visited] = []
  private(set) var reachesVariable: [Bool] = []
  private(set) var outputCount = 0
  /// Values the walk ended at that were computed from something and evaluated.
  private var severed: [Node] = []
  private var positionOfNode: [ObjectIdentifier: Int] = [:]
  private var variableOutputs: [ObjectIdentifier: Set<Int>] = [:]

  init(from root: Tensor, variables: [Tensor]) {
    for variable in variables { variableOutputs[ObjectIdentifier(variable.node), default: []].insert(variable.output) }
    for (node, inputs) in recordedGraph(of: [root]) {
      nodes.append(Visited(node: node, inputs: inputs, firstOutput: outputCount))
      outputCount += node.outputCount
    }
    reachesVariable.reserveCapacity(nodes.count)
    positionOfNode.reserveCapacity(nodes.count)
    for (index, visited) in nodes.enumerated() {
      positionOfNode[ObjectIdentifier(visited.node)] = index
      var reaches = variableOutputs[ObjectIdentifier(visited.node)] != nil
      if !reaches { reaches = visited.inputs.contains { isWanted($0) } }
      reachesVariable.append(reaches)
    }
    findSevered()
  }

  /// Finds the evaluated values at which a derivative would have gone on; what lies behind a `stopGradient` is none of them.
  private mutating func findSevered() {
    var isReached = [Bool](repeating: false, count: nodes.count)
    isReached[nodes.count - 1] = true
    for (index, visited) in nodes.enumerated().reversed() where isReached[index] {
      let node = visited.node
      if visited.inputs.isEmpty {
        if !reachesVariable[index], !(node.operation is Constant), node.isEvaluated { severed.append(node) }
      } else if !(node.operation is StopGradient) {
        for input in visited.inputs where input.dtype.isFloatingPoint {
          if let position = positionOfNode[ObjectIdentifier(input.node)] { isReached[position] = true }
        }
      }
    }
  }

  /// Whether derivatives with respect to `tensor` lead to a variable.
  func isWanted(_ tensor: Tensor) -> Bool {
    guard let index = positionOfNode[ObjectIdentifier(tensor.node)], reachesVariable[index], tensor.dtype.isFloatingPoint else {
      return false
    }
    if let outputs = variableOutputs[ObjectIdentifier(tensor.node)], outputs.contains(tensor.output) { return true }
    return !(nodes[index].node.operation is StopGradient)
  }

  /// Whether an evaluated value may have been computed from `variable`: it is younger, and its lineage contains the variable's.
  func mayHaveLost(_ variable: Tensor) -> Bool {
    severed.contains { $0.serial > variable.node.serial && $0.lineage & variable.node.lineage == variable.node.lineage }
  }

  func position(of tensor: Tensor) -> Int { positionIfVisited(tensor)! }

  func positionIfVisited(_ tensor: Tensor) -> Int? {
    positionOfNode[ObjectIdentifier(tensor.node)].map { nodes[$0].firstOutput + tensor.output }
  }
}
