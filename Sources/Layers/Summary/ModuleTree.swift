import Tensors

extension Module {
  /// The modules and parameters of this one, a line each, indented by depth.
  public var tree: String {
    let walk = ModuleWalk(self)
    var lines: [String] = []
    for (index, module) in walk.modules.enumerated() {
      let depth = module.name.isEmpty ? 0 : module.name.split(separator: ".").count
      let label = module.name.split(separator: ".").last.map { "\($0): " } ?? ""
      lines.append(Self.indentation(depth) + label + "\(type(of: module.module))")
      for parameter in walk.parameters where parameter.owner == index {
        let own = parameter.name.dropFirst(module.name.isEmpty ? 0 : module.name.utf8.count + 1)
        let kind = parameter.parameter.role == .statistic ? " (statistic)" : parameter.parameter.isTrainable ? "" : " (frozen)"
        lines.append(Self.indentation(depth + 1) + "\(own) \(parameter.parameter.dtype) \(parameter.parameter.shape)" + kind)
      }
    }
    return lines.joined(separator: "\n")
  }

  private static func indentation(_ depth: Int) -> String { String(repeating: "  ", count: depth) }
}
