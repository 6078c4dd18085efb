import Architectures
import Datasets
import Foundation
import Tensors

/// Rows of an operator from a file of somebody's own solver.
///
/// NPZ and safetensors hold `X0`, the functions (n, m); `X1`, the places (ny, d) or, one for each function, (n, d); and `y`, the values (n, ny) or
/// (n, 1). CSV has a row for each value with columns u0, u1, ..., y0, y1, ... and s.
enum OperatorFile {
  /// - Throws: `FileAccessError`, `FileFormatError`.
  static func read(_ url: URL) throws -> OperatorTriples {
    let (functions, queries, values) = try arrays(url, needsValues: true)
    let triples: OperatorTriples
    do {
      let values = values!
      // One value a function is one place for each, unless there is a single place for all.
      let isGrid = queries.rank == 2 && values.rank == 2 && values.shape[1] == queries.shape[0]
      if isGrid, values.shape[1] > 1 || functions.shape[0] > 1 {
        triples = try AlignedOperatorData(functions: functions, queries: queries, values: values).triples
      } else {
        triples = try OperatorTriples(functions: functions, queries: queries, values: values)
      }
    } catch {
      throw FileFormatError(
        path: url.path, found: "arrays that do not fit (\(error))",
        expected: "X0 (n, m), X1 (ny, d) and y (n, ny), or X1 (n, d) and y (n, 1)")
    }
    return triples
  }

  /// Functions and places, a place for each function.
  static func readQueries(_ url: URL) throws -> (functions: Tensor, queries: Tensor) {
    let (functions, queries, _) = try arrays(url, needsValues: false)
    guard functions.rank == 2, queries.rank == 2, functions.shape[0] == queries.shape[0] else {
      throw FileFormatError(
        path: url.path, found: "functions \(functions.shape) and places \(queries.shape)", expected: "a place for each function")
    }
    return (functions, queries)
  }

  private static func arrays(_ url: URL, needsValues: Bool) throws -> (Tensor, Tensor, Tensor?) {
    switch url.pathExtension.lowercased() {
    case "csv": return try columns(url, needsValues: needsValues)
    case "npz": return try named(try NumPy.readArchive(url), url, needsValues: needsValues)
    case "safetensors": return try named(try SafetensorsFile(reading: url).tensors(), url, needsValues: needsValues)
    default:
      throw FileFormatError(
        path: url.path, found: "a file of another kind", expected: "an .npz, .safetensors or .csv file with functions, places and values")
    }
  }

  private static func named(_ arrays: [String: Tensor], _ url: URL, needsValues: Bool) throws -> (Tensor, Tensor, Tensor?) {
    func array(_ name: String) throws -> Tensor {
      guard let array = arrays[name] else {
        throw FileFormatError(
          path: url.path, at: .field(name), found: "only \(arrays.keys.sorted().joined(separator: ", "))",
          expected: "an array of this name",
          advice: "X0 are the functions, X1 the places, y the values")
      }
      guard array.dtype.isFloatingPoint || array.dtype.isInteger else {
        throw FileFormatError(path: url.path, at: .field(name), found: "\(array.dtype)", expected: "numbers")
      }
      return array.cast(to: .float32)
    }
    return (try array("X0"), try array("X1"), needsValues ? try array("y") : nil)
  }

  private static func columns(_ url: URL, needsValues: Bool) throws -> (Tensor, Tensor, Tensor?) {
    let table = try Datasets.Table(reading: url, options: .init(header: .present))
    func matrix(_ prefix: String) throws -> Tensor {
      var columns: [[Double]] = []
      while let column = table["\(prefix)\(columns.count)"] {
        columns.append(try numbers(column, "\(prefix)\(columns.count)", url))
      }
      guard !columns.isEmpty else {
        throw FileFormatError(
          path: url.path, at: .field("\(prefix)0"), found: "columns \(table.columnNames.prefix(6).joined(separator: ", "))...",
          expected: "columns u0, u1, ... for the function, y0, ... for the place and s for the value")
      }
      let rows = table.rowCount
      return Tensor((0..<rows).flatMap { row in columns.map { Float($0[row]) } }, shape: [rows, columns.count])
    }
    var values: Tensor?
    if needsValues {
      guard let column = table["s"] else {
        throw FileFormatError(path: url.path, at: .field("s"), found: "no such column", expected: "the values")
      }
      values = Tensor(try numbers(column, "s", url).map { Float($0) }, shape: [table.rowCount, 1])
    }
    return (try matrix("u"), try matrix("y"), values)
  }

  private static func numbers(_ column: Datasets.Table.Column, _ name: String, _ url: URL) throws -> [Double] {
    guard case .numbers(let values) = column else {
      throw FileFormatError(path: url.path, at: .field(name), found: "something that is no number", expected: "numbers")
    }
    return values.map { Double($0) }
  }
}
