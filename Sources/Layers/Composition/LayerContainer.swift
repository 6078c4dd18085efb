/// A layer made of layers that can be exchanged for others.
public protocol LayerContainer: Layer, ModuleContainer {
  /// The part of that name; nil where there is none. Setting an absent part changes nothing.
  subscript(part name: String) -> (any Layer)? { get set }
}

extension LayerContainer {
  /// Puts another layer in the place of the one under a name such as "3.body.0". The way there must lead through containers.
  public mutating func replaceLayer(named name: String, with layer: any Layer) {
    let pieces = name.split(separator: ".", maxSplits: 1).map(String.init)
    guard let first = pieces.first, let part = self[part: first] else {
      preconditionFailure("replaceLayer: \(Self.self) has no part \"\(name)\"; its parts are \(parts.map(\.name))")
    }
    if pieces.count == 1 {
      self[part: first] = layer
    } else {
      guard var container = part as? any LayerContainer else {
        preconditionFailure("replaceLayer: \"\(first)\" is \(type(of: part)), whose parts cannot be exchanged")
      }
      container.replaceLayer(named: pieces[1], with: layer)
      self[part: first] = container
    }
  }
}
