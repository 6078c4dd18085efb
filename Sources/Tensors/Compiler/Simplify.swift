extension Graph {
  /// Algebra on one operation: returns the value it equals, or rewrites it into a simpler one.
  func simplify(_ operation: inout any Primitive, _ inputs: inout [Int], _ type: TensorType) -> Int? {
    switch operation {
    case let elementwise as Elementwise: return simplify(elementwise, &operation, &inputs, type)

    case is Reshape:
      if types[inputs[0]] == type { return inputs[0] }
      if let inner = producer(of: inputs[0]), inner.operation is Reshape {
        inputs = inner.inputs
        if types[inputs[0]] == type { return inputs[0] }
      }
    case let transpose as Transpose:
      var permutation = transpose.permutation
      if let inner = producer(of: inputs[0]), let first = inner.operation as? Transpose {
        permutation = permutation.map { first.permutation[$0] }
        inputs = inner.inputs
        operation = Transpose(permutation: permutation)
      }
      if permutation == Array(permutation.indices) { return inputs[0] }
    case is Broadcast:
      if types[inputs[0]] == type { return inputs[0] }
      if let inner = producer(of: inputs[0]), inner.operation is Broadcast { inputs = inner.inputs }
    case is Cast:
      if types[inputs[0]] == type { return inputs[0] }
    case is StopGradient:
      return inputs[0]
    case is Slice:
      // The steps are 1 or -1 when nothing is left out; only 1 leaves everything in place.
      if types[inputs[0]] == type, (operation as! Slice).steps.allSatisfy({ $0 == 1 }) { return inputs[0] }
    case let reduce as Reduce:
      if types[inputs[0]] == type, reduce.axes.elements.allSatisfy({ types[inputs[0]].shape[$0] == 1 }) { return inputs[0] }
    default: break
    }
    return nil
  }

  private func simplify(_ elementwise: Elementwise, _ operation: inout any Primitive, _ inputs: inout [Int], _ type: TensorType) -> Int? {
    /// The operand, where it has the result's type and the other one is neutral.
    func other(_ operand: Int, ifEqual neutral: Double, _ constant: Int) -> Int? {
      types[inputs[operand]] == type && structuralScalar(inputs[constant]) == neutral ? inputs[operand] : nil
    }
    switch elementwise.function {
    case .add: return other(0, ifEqual: 0, 1) ?? other(1, ifEqual: 0, 0)
    case .subtract: return other(0, ifEqual: 0, 1)
    case .multiply:
      if let same = other(0, ifEqual: 1, 1) ?? other(1, ifEqual: 1, 0) { return same }
      if other(0, ifEqual: -1, 1) != nil { rewrite(&operation, &inputs, .negative, [inputs[0]]) }
    case .divide: return other(0, ifEqual: 1, 1)
    case .power:
      if let same = other(0, ifEqual: 1, 1) { return same }
      if other(0, ifEqual: 2, 1) != nil { rewrite(&operation, &inputs, .square, [inputs[0]]) }
    case .negative:
      if let inner = producer(of: inputs[0]), (inner.operation as? Elementwise)?.function == .negative { return inner.inputs[0] }
    case .select:
      if inputs[1] == inputs[2], types[inputs[1]] == type { return inputs[1] }
    default: break
    }
    return nil
  }

  private func rewrite(_ operation: inout any Primitive, _ inputs: inout [Int], _ function: Elementwise.Function, _ operands: [Int]) {
    operation = Elementwise(function: function)
    inputs = operands
  }

  private func producer(of value: Int) -> Step? {
    let index = producers[value]
    return index < 0 ? nil : steps[index]
  }
}
