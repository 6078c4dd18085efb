extension Tensor: CustomStringConvertible {
  /// Values, shape and element type; long axes are shortened to their ends. Reading it evaluates the tensor.
  public var description: String {
    let limit = 1000
    let edge = elementCount > limit ? 3 : Int.max
    let size = dtype.byteCount
    let texts: [String] = withBytes { bytes in
      guard let base = bytes.baseAddress else { return [] }
      if elementCount <= limit { return (0..<elementCount).map { format(dtype.load(base + $0 * size)) } }
      return []
    }
    if elementCount <= limit {
      let width = texts.map(\.count).max() ?? 0
      return layOut(shape.dimensions[...], indent: 1) { texts[$0].leftPadded(to: width) } + "  " + type.description
    }
    return withBytes { bytes in
      layOut(shape.dimensions[...], indent: 1, edge: edge) { format(dtype.load(bytes.baseAddress! + $0 * size)) }
    } + "  " + type.description
  }

  private func format(_ value: Double) -> String {
    switch dtype {
    case .bool: return value != 0 ? "true" : "false"
    case .int32, .int64, .uint8: return String(Int64(value))
    case .float32, .float64, .bfloat16:
      if value.isNaN { return "nan" }
      if value.isInfinite { return value < 0 ? "-inf" : "inf" }
      let magnitude = Swift.abs(value)
      if magnitude != 0 && (magnitude >= 1e5 || magnitude < 1e-3) {
        var exponent = 0
        var mantissa = value
        while Swift.abs(mantissa) >= 10 { mantissa /= 10; exponent += 1 }
        while Swift.abs(mantissa) < 1 { mantissa *= 10; exponent -= 1 }
        return "\((mantissa * 1e4).rounded() / 1e4)e\(exponent)"
      }
      return "\((value * 1e4).rounded() / 1e4)"
    }
  }

  private func layOut(_ extents: ArraySlice<Int>, indent: Int, edge: Int = .max, offset: Int = 0, _ element: (Int) -> String) -> String {
    guard let extent = extents.first else { return element(offset) }
    let inner = extents.dropFirst()
    let step = inner.reduce(1, *)
    let isLong = edge < Int.max && extent > 2 * edge
    let positions = isLong ? Array(0..<edge) + [-1] + Array((extent - edge)..<extent) : Array(0..<extent)
    let parts = positions.map { position in
      position < 0 ? "..." : layOut(inner, indent: indent + 1, edge: edge, offset: offset + position * step, element)
    }
    let separator = inner.isEmpty ? ", " : ",\n" + String(repeating: " ", count: indent)
    return "[" + parts.joined(separator: separator) + "]"
  }
}

extension String {
  fileprivate func leftPadded(to width: Int) -> String { String(repeating: " ", count: Swift.max(width - count, 0)) + self }
}
