import Layers
import Tensors

/// A network of a study, under the name by which findings speak of it.
public struct StudyNetwork: Sendable {
  public let name: String
  public let module: any Module
  /// What each layer does with one example; `nil` where the study gives none.
  public let layers: LayerSummary?

  /// - Parameter forward: the network's way through one example, batch axis included. Nothing of it is computed.
  public init(_ name: String, _ module: some Module, forward: (() throws -> [Tensor])? = nil) rethrows {
    self.name = name
    self.module = module
    layers = try forward.map { try LayerSummary(of: module, $0) }
  }
}
