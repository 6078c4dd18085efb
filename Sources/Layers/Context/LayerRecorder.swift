import Synchronization
import Tensors

/// What a layer is known by while a model is summarised. Copies of a layer are the same layer.
public final class LayerIdentity: Sendable {
  public init() {}
}

/// Collects what layers do while a model runs on an example.
final class LayerRecorder: Sendable {
  struct Call {
    let identity: LayerIdentity
    let kind: String
    let input: Shape
    let output: Shape
    let outputBytes: Int
    let multiplyAdds: Int
  }

  private let recorded = Mutex<[Call]>([])

  var calls: [Call] { recorded.withLock { $0 } }
  func append(_ call: Call) { recorded.withLock { $0.append(call) } }
}

/// Tells a summary under way, if there is one, that a layer turned `input` into `output`.
///
/// - Parameter multiplyAdds: multiplications with an addition that the layer takes for this input.
/// - Returns: `output`.
public func recorded(
  _ output: Tensor, of input: Tensor, by identity: LayerIdentity, as kind: String, multiplyAdds: @autoclosure () -> Int = 0
) -> Tensor {
  guard let recorder = Context.current.recorder else { return output }
  recorder.append(
    LayerRecorder.Call(
      identity: identity, kind: kind, input: input.shape, output: output.shape, outputBytes: output.elementCount * output.dtype.byteCount,
      multiplyAdds: multiplyAdds()))
  return output
}
