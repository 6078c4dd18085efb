import Layers
import Tensors

/// Associates two sets, or a set with itself: attention, sequence alignment, look-up (Ramsauer et al., 2021, section 3).
///
///     let layer = try Hopfield(AssociationConfiguration(width: 64, heads: 4, updates: 3), random: &random)
///     let y = layer(x)                                       // (N, S, 64) associated with itself
///     let z = try layer.associate(stored: y, state: x)       // x with y
///
/// For an associative memory without parameters see `HopfieldMemory`, or ``memory(width:scaling:updates:)`` for one that is a layer.
public struct Hopfield: Layer {
  public let association: AssociationCore

  public init(_ configuration: AssociationConfiguration, random: inout RandomStream) throws(HopfieldError) {
    association = try AssociationCore(configuration, random: &random)
  }

  /// A layer without parameters whose output is what the states retrieve from the stored patterns.
  ///
  /// - Parameter updates: nil updates until the states rest.
  public static func memory(
    width: Int, scaling: AssociationConfiguration.Scaling = .standard, updates: Int? = nil, tolerance: Double = 1e-4
  ) throws(HopfieldError) -> Hopfield {
    var unused = RandomStream(seed: 0)
    return try Hopfield(.memory(width: width, scaling: scaling, updates: updates, tolerance: tolerance), random: &unused)
  }

  /// Self-association: (N, S, E) gives (N, S, O). Traps where `associate` throws.
  public func callAsFunction(_ input: Tensor) -> Tensor { trapping { () throws(HopfieldError) in try associate(input).output } }

  /// The input in all three roles.
  public func associate(_ input: Tensor, mask: AssociationMask = .none) throws(HopfieldError) -> Association {
    try association.associate(state: input, stored: input, projection: input, mask: mask)
  }

  /// - Parameters:
  ///   - stored: (N, S, E_s).
  ///   - state: (N, L, E).
  ///   - projection: (N, S, E_p); the stored patterns by default.
  public func associate(
    stored: Tensor, state: Tensor, projection: Tensor? = nil, mask: AssociationMask = .none
  ) throws(HopfieldError) -> Association {
    try association.associate(state: state, stored: stored, projection: projection ?? stored, mask: mask)
  }
}

/// Learned state patterns pool a set into a vector, whatever its size and order (Ramsauer et al., 2021, figure 4).
public struct HopfieldPooling: Layer {
  public let association: AssociationCore
  /// The state patterns, (1, quantity, E).
  public let pooling: Parameter

  /// - Parameters:
  ///   - configuration: its state width is that of the learned patterns; stored patterns and projection input are the set.
  ///   - quantity: state patterns, each of which gives an output of its own.
  public init(
    _ configuration: AssociationConfiguration, quantity: Int = 1, isTrainable: Bool = true, random: inout RandomStream
  ) throws(HopfieldError) {
    guard quantity >= 1 else { throw .setting(name: "quantity", value: "\(quantity)", allowed: "at least 1") }
    association = try AssociationCore(configuration, random: &random)
    pooling = Parameter(
      Tensor.normal([1, quantity, configuration.state.width], key: random.next(), standardDeviation: 0.02), isTrainable: isTrainable)
  }

  /// (N, S, E) gives (N, quantity O). Traps where `pool` throws.
  public func callAsFunction(_ input: Tensor) -> Tensor { trapping { () throws(HopfieldError) in try pool(input).output } }

  /// - Parameter padding: bool (N, S), true where a row of the set is padding.
  /// - Returns: pooled (N, quantity O), and the association (N, H, quantity, S): which rows of the set it looks at.
  public func pool(_ input: Tensor, padding: Tensor? = nil) throws(HopfieldError) -> (output: Tensor, association: Association) {
    let result = try association.associate(
      state: pooling.value, stored: input, projection: input, mask: AssociationMask(padding: padding))
    return (result.output.flattened(from: 1), result)
  }
}

/// Looks the input up in stored patterns that are learned, or set to examples with their labels (Ramsauer et al., 2021, figure 4).
public struct HopfieldLayer: Layer {
  public let association: AssociationCore
  /// The stored patterns, (1, quantity, E_s).
  public let lookup: Parameter
  /// What is looked up, (1, quantity, E_p); nil where it is the stored patterns themselves.
  public let targets: Parameter?

  /// - Parameters:
  ///   - quantity: stored patterns.
  ///   - separatesTargets: whether what is looked up has weights of its own.
  public init(
    _ configuration: AssociationConfiguration, quantity: Int, separatesTargets: Bool = false, isLookupTrainable: Bool = true,
    areTargetsTrainable: Bool = true, random: inout RandomStream
  ) throws(HopfieldError) {
    guard quantity >= 1 else { throw .setting(name: "quantity", value: "\(quantity)", allowed: "at least 1") }
    guard separatesTargets || configuration.stored.width == configuration.projection.width else {
      throw .setting(
        name: "projection.width", value: "\(configuration.projection.width)",
        allowed: "\(configuration.stored.width), that of the stored patterns, without targets of its own")
    }
    association = try AssociationCore(configuration, random: &random)
    lookup = Parameter(
      Tensor.normal([1, quantity, configuration.stored.width], key: random.next(), standardDeviation: 0.02),
      isTrainable: isLookupTrainable)
    targets =
      separatesTargets
      ? Parameter(
        Tensor.normal([1, quantity, configuration.projection.width], key: random.next(), standardDeviation: 0.02),
        isTrainable: areTargetsTrainable) : nil
  }

  /// Stores examples: `patterns` (quantity, E_s), and what is to be looked up by them, (quantity, E_p).
  public func store(_ patterns: Tensor, targets values: Tensor? = nil) throws(HopfieldError) {
    let shape = lookup.shape
    guard Array(patterns.shape) == Array(shape.dropFirst()) else {
      throw .shape(argument: "patterns", found: patterns.shape, expected: "(\(shape[1]), \(shape[2]))")
    }
    try requireFinite(patterns, "patterns")
    lookup.assign(patterns.reshaped(to: shape).cast(to: lookup.dtype))
    guard let values else { return }
    guard let targets, Array(values.shape) == Array(targets.shape.dropFirst()) else {
      throw .shape(argument: "targets", found: values.shape, expected: targets.map { "\($0.shape.dropFirst())" } ?? "none")
    }
    try requireFinite(values, "targets")
    targets.assign(values.reshaped(to: targets.shape).cast(to: targets.dtype))
  }

  /// (N, L, E) gives (N, L, O). Traps where `associate` throws.
  public func callAsFunction(_ input: Tensor) -> Tensor { trapping { () throws(HopfieldError) in try associate(input).output } }

  /// - Parameters:
  ///   - input: (N, L, E).
  ///   - mask: over (L, quantity); examples must not find themselves in training.
  public func associate(_ input: Tensor, mask: AssociationMask = .none) throws(HopfieldError) -> Association {
    try association.associate(state: input, stored: lookup.value, projection: (targets ?? lookup).value, mask: mask)
  }
}

/// A mistake of the program ends it.
func trapping<Result>(_ body: () throws(HopfieldError) -> Result) -> Result {
  do { return try body() } catch { preconditionFailure("\(error)") }
}
