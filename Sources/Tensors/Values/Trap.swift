/// Stops the program with one line that names the operation, its operands and the caller's position.
func trap(_ operation: String, _ operands: [Tensor], _ message: String) -> Never {
  let types = operands.map { $0.type.description }.joined(separator: ", ")
  fatalError("\(operation)(\(types)): \(message)\(callerPosition())")
}

func callerPosition() -> String { "" }
