import Foundation
import Layers
import Tensors

/// What decides how long a block takes.
public struct LatencyKey: Sendable, Hashable, Codable, CustomStringConvertible {
  public let kind: String
  public let side: Int
  public let inputs: Int
  public let outputs: Int
  public let middle: Int
  public let kernel: Int
  public let stride: Int
  /// Hidden units of the squeeze; 0 where there is none.
  public let squeeze: Int
  public let addition: SubnetBlock.Addition
  public let isExpanded: Bool

  public init(_ block: SubnetBlock) {
    kind = block.kind.rawValue
    side = block.side
    inputs = block.inputs
    outputs = block.outputs
    middle = block.middle
    kernel = block.kernel
    stride = block.stride
    squeeze = block.squeeze ?? 0
    addition = block.addition
    isExpanded = block.isExpanded
  }

  public var description: String {
    "\(kind) of \(inputs) to \(middle) to \(outputs) channels, kernel \(kernel), stride \(stride), side \(side), squeeze \(squeeze)"
  }
}

/// A key that a table of latencies does not have.
public struct MissingLatency: Error, Sendable, Hashable, LocalizedError, CustomStringConvertible {
  public let key: String
  public var description: String { "the latency table has no row for \(key); measure the table on this machine for this space" }
  public var errorDescription: String? { description }
}

/// Milliseconds of each block and of what surrounds the blocks, measured on one machine with one image at a time.
public struct LatencyTable: Sendable, Codable {
  public struct Row: Sendable, Codable, Hashable {
    public let key: LatencyKey
    /// Median, in milliseconds.
    public let milliseconds: Double
  }

  /// Stem, head and classifier with one evaluation, by resolution and widths.
  public struct Constant: Sendable, Codable, Hashable {
    public let outside: Outside
    public let milliseconds: Double
  }

  /// What surrounds the blocks.
  public struct Outside: Sendable, Codable, Hashable {
    public let resolution: Int
    public let stem: [Subnet.Unit]
    public let head: Subnet.Unit?
    public let mixing: Int?

    public init(_ subnet: Subnet) {
      resolution = subnet.resolution
      stem = subnet.stem
      head = subnet.head
      mixing = subnet.mixing
    }
  }

  public let space: String
  public let machine: String
  /// ISO 8601.
  public let date: String
  public let rows: [Row]
  public let constants: [Constant]
  private let byKey: [LatencyKey: Double]
  private let byOutside: [Outside: Double]

  private enum CodingKeys: String, CodingKey { case space, machine, date, rows, constants }

  public init(space: String, machine: String, date: String, rows: [Row], constants: [Constant]) {
    self.space = space
    self.machine = machine
    self.date = date
    self.rows = rows
    self.constants = constants
    byKey = Dictionary(rows.map { ($0.key, $0.milliseconds) }, uniquingKeysWith: { $1 })
    byOutside = Dictionary(constants.map { ($0.outside, $0.milliseconds) }, uniquingKeysWith: { $1 })
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      space: try container.decode(String.self, forKey: .space), machine: try container.decode(String.self, forKey: .machine),
      date: try container.decode(String.self, forKey: .date), rows: try container.decode([Row].self, forKey: .rows),
      constants: try container.decode([Constant].self, forKey: .constants))
  }

  /// - Throws: `MissingLatency`, which names the key.
  public func milliseconds(of block: SubnetBlock) throws(MissingLatency) -> Double {
    let key = LatencyKey(block)
    guard let time = byKey[key] else { throw MissingLatency(key: "a block: \(key)") }
    return time
  }

  /// - Throws: `MissingLatency`
  public func constant(_ subnet: Subnet) throws(MissingLatency) -> Double {
    guard let time = byOutside[Outside(subnet)] else {
      throw MissingLatency(
        key: "stem and head at resolution \(subnet.resolution), \(subnet.stem.last!.outputs) to \(subnet.pooledChannels) channels")
    }
    return time
  }
}

/// Latency by a table that was measured on the machine at hand: the sum of the blocks' rows and a constant.
public struct MeasuredLatency: CostModel {
  public let design: SupernetDesign
  public let table: LatencyTable
  public let name = "ms"

  /// - Throws: `SearchSpaceError` for a table of another space.
  public init(_ design: SupernetDesign, _ table: LatencyTable) throws(SearchSpaceError) {
    guard table.space == design.space.fingerprint else {
      throw SearchSpaceError(
        found: "a latency table of the space \(table.space)", expected: "one of the space \(design.space.fingerprint)",
        advice: "measure the table for this space")
    }
    self.design = design
    self.table = table
  }

  /// In milliseconds.
  public func cost(of subnet: Subnet) throws -> Double {
    try subnet.blocks.reduce(table.constant(subnet)) { try $0 + table.milliseconds(of: $1) }
  }
}
