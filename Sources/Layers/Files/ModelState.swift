import Foundation
import Tensors

/// Which names and layouts a set of tensors has.
public enum StateLayout: Sendable {
  /// Our own: names of properties, activations channels last.
  case native
  /// PyTorch's. `renaming` turns the name a parameter would have in a PyTorch model of the same structure into that of the file.
  case pyTorch(renaming: @Sendable (String) -> String = { $0 })
}

extension Module {
  /// Every parameter and statistic under its name.
  ///
  /// - Parameter layout: whose names and layouts; by default our own.
  public func state(layout: StateLayout = .native) -> [String: Tensor] {
    exported(layout: layout) { $0.value }
  }

  /// Tensors that belong to the parameters, such as their derivatives, under the names and in the layouts of a state.
  ///
  /// - Parameter value: what stands for a parameter; parameters for which it is nil are left out.
  public func exported(layout: StateLayout, _ value: (Parameter) -> Tensor?) -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    for (name, tensor) in stateTensors(layout) {
      let values = tensor.parameters.compactMap(value)
      if values.count == tensor.parameters.count { result[name] = tensor.exported(values) }
    }
    return result
  }

  /// Gives the parameters the values of a state. Nothing changes if it throws.
  ///
  /// - Parameters:
  ///   - isStrict: throws unless names and shapes agree exactly; otherwise what fits is loaded. PyTorch's counters of batches are ignored.
  /// - Returns: what was loaded and what was not.
  /// - Throws: `ModelStateError`.
  @discardableResult
  public func load(_ state: [String: Tensor], strict isStrict: Bool = true, layout: StateLayout = .native) throws -> LoadReport {
    try load(state, path: nil, isStrict, layout)
  }

  /// Writes the state to a safetensors file, with the configurations of all layers in its metadata. The file appears whole or not at all.
  public func save(to url: URL, layout: StateLayout = .native, metadata: [String: String] = [:]) throws {
    var metadata = metadata
    metadata["configurations"] = configurations()
    let state = state(layout: layout)
    evaluate(Array(state.values))
    try SafetensorsFile.write(state, metadata: metadata, to: url)
  }

  /// Gives the parameters the values in a safetensors file. Nothing changes if it throws.
  ///
  /// - Throws: `FileFormatError` or `FileAccessError` for the file, `ModelStateError` if it does not fit the model.
  @discardableResult
  public func load(from url: URL, strict isStrict: Bool = true, layout: StateLayout = .native) throws -> LoadReport {
    let file = try SafetensorsFile(reading: url)
    return try load(try file.tensors(), path: url.path, isStrict, layout)
  }

  private func load(_ state: [String: Tensor], path: String?, _ isStrict: Bool, _ layout: StateLayout) throws -> LoadReport {
    var report = LoadReport()
    var assignments: [(Parameter, Tensor)] = []
    var expected: Set<String> = []
    for (name, tensor) in stateTensors(layout) {
      expected.insert(name)
      guard let found = state[name] else {
        report.missing.append(name)
        continue
      }
      guard found.shape == tensor.shape, found.dtype.isFloatingPoint == tensor.parameters[0].dtype.isFloatingPoint else {
        report.mismatched.append(
          ModelStateError.Mismatch(
            name: name, found: "\(found.dtype) \(found.shape)", expected: "\(tensor.parameters[0].dtype) \(tensor.shape)"))
        continue
      }
      report.loaded.append(name)
      for (parameter, value) in zip(tensor.parameters, tensor.imported(found)) {
        assignments.append((parameter, value.cast(to: parameter.dtype)))
      }
    }
    report.unexpected = state.keys.filter { !expected.contains($0) && !($0.hasSuffix("num_batches_tracked") && !layout.isNative) }.sorted()
    if isStrict, !report.isComplete { throw ModelStateError(path: path, report: report) }
    evaluate(assignments.map(\.1))
    for (parameter, value) in assignments { parameter.assign(value) }
    return report
  }

  /// The tensors of a state in order, each with its full name.
  private func stateTensors(_ layout: StateLayout) -> [(name: String, tensor: PyTorchTensor)] {
    guard case .pyTorch(let renaming) = layout else {
      return namedParameters.map { ($0.name, PyTorchTensor("", $0.parameter)) }
    }
    let walk = ModuleWalk(self)
    var result: [(name: String, tensor: PyTorchTensor)] = []
    // A layer's own description covers the parameters beneath it that no described part claims.
    let describedBy = describers(walk)
    var seen: Set<[ObjectIdentifier]> = []
    func append(_ name: String, _ tensor: PyTorchTensor) {
      guard seen.insert(tensor.parameters.map { ObjectIdentifier($0) }).inserted else { return }
      result.append((renaming(name), tensor))
    }
    for (index, module) in walk.modules.enumerated() {
      let prefix = module.torchName.isEmpty ? "" : module.torchName + "."
      if describedBy[index] == index {
        for tensor in (module.module as! any PyTorchConvertible).pyTorchTensors { append(prefix + tensor.name, tensor) }
      }
      for parameter in walk.parameters where parameter.owner == index && describedBy[index] == nil {
        append(parameter.torchName, PyTorchTensor("", parameter.parameter))
      }
    }
    return result
  }

  /// For each visited module, the position of the module whose description holds its parameters, if there is one.
  private func describers(_ walk: ModuleWalk) -> [Int?] {
    var result: [Int?] = []
    var open: [(name: String, index: Int)] = []
    for (index, module) in walk.modules.enumerated() {
      open.removeAll { !$0.name.isEmpty && !module.name.hasPrefix($0.name + ".") }
      if let convertible = module.module as? any PyTorchConvertible {
        if !convertible.pyTorchTensors.isEmpty { open.append((module.name, index)) }
        result.append(convertible.pyTorchTensors.isEmpty ? nil : index)
      } else {
        result.append(open.last?.index)
      }
    }
    return result
  }

  /// The configurations of all layers by name, as JSON with sorted keys.
  func configurations() -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    var entries: [String: AnyConfiguration] = [:]
    for (name, module) in namedModules {
      if let configured = module as? any ConfiguredModule { entries[name] = AnyConfiguration(configured) }
    }
    guard let data = try? encoder.encode(entries) else { preconditionFailure("configurations: \(entries.keys) do not encode") }
    return String(decoding: data, as: UTF8.self)
  }
}

extension StateLayout {
  var isNative: Bool { if case .native = self { true } else { false } }
}

private struct AnyConfiguration: Encodable {
  let module: any ConfiguredModule
  init(_ module: any ConfiguredModule) { self.module = module }
  func encode(to encoder: any Encoder) throws {
    func write(_ module: some ConfiguredModule) throws { try module.configuration.encode(to: encoder) }
    try write(module)
  }
}
