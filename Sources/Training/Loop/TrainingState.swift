import Layers
import Tensors

/// The part of a run's state that is not in tensors.
struct TrainingPosition: Codable, Sendable, Equatable {
  /// Of the run; a checkpoint of another seed or other data belongs to another run.
  var seed: Int
  var batchesPerEpoch: Int
  var epoch = 0
  /// Batches of this epoch that are done.
  var batch = 0
  var step = 0
  /// Of the steps' metrics over this epoch.
  var averages: [String: RunningAverage] = [:]
  var best: Double?
  var bestEpoch: Int?
  /// Evaluations in a row without a better value.
  var evaluationsWithoutGain = 0
  var isStopped = false
  /// Of the last epoch that ended.
  var lastAverages: [String: Double] = [:]
  var lastEvaluation: [String: Double] = [:]
}

/// Something with tensors that a run has to remember.
struct TrackedState {
  /// The name's part before "/".
  let name: String
  let get: () -> [String: Tensor]
  let set: ([String: Tensor]) throws -> Void

  /// Every parameter of a model, statistics included.
  init(name: String, model: any Module) {
    let parameters = model.namedParameters
    self.name = name
    get = { Dictionary(uniqueKeysWithValues: parameters.map { ($0.name, $0.parameter.value) }) }
    set = { state in
      for (name, parameter) in parameters.map({ ($0.name, $0.parameter) }) { parameter.assign(state[name]!) }
    }
  }

  init(name: String, optimizer: any Optimizer) {
    self.name = name
    get = { optimizer.state }
    set = { optimizer.state = $0 }
  }

  init(name: String, get: @escaping () -> [String: Tensor], set: @escaping ([String: Tensor]) throws -> Void) {
    self.name = name
    self.get = get
    self.set = set
  }
}

extension [TrackedState] {
  /// All tensors, computed.
  var tensors: [String: Tensor] {
    var result: [String: Tensor] = [:]
    for part in self {
      for (name, tensor) in part.get() { result["\(part.name)/\(name)"] = tensor }
    }
    evaluate(Array<Tensor>(result.values))
    return result
  }

  /// Copies of all tensors. Were the tensors themselves kept, the next update could not overwrite their memory.
  var copies: [String: Tensor] {
    tensors.mapValues { tensor in tensor.withBytes { Tensor(bytes: $0, shape: tensor.shape, dtype: tensor.dtype) } }
  }

  /// Sets every part to what was saved.
  func restore(_ tensors: [String: Tensor]) throws {
    var parts: [String: [String: Tensor]] = [:]
    for (name, tensor) in tensors {
      guard let end = name.firstIndex(of: "/") else { continue }
      parts[String(name[..<end]), default: [:]][String(name[name.index(after: end)...])] = tensor
    }
    for part in self { try part.set(parts[part.name] ?? [:]) }
  }

  /// What keeps saved tensors from being restored here, in words.
  func differences(from saved: [String: Tensor]) -> [String] {
    var result: [String] = []
    let present = tensors
    for (name, tensor) in present.sorted(by: { $0.key < $1.key }) {
      guard let other = saved[name] else {
        result.append("it lacks \(name)")
        continue
      }
      if other.shape != tensor.shape || other.dtype != tensor.dtype {
        result.append("\(name) is \(other.dtype)\(other.shape) there and \(tensor.dtype)\(tensor.shape) here")
      }
    }
    for name in saved.keys.sorted() where present[name] == nil { result.append("it has \(name), which is unknown here") }
    return result.count > 5 ? result.prefix(5) + ["\(result.count - 5) more differences"] : result
  }
}
