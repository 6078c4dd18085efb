/// A module that names its parts itself, such as a sequence whose parts are "0", "1", ...
public protocol ModuleContainer: Module {
  var parts: [(name: String, module: any Module)] { get }
}

/// The parameters and modules found in the stored properties of a module.
struct ModuleWalk {
  private(set) var parameters: [NamedParameter] = []
  private(set) var modules: [(name: String, module: any Module)] = []
  private(set) var identities: [ObjectIdentifier: String] = [:]
  private var openObjects: Set<ObjectIdentifier> = []

  init(_ root: any Module) { visit(root, "") }

  private mutating func visit(_ value: Any, _ name: String) {
    switch value {
    case let parameter as Parameter:
      parameters.append(NamedParameter(name: name, parameter: parameter))
    case let identity as LayerIdentity:
      // The identity is a property of the layer it names.
      let owner = name.split(separator: ".").dropLast().joined(separator: ".")
      if identities[ObjectIdentifier(identity)] == nil { identities[ObjectIdentifier(identity)] = owner }
    case let module as any Module:
      visit(module: module, name)
    default:
      let mirror = Mirror(reflecting: value)
      switch mirror.displayStyle {
      case .optional: if let child = mirror.children.first { visit(child.value, name) }
      case .collection, .set: for (index, child) in mirror.children.enumerated() { visit(child.value, Self.join(name, String(index))) }
      case .dictionary: visit(dictionary: mirror, name)
      case .tuple, .enum: visit(children: mirror, name)
      default: break
      }
    }
  }

  private mutating func visit(module: any Module, _ name: String) {
    let mirror = Mirror(reflecting: module)
    let isObject = mirror.displayStyle == .class
    let identifier = ObjectIdentifier(module as AnyObject)
    if isObject {
      // A module that leads back to itself is walked once.
      guard openObjects.insert(identifier).inserted else { return }
    }
    modules.append((name, module))
    if let container = module as? any ModuleContainer {
      for (part, module) in container.parts { visit(module, Self.join(name, part)) }
      for child in mirror.children { if let identity = child.value as? LayerIdentity { visit(identity, Self.join(name, "identity")) } }
    } else {
      var ancestors: [Mirror] = []
      var ancestor = mirror.superclassMirror
      while let current = ancestor {
        ancestors.append(current)
        ancestor = current.superclassMirror
      }
      for level in ancestors.reversed() { visit(children: level, name) }
      visit(children: mirror, name)
    }
    if isObject { openObjects.remove(identifier) }
  }

  private mutating func visit(children mirror: Mirror, _ name: String) {
    for (index, child) in mirror.children.enumerated() {
      var label = child.label ?? String(index)
      // Elements of tuples are labelled ".0", wrapped properties "_name".
      if label.hasPrefix(".") || (label.hasPrefix("_") && label.count > 1) { label.removeFirst() }
      visit(child.value, Self.join(name, label))
    }
  }

  private mutating func visit(dictionary mirror: Mirror, _ name: String) {
    var entries: [(key: String, value: Any)] = []
    for child in mirror.children {
      let pair = Mirror(reflecting: child.value).children.map(\.value)
      entries.append((String(describing: pair[0]), pair[1]))
    }
    for entry in entries.sorted(by: { $0.key < $1.key }) { visit(entry.value, Self.join(name, entry.key)) }
  }

  private static func join(_ name: String, _ part: String) -> String { name.isEmpty ? part : name + "." + part }
}
