import Tensors

/// What each layer of a model does with one input: shapes, parameters, multiply-adds, memory.
public struct LayerSummary: Sendable, Codable, Hashable {
  public struct Row: Sendable, Codable, Hashable {
    /// The path to the layer; empty for the model itself, nil for a layer that the model does not hold as a property.
    public var name: String?
    public var kind: String
    public var input: [Int]
    public var output: [Int]
    /// Elements of weights; 0 where the layer was used before.
    public var parameters: Int
    public var trainableParameters: Int
    public var multiplyAdds: Int
    /// Bytes of the output.
    public var activationBytes: Int
  }

  /// In the order of use.
  public var rows: [Row]
  /// Elements of all weights of the model, each counted once, also those that no row shows.
  public var parameters: Int
  public var trainableParameters: Int
  /// Floating point operations of the whole forward pass as the engine counts them.
  public var flops: Double
  /// Bytes of inputs, outputs and temporaries of the forward pass at its fullest moment.
  public var peakBytes: Int

  public var multiplyAdds: Int { rows.reduce(0) { $0 + $1.multiplyAdds } }
  public var activationBytes: Int { rows.reduce(0) { $0 + $1.activationBytes } }

  /// Records what the layers of `model` do while `forward` runs it; nothing is computed.
  public init(of model: some Module, _ forward: () throws -> [Tensor]) rethrows {
    let recorder = LayerRecorder()
    var context = Context.current
    context.mode = .inference
    context.recorder = recorder
    let outputs = try context.scoped(forward)
    let plan = PlanSummary(of: outputs)
    flops = plan.flops
    peakBytes = plan.peakBytes
    parameters = model.parameterCount
    trainableParameters = model.trainableParameterCount

    let walk = ModuleWalk(model)
    var counted: Set<ObjectIdentifier> = []
    rows = recorder.calls.map { call in
      let position = walk.layers[ObjectIdentifier(call.identity)]
      let name = position.map { walk.modules[$0].name }
      let own = (position.map { (walk.modules[$0].module).parameters } ?? []).filter { counted.insert(ObjectIdentifier($0)).inserted }
      return Row(
        name: name, kind: call.kind, input: call.input.dimensions, output: call.output.dimensions,
        parameters: own.reduce(0) { $0 + $1.elementCount },
        trainableParameters: own.reduce(0) { $0 + ($1.isTrainable ? $1.elementCount : 0) }, multiplyAdds: call.multiplyAdds,
        activationBytes: call.outputBytes)
    }
  }
}

extension Layer {
  /// What each layer does with an input of zeros of the given shape, batch axis included.
  public func summary(inputShape: Shape, dtype: DType = .float32) -> LayerSummary {
    LayerSummary(of: self) { [self(Tensor.zeros(inputShape, dtype: dtype))] }
  }
}

extension LayerSummary: CustomStringConvertible {
  /// A table with one line a layer.
  public var description: String {
    let header = ["layer", "kind", "output", "parameters", "multiply-adds", "activations"]
    var lines = [header]
    for row in rows {
      lines.append([
        row.name ?? "-", row.kind, row.output.map(String.init).joined(separator: " x "), Self.grouped(row.parameters),
        Self.grouped(row.multiplyAdds), Self.bytes(row.activationBytes),
      ])
    }
    lines.append(["total", "", "", Self.grouped(parameters), Self.grouped(multiplyAdds), Self.bytes(activationBytes)])
    let widths = header.indices.map { column in lines.map { $0[column].count }.max()! }
    let texts = lines.map { line in
      line.enumerated().map { column, text in
        let padding = String(repeating: " ", count: widths[column] - text.count)
        return column < 3 ? text + padding : padding + text
      }.joined(separator: "  ")
    }
    let rule = String(repeating: "-", count: texts[0].count)
    return ([texts[0], rule] + texts.dropFirst().dropLast() + [rule, texts[texts.count - 1]]).joined(separator: "\n")
      + "\ntrainable \(Self.grouped(trainableParameters)); forward pass \(Self.grouped(Int(flops))) flops, peak \(Self.bytes(peakBytes))"
  }

  private static func grouped(_ number: Int) -> String {
    var digits = Array(String(number))
    var position = digits.count - 3
    while position > 0 {
      digits.insert(" ", at: position)
      position -= 3
    }
    return String(digits)
  }

  private static func bytes(_ count: Int) -> String {
    var value = Double(count)
    for unit in ["B", "KiB", "MiB"] {
      if value < 1024 { return unit == "B" ? "\(count) B" : "\((value * 10).rounded() / 10) \(unit)" }
      value /= 1024
    }
    return "\((value * 10).rounded() / 10) GiB"
  }
}
