import Tensors

/// Something made of parameters and other modules.
///
/// Conforming takes no code: parameters are found by walking the stored properties, through nested modules, arrays, dictionaries, optionals
/// and tuples. A parameter's name is the path to it, "blocks.3.conv.weight". The walk takes time; a training loop does it once, when the
/// optimiser is given its parameters.
public protocol Module: Sendable {}

extension Module {
  /// Every parameter of the module once, in the order of declaration. A shared one has the name of its first occurrence.
  public var namedParameters: [NamedParameter] {
    var seen: Set<ObjectIdentifier> = []
    return ModuleWalk(self).parameters.compactMap { found in
      seen.insert(ObjectIdentifier(found.parameter)).inserted ? NamedParameter(name: found.name, parameter: found.parameter) : nil
    }
  }

  /// The weights, trainable or not.
  public var parameters: [Parameter] { namedParameters.map(\.parameter).filter { $0.role == .weight } }

  /// The weights that are not frozen.
  public var trainableParameters: [Parameter] { parameters.filter(\.isTrainable) }

  /// The parameter under a name, any of them if it is shared; nil where there is none.
  public func parameter(named name: String) -> Parameter? {
    ModuleWalk(self).parameters.first { $0.name == name }?.parameter
  }

  /// The module under a name such as "blocks.3.conv"; the empty name is this module.
  public func module(named name: String) -> (any Module)? {
    ModuleWalk(self).modules.first { $0.name == name }?.module
  }

  /// The modules inside this one with their names, itself (under the empty name) first.
  public var namedModules: [(name: String, module: any Module)] { ModuleWalk(self).modules.map { ($0.name, $0.module) } }

  /// Stops optimisers from changing the weights.
  public func freeze() { for parameter in parameters { parameter.isTrainable = false } }

  /// Lets optimisers change the weights again.
  public func unfreeze() { for parameter in parameters { parameter.isTrainable = true } }

  /// Number of elements in all weights, each counted once.
  public var parameterCount: Int { parameters.reduce(0) { $0 + $1.elementCount } }

  /// Number of elements in the weights that are not frozen.
  public var trainableParameterCount: Int { trainableParameters.reduce(0) { $0 + $1.elementCount } }

  /// Converts every floating point parameter to another floating point type.
  public func convert(to dtype: DType) {
    precondition(dtype.isFloatingPoint, "convert: parameters are floating point, not \(dtype)")
    for named in namedParameters where named.parameter.dtype.isFloatingPoint {
      named.parameter.assign(named.parameter.value.cast(to: dtype))
    }
  }

  /// Computes all values that are still only recorded, such as fresh initial ones, in one plan.
  public func materialize() { evaluate(namedParameters.map(\.parameter.value)) }
}

/// A module that is described by a value from which, together with its weights, it can be made again.
public protocol ConfiguredModule: Module {
  associatedtype Configuration: Codable & Sendable & Equatable
  var configuration: Configuration { get }
}

/// A module with one tensor in and one out.
public protocol Layer: Module {
  func callAsFunction(_ input: Tensor) -> Tensor
}
