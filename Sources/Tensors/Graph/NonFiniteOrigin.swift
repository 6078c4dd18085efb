/// Where a value that is NaN or infinite came from.
package struct NonFiniteOrigin: Sendable, Equatable {
  /// The first operation whose operands are all finite and whose result is not. Nil where a value that the graph begins with is not finite.
  package let operation: String?
  /// Type of the result, or of the value the graph begins with.
  package let type: TensorType
  /// "NaN", "infinity" or "-infinity".
  package let found: String
  /// The name of the value the graph begins with, where it has one.
  package let leaf: String?
  /// The operands in words: "float32[32, 10] in -2.5 ... 0.25".
  package let operands: [String]
  /// Named values that the operation was computed from in the fewest steps.
  package let nearest: [String]
}

/// Evaluations within `body` compute and keep every value on the way, which is slow and takes memory; `nonFiniteOrigin` then finds what went wrong.
package func keepingEveryValue<Result>(_ body: () throws -> Result) rethrows -> Result {
  try Recording.$isKept.withValue(true) { try Recording.$keepsEveryValue.withValue(true) { try body() } }
}

/// Follows values that are not finite back to where they came from.
///
/// Only the way from a root over operands that are themselves not finite is followed, so that infinities that were meant, such as those of a mask, are
/// passed by unless they reach the root.
/// - Parameters:
///   - roots: values that were evaluated inside `keepingEveryValue`.
///   - named: values the graph begins with, such as parameters, and their names.
/// - Returns: nil where every root is finite.
package func nonFiniteOrigin(of roots: [Tensor], named: [(name: String, value: Tensor)]) -> NonFiniteOrigin? {
  var inputsOfNode: [ObjectIdentifier: [Tensor]] = [:]
  for (node, inputs) in recordedGraph(of: roots) { inputsOfNode[ObjectIdentifier(node)] = inputs }
  var names: [ObjectIdentifier: String] = [:]
  for (name, value) in named { names[ObjectIdentifier(value.node)] = name }
  var known: [ObjectIdentifier: [NonFiniteKind?]] = [:]

  func kind(_ tensor: Tensor) -> NonFiniteKind? {
    let identity = ObjectIdentifier(tensor.node)
    if let kinds = known[identity] { return kinds[tensor.output] }
    let kinds = (0..<tensor.node.outputCount).map { Tensor(tensor.node, output: $0).nonFiniteKind }
    known[identity] = kinds
    return kinds[tensor.output]
  }

  guard var current = roots.first(where: { kind($0) == .nan }) ?? roots.first(where: { kind($0) != nil }) else { return nil }
  var inputs = inputsOfNode[ObjectIdentifier(current.node)] ?? []
  while let cause = inputs.first(where: { kind($0) == .nan }) ?? inputs.first(where: { kind($0) != nil }) {
    current = cause
    inputs = inputsOfNode[ObjectIdentifier(current.node)] ?? []
  }
  return NonFiniteOrigin(
    operation: inputs.isEmpty ? nil : current.node.operation.name, type: current.type, found: kind(current)?.rawValue ?? "",
    leaf: inputs.isEmpty ? names[ObjectIdentifier(current.node)] : nil, operands: inputs.map(\.rangeInWords),
    nearest: nearestNames(to: current, inputsOfNode, names))
}

/// The names of the leaves that a breadth-first walk from `tensor` over its operands meets first.
private func nearestNames(
  to tensor: Tensor, _ inputsOfNode: [ObjectIdentifier: [Tensor]], _ names: [ObjectIdentifier: String]
) -> [String] {
  var seen: Set<ObjectIdentifier> = [ObjectIdentifier(tensor.node)]
  var level = [tensor.node]
  while !level.isEmpty {
    let found = level.compactMap { names[ObjectIdentifier($0)] }
    guard found.isEmpty else { return found }
    level = level.flatMap { inputsOfNode[ObjectIdentifier($0)] ?? [] }.map(\.node).filter { seen.insert(ObjectIdentifier($0)).inserted }
  }
  return []
}

private enum NonFiniteKind: String {
  case nan = "NaN"
  case infinity
  case negativeInfinity = "-infinity"
}

extension Tensor {
  /// NaN where one element is; else an infinity where one is; nil where all are finite, or where nothing was computed.
  fileprivate var nonFiniteKind: NonFiniteKind? {
    guard dtype.isFloatingPoint, existingBuffer != nil else { return nil }
    var result: NonFiniteKind?
    for value in array(of: Double.self) where !value.isFinite {
      if value.isNaN { return .nan }
      result = result ?? (value > 0 ? .infinity : .negativeInfinity)
    }
    return result
  }

  /// Type and range of an operand, for a message.
  fileprivate var rangeInWords: String {
    guard existingBuffer != nil || node.isNumber else { return "\(type)" }
    let values = array(of: Double.self)
    guard let least = values.min(), let greatest = values.max() else { return "\(type)" }
    let words = { (value: Double) in dtype == .float32 || dtype == .bfloat16 ? "\(Float(value))" : "\(value)" }
    return least == greatest ? "\(type) of \(words(least))" : "\(type) in \(words(least)) ... \(words(greatest))"
  }
}

extension Tensor {
  /// Whether every element is finite. Computes the tensor if that has not happened.
  package var holdsOnlyFiniteValues: Bool {
    guard dtype.isFloatingPoint else { return true }
    return withBytes { bytes in
      switch dtype {
      case .float32: bytes.bindMemory(to: Float.self).allSatisfy(\.isFinite)
      case .float64: bytes.bindMemory(to: Double.self).allSatisfy(\.isFinite)
      default: array(of: Float.self).allSatisfy(\.isFinite)
      }
    }
  }
}
