/// What an architecture costs, in some unit.
public protocol CostModel: Sendable {
  /// What is counted, with its unit: "multiply-adds", "ms".
  var name: String { get }
  var design: SupernetDesign { get }
  func cost(of subnet: Subnet) throws -> Double
}

extension CostModel {
  public func cost(of architecture: Architecture) throws -> Double { try cost(of: design.subnet(architecture)) }

  /// The least and the greatest cost in the space (in the mask's part of it): costs grow with every gene.
  public func range(_ mask: GeneMask? = nil) throws -> ClosedRange<Double> {
    let mask = mask ?? GeneMask(all: design.space)
    let (low, high) = (try cost(of: design.space.minimum(mask)), try cost(of: design.space.maximum(mask)))
    return min(low, high)...max(low, high)
  }
}

/// A cost that must not be exceeded.
public struct CostConstraint: Sendable {
  public let model: any CostModel
  public let limit: Double

  /// - Throws: `InfeasibleConstraint`, which states the least cost of the space, where nothing keeps the bound.
  public init(_ model: any CostModel, atMost limit: Double, mask: GeneMask? = nil) throws {
    let least = try model.range(mask).lowerBound
    guard limit >= least else { throw InfeasibleConstraint(cost: model.name, limit: limit, minimum: least, tries: 0) }
    self.model = model
    self.limit = limit
  }

  public func allows(_ architecture: Architecture) throws -> Bool { try model.cost(of: architecture) <= limit }
}

/// Multiply-adds of convolutions, squeezes and linear layers for one image; biases, normalisations and activations are free.
public struct MultiplyAdds: CostModel {
  public let design: SupernetDesign
  public let name = "multiply-adds"
  public init(_ design: SupernetDesign) { self.design = design }
  public func cost(of subnet: Subnet) -> Double { Double(subnet.multiplyAdds) }
}

/// Parameters of the plain network; kernel transforms are multiplied in and do not count.
public struct ParameterCount: CostModel {
  public let design: SupernetDesign
  public let name = "parameters"
  public init(_ design: SupernetDesign) { self.design = design }
  public func cost(of subnet: Subnet) -> Double { Double(subnet.parameterCount) }
}

extension Subnet.Unit {
  /// ho wo ci co k^2.
  public var multiplyAdds: Int { outputSide * outputSide * inputs * outputs * kernel * kernel }
  /// Weights, scale and shift.
  public var parameterCount: Int { inputs * outputs * kernel * kernel + 2 * outputs }
}

extension SubnetBlock {
  public var multiplyAdds: Int {
    let (area, outputArea) = (side * side, outputSide * outputSide)
    let first = isExpanded ? area * inputs * middle : 0
    let taps = kernel * kernel * (kind == .bottleneck ? middle : 1)
    let second = outputArea * middle * taps
    let gate = squeeze.map { 2 * middle * $0 } ?? 0
    var added = 0
    if case .projection(_, true, _) = addition { added = outputArea * inputs * outputs }
    return first + second + gate + outputArea * middle * outputs + added
  }

  public var parameterCount: Int {
    let first = isExpanded ? inputs * middle + 2 * middle : 0
    let second = kernel * kernel * middle * (kind == .bottleneck ? middle : 1) + 2 * middle
    let gate = squeeze.map { 2 * middle * $0 + middle + $0 } ?? 0
    var added = 0
    if case .projection(_, true, let isNormalized) = addition { added = inputs * outputs + (isNormalized ? 2 * outputs : 0) }
    return first + second + gate + middle * outputs + 2 * outputs + added
  }
}

extension Subnet {
  public var multiplyAdds: Int {
    stem.reduce(0) { $0 + $1.multiplyAdds } + blocks.reduce(0) { $0 + $1.multiplyAdds } + (head?.multiplyAdds ?? 0)
      + (mixing.map { pooledChannels * $0 } ?? 0) + features * classCount
  }

  public var parameterCount: Int {
    stem.reduce(0) { $0 + $1.parameterCount } + blocks.reduce(0) { $0 + $1.parameterCount } + (head?.parameterCount ?? 0)
      + (mixing.map { pooledChannels * $0 } ?? 0) + features * classCount + classCount
  }
}
