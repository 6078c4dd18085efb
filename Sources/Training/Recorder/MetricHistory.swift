/// The scalars of a run in memory, for reports: one curve a name.
public struct MetricHistory: Sendable, Equatable {
  /// One measurement of a curve.
  public struct Point: Sendable, Equatable {
    public let step: Int
    public let epoch: Int?
    public let value: Double
  }

  /// The measurements of one name, in the order in which they were made.
  public struct Curve: Sendable, Equatable {
    public let name: String
    public let unit: String?
    public fileprivate(set) var points: [Point]

    public var values: [Double] { points.map(\.value) }
    public var steps: [Int] { points.map(\.step) }
  }

  private var curves: [String: Curve] = [:]
  /// Names in the order of their first measurement.
  public private(set) var names: [String] = []

  public init() {}

  public subscript(name: String) -> Curve? { curves[name] }

  /// The latest value of a name.
  public func latest(_ name: String) -> Double? { curves[name]?.points.last?.value }

  mutating func append(_ record: MetricRecord) {
    guard let value = record.scalar else { return }
    let point = Point(step: record.step, epoch: record.epoch, value: value)
    if curves[record.name]?.points.append(point) == nil {
      names.append(record.name)
      curves[record.name] = Curve(name: record.name, unit: record.unit, points: [point])
    }
  }

  mutating func removeRecords(unless isKept: (_ name: String, _ step: Int) -> Bool) {
    for name in names {
      curves[name]?.points.removeAll { !isKept(name, $0.step) }
      if curves[name]?.points.isEmpty == true { curves[name] = nil }
    }
    names.removeAll { curves[$0] == nil }
  }
}
