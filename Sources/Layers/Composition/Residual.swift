import Tensors

/// body(x) + shortcut(x), then an activation if there is one (He et al., 2016).
public struct Residual: LayerContainer {
  public var body: any Layer
  /// Where body changes the shape, what makes the input fit; without it the input itself is added.
  public var shortcut: (any Layer)?
  public var activation: Activation?

  public init(_ body: any Layer, shortcut: (any Layer)? = nil, activation: Activation? = nil) {
    self.body = body
    self.shortcut = shortcut
    self.activation = activation
  }

  public var parts: [(name: String, module: any Module)] {
    var parts: [(name: String, module: any Module)] = [("body", body)]
    if let shortcut { parts.append(("shortcut", shortcut)) }
    if let activation { parts.append(("activation", activation)) }
    return parts
  }

  public subscript(part name: String) -> (any Layer)? {
    get {
      switch name {
      case "body": body
      case "shortcut": shortcut
      case "activation": activation
      default: nil
      }
    }
    set {
      switch name {
      case "body": if let newValue { body = newValue }
      case "shortcut": shortcut = newValue
      case "activation": if let newValue = newValue as? Activation { activation = newValue }
      default: break
      }
    }
  }

  public func callAsFunction(_ input: Tensor) -> Tensor {
    let direct = shortcut.map { $0(input) } ?? input
    let branch = body(input)
    precondition(
      branch.shape == direct.shape, "Residual: the body gives \(branch.shape), the shortcut \(direct.shape); they must agree")
    let sum = branch + direct
    return activation.map { $0(sum) } ?? sum
  }
}
