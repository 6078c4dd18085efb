import Synchronization
import Tensors

/// What a layer needs to know beside its input: whether the model is being trained, and where randomness comes from.
///
/// It belongs to the current task, so two tasks that run models at the same time do not disturb each other. Without `withContext`, layers
/// infer and there is no randomness.
public struct Context: Sendable {
  public enum Mode: String, Sendable, Hashable, Codable {
    /// Dropout drops, batch normalisation uses the statistics of the batch and keeps them up.
    case training
    case inference
  }

  public var mode: Mode = .inference
  /// Element type of the operands of products (see `withMixedPrecision`).
  public internal(set) var precision: Precision = .full
  var random: RandomSource?
  var recorder: LayerRecorder?

  @TaskLocal private static var ofTask = Context()

  /// The context of the current task.
  public static var current: Context { ofTask }

  public var isTraining: Bool { mode == .training }

  /// The next random key; each draws another stream.
  public func nextKey() -> Tensor {
    guard let random else {
      preconditionFailure("Context: a layer needs randomness and there is none; give withContext(_:random:) a random stream")
    }
    return random.next()
  }

  func scoped<Result>(_ body: () throws -> Result) rethrows -> Result {
    try Context.$ofTask.withValue(self, operation: body)
  }

  func scoped<Result>(isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result) async rethrows -> Result {
    try await Context.$ofTask.withValue(self, operation: body, isolation: isolation)
  }

  fileprivate func with(_ mode: Mode, _ random: RandomStream?) -> Context {
    var context = self
    context.mode = mode
    if let random { context.random = RandomSource(random) }
    return context
  }
}

/// Runs `body` with layers in the given mode.
///
/// - Parameter random: where layers draw their randomness from, by default from what surrounds this call. Equal streams give equal results; a
///   loop gives a stream of its own (`stream.split()`) each step.
public func withContext<Result>(
  _ mode: Context.Mode, random: RandomStream? = nil, _ body: () throws -> Result
) rethrows -> Result {
  try Context.current.with(mode, random).scoped(body)
}

/// Runs `body` with layers in the given mode.
public func withContext<Result>(
  _ mode: Context.Mode, random: RandomStream? = nil, isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Result
) async rethrows -> Result {
  try await Context.current.with(mode, random).scoped(isolation: isolation, body)
}

/// A random stream that layers share.
final class RandomSource: Sendable {
  private let stream: Mutex<RandomStream>

  init(_ stream: RandomStream) { self.stream = Mutex(stream) }

  func next() -> Tensor { stream.withLock { $0.next() } }
}
