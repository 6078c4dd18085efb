import Tensors
import TestSupport
import Testing

/// `operations.safetensors`: values and derivatives of operations computed by PyTorch (Fixtures/README.md).
struct OperationFixture: Sendable {
  struct Case: Sendable, CustomTestStringConvertible {
    let name: String
    let description: Description
    var testDescription: String { name }
  }

  struct Description: Decodable, Sendable {
    let op: String
    let inputs: [String]
    let outputs: [String]
    let cotangents: [String]?
    let gradients: [String]?
    let second: Bool?
    let attributes: Attributes
  }

  /// What any of the cases is described by.
  struct Attributes: Decodable, Sendable {
    let axis: Int?
    let axes: [Int]?
    let keepingAxes: Bool?
    let correction: Int?
    let shape: [Int]?
    let permutation: [Int]?
    let starts: [Int]?
    let stops: [Int]?
    let steps: [Int]?
    let before: [Int]?
    let after: [Int]?
    let value: Double?
    let shifts: [Int]?
    let repetitions: [Int]?
    let size: [Int]?
    let window: [Int]?
    let stride: [Int]?
    let dilation: [Int]?
    let padding: Padding?
    let outputPadding: [Int]?
    let groups: Int?
    let countingPadding: Bool?
    let aligningCorners: Bool?
    let mode: String?
    let dtype: String?
    let approximation: String?
    let slope: Double?
    let alpha: Double?
    let lower: Double?
    let upper: Bound?
    let exponent: Double?
    let equation: String?
    let leftTransposed: Bool?
    let rightTransposed: Bool?
    let transposed: Bool?
    let unitDiagonal: Bool?
    let scaling: String?
    let length: Int?
    let epsilon: Double?
    let normalizedAxes: Int?
    let training: Bool?
    let scale: Double?
    let causal: Bool?
    let count: Int?
    let descending: Bool?
    let largest: Bool?
    let reduction: String?
    let empty: Double?
  }

  /// Padding of each spatial axis, the same before and after or not, or how a grid is continued.
  enum Padding: Decodable, Sendable {
    case symmetric([Int])
    case asymmetric([[Int]])
    case named(String)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let name = try? container.decode(String.self) {
        self = .named(name)
      } else if let pairs = try? container.decode([[Int]].self) {
        self = .asymmetric(pairs)
      } else {
        self = .symmetric(try container.decode([Int].self))
      }
    }

    var widths: [(before: Int, after: Int)] {
      switch self {
      case .symmetric(let widths): widths.map { ($0, $0) }
      case .asymmetric(let pairs): pairs.map { ($0[0], $0[1]) }
      case .named: []
      }
    }
  }

  /// The upper bound of a range, or whether a triangle is the upper one.
  enum Bound: Decodable, Sendable {
    case number(Double)
    case flag(Bool)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let flag = try? container.decode(Bool.self) {
        self = .flag(flag)
      } else {
        self = .number(try container.decode(Double.self))
      }
    }

    var number: Double? { if case .number(let value) = self { value } else { nil } }
    var flag: Bool? { if case .flag(let value) = self { value } else { nil } }
  }

  let cases: [Case]
  private let file = FixtureFile<Description>("operations")

  static let shared = OperationFixture()

  private init() { cases = file.cases.map { Case(name: $0.name, description: $0.description) } }

  subscript(name: String) -> Tensor { file[name] }
}
