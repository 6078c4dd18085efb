import Foundation
import Tensors

/// Writes what a run found: `findings.json`, `figures/`, `tables/` and `report.html`.
public struct Report: Sendable {
  public let findings: Findings
  public let run: RunDescription
  public let cost: RunCost
  public let environment: EnvironmentFacts

  public init(_ findings: Findings, of run: RunDescription, cost: RunCost, environment: EnvironmentFacts = .current) {
    self.findings = findings
    self.run = run
    self.cost = cost
    self.environment = environment
  }

  public var document: FindingsDocument { FindingsDocument(findings, of: run, cost: cost, version: environment.version) }

  /// Writes everything into `directory`. Returns what could not be drawn, in words; nothing when all is well.
  /// - Parameter searchPath: folders in which gnuplot is looked for; that of this process by default.
  @discardableResult
  public func write(to directory: URL, searchPath: String? = nil) throws -> [String] {
    let figures = directory.appendingPathComponent("figures")
    if !findings.figures.isEmpty { try FileManager.default.createDirectory(at: figures, withIntermediateDirectories: true) }
    let files = FigureFiles(folder: figures, searchPath: searchPath)
    let drawn = try findings.figures.map { try files.write($0) }
    if !findings.tables.isEmpty {
      let tables = directory.appendingPathComponent("tables")
      try FileManager.default.createDirectory(at: tables, withIntermediateDirectories: true)
      for table in findings.tables { try AtomicFile.write(table.csv.text.utf8, to: tables.appendingPathComponent("\(table.name).csv")) }
    }
    let page = try ReportPage(self, figures: drawn).html
    try AtomicFile.write(page.utf8, to: directory.appendingPathComponent("report.html"))
    try AtomicFile.write(ReportJSON.encode(document), to: directory.appendingPathComponent(OutputDirectory.findingsName))
    return Set(drawn.compactMap(\.warning)).sorted()
  }
}

extension Table {
  /// The table as a file: means and standard errors in columns of their own.
  var csv: CSVText {
    let hasErrors = columns.indices.map { column in
      rows.contains { row in
        if case .number(let value) = row[column] { value.standardError != nil } else { false }
      }
    }
    var csv = CSVText(
      zip(columns, hasErrors).flatMap { column, hasError in
        let name = column.unit == .none ? column.name : "\(column.name) (\(column.unit.rawValue))"
        return hasError ? [name, "\(name), standard error"] : [name]
      })
    for row in rows {
      csv.append(
        zip(row, hasErrors).flatMap { cell, hasError in
          switch cell {
          case .text(let text): return [text] + (hasError ? [""] : [])
          case .empty: return [""] + (hasError ? [""] : [])
          case .number(let value):
            return [NumberText.exact(value.mean)] + (hasError ? [value.standardError.map(NumberText.exact) ?? ""] : [])
          }
        })
    }
    return csv
  }
}
