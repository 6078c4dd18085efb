import Layers

/// A network of a study, under the name by which findings speak of it.
public struct StudyNetwork: Sendable {
  public let name: String
  public let module: any Module

  public init(_ name: String, _ module: any Module) {
    self.name = name
    self.module = module
  }
}
