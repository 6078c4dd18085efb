import Runtime

/// Stops the program with one line that names the operation, its operands and the caller's position.
func trap(_ operation: String, _ operands: [Tensor], _ message: String) -> Never {
  let types = operands.map { $0.type.description }.joined(separator: ", ")
  fatalError("\(operation)(\(types)): \(message)\(callerPosition())")
}

/// " at FILE:LINE" of the innermost caller outside this library; empty where the program carries no debug information.
///
/// Operators cannot take the caller's position as a default argument, so it is read off the stack. That is slow, and happens once: the program is
/// about to stop.
private func callerPosition() -> String {
  guard let backtrace = try? Backtrace.capture(), let symbols = backtrace.symbolicated(options: [.showInlineFrames, .showSourceLocations])
  else { return "" }
  for frame in symbols.frames {
    guard let symbol = frame.symbol, let location = symbol.sourceLocation, location.line > 0 else { continue }
    if symbol.rawName.hasPrefix("$s7Tensors") || location.path.contains("/Sources/Tensors/") || frame.isSwiftThunk { continue }
    return " at \(location.path):\(location.line)"
  }
  return ""
}
