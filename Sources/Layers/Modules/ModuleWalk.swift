/// A module that names its parts itself, such as a sequence whose parts are "0", "1", ...
public protocol ModuleContainer: Module {
  var parts: [(name: String, module: any Module)] { get }
}

/// The parameters and modules found in the stored properties of a module.
struct ModuleWalk {
  struct Visited {
    let name: String
    /// The name it would have in a file of PyTorch.
    let torchName: String
    let module: any Module
  }

  private(set) var modules: [Visited] = []
  /// Each occurrence of each parameter, with the position in `modules` of the module that holds it.
  private(set) var parameters: [(name: String, torchName: String, parameter: Parameter, owner: Int)] = []
  /// Position in `modules` of the layer with an identity.
  private(set) var layers: [ObjectIdentifier: Int] = [:]
  private var openObjects: Set<ObjectIdentifier> = []
  private var owners: [Int] = []

  init(_ root: any Module) { visit(root, Path()) }

  private struct Path {
    var name = ""
    var torchName = ""

    func appending(_ part: String, torch: String? = nil) -> Path {
      Path(name: Self.join(name, part), torchName: Self.join(torchName, torch ?? part))
    }
    private static func join(_ name: String, _ part: String) -> String { name.isEmpty ? part : name + "." + part }
  }

  private mutating func visit(_ value: Any, _ path: Path) {
    switch value {
    case let parameter as Parameter:
      parameters.append((path.name, path.torchName, parameter, owners.last!))
    case let identity as LayerIdentity:
      if layers[ObjectIdentifier(identity)] == nil { layers[ObjectIdentifier(identity)] = owners.last! }
    case let module as any Module:
      visit(module: module, path)
    default:
      let mirror = Mirror(reflecting: value)
      switch mirror.displayStyle {
      case .optional: if let child = mirror.children.first { visit(child.value, path) }
      case .collection, .set: for (index, child) in mirror.children.enumerated() { visit(child.value, path.appending(String(index))) }
      case .dictionary: visit(dictionary: mirror, path)
      case .tuple, .enum: visit(children: mirror, path)
      default: break
      }
    }
  }

  private mutating func visit(module: any Module, _ path: Path) {
    let mirror = Mirror(reflecting: module)
    var object: ObjectIdentifier?
    if mirror.displayStyle == .class {
      // A module that leads back to itself is walked once.
      let identifier = ObjectIdentifier(module as AnyObject)
      guard openObjects.insert(identifier).inserted else { return }
      object = identifier
    }
    owners.append(modules.count)
    modules.append(Visited(name: path.name, torchName: path.torchName, module: module))
    if let container = module as? any ModuleContainer {
      for child in mirror.children where child.value is LayerIdentity { visit(child.value, path) }
      for (part, module) in container.parts { visit(module, path.appending(part)) }
    } else {
      var levels = [mirror]
      while let ancestor = levels[0].superclassMirror { levels.insert(ancestor, at: 0) }
      let torchNames = (module as? any PyTorchConvertible)?.torchPartNames ?? [:]
      for level in levels { visit(children: level, path, torchNames: torchNames) }
    }
    owners.removeLast()
    if let object { openObjects.remove(object) }
  }

  private mutating func visit(children mirror: Mirror, _ path: Path, torchNames: [String: String] = [:]) {
    for (index, child) in mirror.children.enumerated() {
      var label = child.label ?? String(index)
      // Elements of tuples are labelled ".0", wrapped properties "_name".
      if label.hasPrefix(".") || (label.hasPrefix("_") && label.count > 1) { label.removeFirst() }
      visit(child.value, path.appending(label, torch: torchNames[label]))
    }
  }

  private mutating func visit(dictionary mirror: Mirror, _ path: Path) {
    var entries: [(key: String, value: Any)] = []
    for child in mirror.children {
      let pair = Mirror(reflecting: child.value).children.map(\.value)
      entries.append((String(describing: pair[0]), pair[1]))
    }
    for entry in entries.sorted(by: { $0.key < $1.key }) { visit(entry.value, path.appending(entry.key)) }
  }
}
