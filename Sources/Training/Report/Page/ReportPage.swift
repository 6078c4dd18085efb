import Foundation
import Mustache

/// The page of a run: one file that needs nothing else.
struct ReportPage {
  let report: Report
  let figures: [DrawnFigure]

  init(_ report: Report, figures: [DrawnFigure]) {
    self.report = report
    self.figures = figures
  }

  var html: String {
    get throws { try MustacheTemplate(string: ReportTemplate.page).render(content) }
  }

  private var findings: Findings { report.findings }
  private var run: RunDescription { report.run }

  private var content: [String: Any] {
    let holding = findings.claims.filter(\.holds).count
    return [
      "style": ReportStyle.sheet,
      "title": run.title,
      "system": run.system,
      "eyebrow": "\(run.family) · \(run.system) · \(run.preset) preset",
      "authors": run.authors.joined(separator: ", "),
      "year": String(run.year),
      "source": run.source,
      "problem": run.problem,
      "paperClaim": run.claim,
      "hasClaims": !findings.claims.isEmpty,
      "holding": String(holding),
      "claimCount": String(findings.claims.count),
      "claimNoun": findings.claims.count == 1 ? "claim holds" : "claims hold",
      "setting": setting,
      "claims": findings.claims.map(claim),
      "hasFigures": !figures.isEmpty,
      "figures": figures.map(figure),
      "tables": findings.tables.map(table),
      "hasMetrics": !findings.metrics.isEmpty,
      "metrics": findings.metrics.map { ["parts": Self.parts($0.name, after: "."), "value": NumberText.measurement($0.value, $0.unit)] },
      "hasOptions": !run.options.isEmpty,
      "options": run.options.map { ["name": $0.name, "parts": Self.parts($0.value, after: ","), "meaning": $0.meaning] },
      "facts": facts.map { ["name": $0.0, "value": $0.1] },
      "command": run.command,
      "version": report.environment.version,
    ]
  }

  /// "On digits (generated, 8 000 training and 2 000 test examples), seed 1, in 41 s."
  private var setting: String {
    let data = findings.data
    let counts = [
      data.trainingExamples.map { "\(NumberText.value(Double($0))) training" },
      data.testExamples.map { "\(NumberText.value(Double($0))) test" },
    ]
    .compactMap(\.self)
    let details = [
      data.isGenerated ? "generated" : nil, counts.isEmpty ? nil : counts.joined(separator: " and ") + " examples", data.shape,
    ]
    .compactMap(\.self)
    let seeds = findings.claims.flatMap { [$0.measured.values.count, $0.baseline.values.count] }.max() ?? 1
    return "On \(data.name)" + (details.isEmpty ? "" : " (\(details.joined(separator: ", ")))")
      + ", \(seeds == 1 ? "seed \(run.seed)" : "\(seeds) seeds from \(run.seed)"), in \(NumberText.duration(report.cost.seconds))."
  }

  /// A text in pieces between which a line may end.
  private static func parts(_ text: String, after separator: Character) -> [String] {
    let parts = text.split(separator: separator, omittingEmptySubsequences: false)
    return parts.dropLast().map { "\($0)\(separator)" } + parts.suffix(1).map(String.init)
  }

  private func claim(_ claim: Claim) -> [String: Any] {
    let words = ClaimWords(claim: claim)
    return [
      "id": claim.id, "statement": claim.statement, "verdict": words.verdict, "state": claim.holds ? "holds" : "fails",
      "mark": claim.holds ? "✓" : "✕",
      "measuredName": claim.measuredName, "measured": NumberText.measurement(claim.measured, claim.unit),
      "baselineName": claim.baselineName, "baseline": NumberText.measurement(claim.baseline, claim.unit),
      "condition": words.condition, "difference": words.difference, "seeds": words.seeds, "glyph": ClaimGlyph(claim: claim).svg,
    ]
  }

  private func figure(_ drawn: DrawnFigure) -> [String: Any] {
    [
      "name": drawn.figure.name, "title": drawn.figure.title, "caption": drawn.figure.caption, "isDrawn": drawn.wide != nil,
      "wide": drawn.wide ?? "", "narrow": drawn.narrow ?? "", "problem": drawn.explanation ?? "",
    ]
  }

  private func table(_ table: Table) -> [String: Any] {
    // A column is set as numbers where every filled cell is one.
    let isNumeric = table.columns.indices.map { column in
      table.rows.allSatisfy { row in
        if case .text = row[column] { false } else { true }
      }
    }
    return [
      "title": table.title, "name": table.name,
      "columns": zip(table.columns, isNumeric).map { ["name": $0.name, "alignment": $1 ? "number" : "text"] },
      "rows": table.rows.map { row in
        [
          "cells": zip(zip(row, table.columns), isNumeric).map { pair, isNumber in
            ["value": text(pair.0, pair.1.unit), "alignment": isNumber ? "number" : "text"]
          }
        ]
      },
    ]
  }

  private func text(_ cell: Table.Cell, _ unit: Unit) -> String {
    switch cell {
    case .text(let text): text
    case .number(let value): NumberText.measurement(value, unit)
    case .empty: "–"
    }
  }

  private var facts: [(String, String)] {
    let environment = report.environment
    var facts = [
      ("Time", NumberText.duration(report.cost.seconds)), ("Peak memory", NumberText.value(Double(report.cost.peakBytes), .bytes)),
    ]
    if let processor = environment.processor { facts.append(("Processor", processor)) }
    facts += [
      ("Cores", String(environment.coreCount)), ("Memory", NumberText.value(Double(environment.memoryBytes), .bytes)),
      ("System", environment.operatingSystem), ("Apus", environment.version),
    ]
    if let commit = environment.commit { facts.append(("Commit", commit)) }
    return facts
  }
}
