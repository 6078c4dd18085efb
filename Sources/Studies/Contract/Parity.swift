import Foundation
import Tensors

/// How one tensor of ours compares with the expected one.
public struct ParityTensor: Sendable, Hashable {
  public let name: String
  /// The largest |ours - expected|.
  public let maxAbs: Double
  /// The largest |ours - expected| / max(|expected|, root mean square of expected).
  ///
  /// Elements near zero are measured against the size of the whole tensor: what is left of a sum that cancels carries the rounding of its terms.
  public let maxRel: Double
  public let tolerance: Double
  public let pass: Bool
  /// Why nothing could be compared; `nil` where it could.
  public let problem: String?
}

extension ParityTensor {
  /// Compares element by element. Passes where `maxRel` is within the tolerance, or `maxAbs` within a thousandth of it (for tensors that are
  /// zero but for rounding). Different shapes, and elements that are not numbers on one side only, do not pass.
  public init(_ name: String, ours: Tensor, expected: Tensor, tolerance: Double = 1e-4) {
    guard ours.shape == expected.shape else {
      self.init(
        name: name, maxAbs: .infinity, maxRel: .infinity, tolerance: tolerance, pass: false,
        problem: "shape \(ours.shape), expected \(expected.shape)")
      return
    }
    let (a, b) = (ours.cast(to: .float64).array(of: Double.self), expected.cast(to: .float64).array(of: Double.self))
    let size = (b.reduce(0) { $0 + ($1.isFinite ? $1 * $1 : 0) } / Double(max(b.count, 1))).squareRoot()
    var (maxAbs, maxRel) = (0.0, 0.0)
    for (x, y) in zip(a, b) where x != y && !(x.isNaN && y.isNaN) {
      let difference = abs(x - y)
      guard difference.isFinite else {
        (maxAbs, maxRel) = (.infinity, .infinity)
        break
      }
      maxAbs = max(maxAbs, difference)
      maxRel = max(maxRel, difference / max(abs(y), size))
    }
    let pass = maxRel <= tolerance || maxAbs <= tolerance * 1e-3
    self.init(name: name, maxAbs: maxAbs, maxRel: maxRel, tolerance: tolerance, pass: pass, problem: nil)
  }
}

/// A parity case: inputs and parameters by name, and the comparison of results with the expected ones.
///
///     var parity = Parity(file)
///     let x = try parity.tensor("in.x")
///     ...
///     try parity.compare("out.logits", logits)
///     return parity.tensors
public struct Parity {
  public let file: SafetensorsFile
  public private(set) var tensors: [ParityTensor] = []

  public init(_ file: SafetensorsFile) { self.file = file }

  /// The tensor called `name`, of the given shape where one is given (-1 matches any extent).
  public func tensor(_ name: String, shape: [Int]? = nil) throws -> Tensor {
    let tensor = try file.tensor(named: name)
    if let shape, !matches(Array(tensor.shape), shape) {
      throw FileFormatError(path: file.url.path, at: .field(name), found: "shape \(tensor.shape)", expected: "shape \(shape)")
    }
    return tensor
  }

  public func contains(_ name: String) -> Bool { file[name] != nil }

  /// The whole number under `key` of the file's metadata.
  public func integer(_ key: String, in range: ClosedRange<Int> = 1...(1 << 24)) throws -> Int {
    let text = try metadata(key)
    guard let number = Int(text) ?? Double(text).flatMap(Int.init(exactly:)), range.contains(number) else {
      throw FileFormatError(
        path: file.url.path, at: .field("__metadata__.\(key)"), found: text,
        expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// The number under `key` of the file's metadata.
  public func number(_ key: String) throws -> Double {
    let text = try metadata(key)
    guard let number = Double(text), number.isFinite else {
      throw FileFormatError(path: file.url.path, at: .field("__metadata__.\(key)"), found: text, expected: "a number")
    }
    return number
  }

  /// Compares `ours` with the expected tensor called `name`.
  public mutating func compare(_ name: String, _ ours: Tensor, tolerance: Double = 1e-4) throws {
    tensors.append(ParityTensor(name, ours: ours, expected: try file.tensor(named: name), tolerance: tolerance))
  }

  private func metadata(_ key: String) throws -> String {
    guard let text = file.metadata[key] else {
      throw FileFormatError(
        path: file.url.path, at: .field("__metadata__"), found: "no entry \"\(key)\"", expected: "one, as the system's specification says")
    }
    return text
  }

  private func matches(_ found: [Int], _ expected: [Int]) -> Bool {
    found.count == expected.count && zip(found, expected).allSatisfy { $1 == -1 || $0 == $1 }
  }
}
