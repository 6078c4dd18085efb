import Tensors
import TestSupport
import Testing

/// A file of values computed by PyTorch (Tests/TensorsTests/Fixtures/README.md).
struct Fixture {
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let json: [String: JSON]
    var testDescription: String { name }

    var operation: String { String(name.prefix { $0 != "." }) }
    var variant: String { String(name.drop { $0 != "." }.dropFirst()) }
    var attributes: [String: JSON] { json["attributes"]?.object ?? [:] }
    func names(_ key: String) -> [String] { json[key]?.array?.compactMap(\.string) ?? [] }
  }

  let cases: [Case]
  private let file: FixtureFile<[String: JSON]>

  init(_ name: String) {
    file = FixtureFile(name)
    cases = file.cases.map { Case(name: $0.name, json: $0.description) }
  }

  subscript(name: String) -> Tensor { file[name] }

  func optional(_ name: String) -> Tensor? { file.optional(name) }

  static let layers = Fixture("layers")
  static let losses = Fixture("losses")
  static let optimizers = Fixture("optimizers")
  static let schedules = Fixture("schedules")
}

enum JSON: Decodable, Sendable {
  case null
  case bool(Bool)
  case number(Double)
  case text(String)
  case list([JSON])
  case map([String: JSON])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .text(value)
    } else if let value = try? container.decode([JSON].self) {
      self = .list(value)
    } else {
      self = .map(try container.decode([String: JSON].self))
    }
  }

  var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  var double: Double? { if case .number(let value) = self { value } else { nil } }
  var int: Int? { double.map { Int($0) } }
  var string: String? { if case .text(let value) = self { value } else { nil } }
  var array: [JSON]? { if case .list(let value) = self { value } else { nil } }
  var object: [String: JSON]? { if case .map(let value) = self { value } else { nil } }
  var ints: [Int]? { array?.compactMap(\.int) }
}

/// Expects shapes to be equal and values to differ by at most `tolerance` relative to the largest expected one (or 1).
func expectClose(
  _ found: Tensor, _ expected: Tensor, _ label: String, tolerance: Double = 1e-9, sourceLocation: SourceLocation = #_sourceLocation
) {
  guard found.shape == expected.shape else {
    Issue.record("\(label): shape \(found.shape) instead of \(expected.shape)", sourceLocation: sourceLocation)
    return
  }
  let a = found.array(of: Double.self)
  let b = expected.array(of: Double.self)
  let scale = max(1, b.lazy.filter(\.isFinite).map(abs).max() ?? 1)
  var worst = 0.0
  for (x, y) in zip(a, b) where !(x == y || (x.isNaN && y.isNaN)) { worst = max(worst, (x - y).isNaN ? .infinity : abs(x - y) / scale) }
  #expect(worst <= tolerance, "\(label): off by \(worst)", sourceLocation: sourceLocation)
}
