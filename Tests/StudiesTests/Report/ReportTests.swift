import Foundation
import Studies
import Testing
import Training

@Suite("Reports and figures")
struct ReportTests {
  private var findings: Findings { ReportFixture.findings }

  private func write(to directory: URL, searchPath: String? = nil) throws -> [String] {
    try Report(findings, of: ReportFixture.run, cost: RunCost(seconds: 75.2, peakBytes: 1 << 20)).write(
      to: directory, searchPath: searchPath)
  }

  private var hasGnuplot: Bool {
    (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
      FileManager.default.isExecutableFile(atPath: "\($0)/gnuplot")
    }
  }

  @Test func everyKindOfFigureIsDrawn() throws {
    guard hasGnuplot else {
      print("gnuplot is absent, so no figure can be drawn here")
      return
    }
    try withTemporaryDirectory { directory in
      #expect(try write(to: directory).isEmpty)
      for figure in findings.figures {
        let svg = try String(contentsOf: directory.appendingPathComponent("figures/\(figure.name).svg"), encoding: .utf8)
        #expect(throws: Never.self, "\(figure.name) is XML") { try XMLCheck.parse(Data(svg.utf8)) }
        #expect(svg.contains("<title id=\"\(figure.name)-title\">Figure &amp; \(figure.name)</title>"))
        #expect(svg.contains("prefers-color-scheme:dark"), "\(figure.name) follows the reader's page")
        #expect(!svg.contains("Gnuplot"))
        #expect(!svg.contains("scale(0.00)"), "\(figure.name): a mark of no size is refused by some readers")
      }
      let leftover = try FileManager.default.contentsOfDirectory(atPath: directory.appendingPathComponent("figures").path)
      #expect(leftover.allSatisfy { !$0.hasPrefix(".") })
      let page = try String(contentsOf: directory.appendingPathComponent("report.html"), encoding: .utf8)
      for figure in findings.figures {
        #expect(page.contains("id=\"\(figure.name)-wide-title\"") && page.contains("id=\"\(figure.name)-narrow-title\""))
      }
    }
  }

  @Test func withoutGnuplotTheRestIsThere() throws {
    try withTemporaryDirectory { directory in
      let warnings = try write(to: directory, searchPath: "/nowhere")
      #expect(warnings.count == 1 && warnings[0].contains("gnuplot is not installed"), "\(warnings)")
      for figure in findings.figures {
        let file = directory.appendingPathComponent("figures/\(figure.name)")
        #expect(
          FileManager.default.fileExists(atPath: file.path + ".csv") && FileManager.default.fileExists(atPath: file.path + ".gnuplot"))
        #expect(!FileManager.default.fileExists(atPath: file.path + ".svg"))
      }
      let page = try String(contentsOf: directory.appendingPathComponent("report.html"), encoding: .utf8)
      #expect(page.contains("Not drawn: gnuplot is not installed"))
      #expect(FileManager.default.fileExists(atPath: directory.appendingPathComponent("findings.json").path))
    }
  }

  @Test func thePageNeedsNothingElseAndSaysWhatMatters() throws {
    try withTemporaryDirectory { directory in
      _ = try write(to: directory, searchPath: "/nowhere")
      let page = try String(contentsOf: directory.appendingPathComponent("report.html"), encoding: .utf8)
      for address in page.matches(of: /(?:src|href)="([^"]*)"/).map(\.1) { #expect(address.hasPrefix("figures/"), "\(address)") }
      #expect(!page.contains("@import") && !page.contains("url(http"))
      for text in [
        "Lines &amp; &lt;their&gt; slopes", "1 of 1 claim holds", "Better than &lt;before&gt; &amp; &quot;after&quot;", "Holds",
        "95.50 ± 0.50",
        "1 min 15 s", "3.00\u{A0}MiB", "steps &amp; &lt;more&gt;", "a=&lt;b&gt;", "prefers-color-scheme:dark", "@media print",
        "lang=\"en\"",
      ] { #expect(page.contains(text), "\(text)") }
    }
  }

  @Test func dataIsWrittenExactly() throws {
    try withTemporaryDirectory { directory in
      _ = try write(to: directory, searchPath: "/nowhere")
      func lines(_ name: String) throws -> [Substring] {
        try String(contentsOf: directory.appendingPathComponent(name), encoding: .utf8).split(separator: "\n")
      }
      let curves = try lines("figures/lines.csv")
      #expect(curves[0] == "series,epoch,accuracy (%),standard error,seed 1,seed 2")
      #expect(curves[1] == "method,1,71,1,70,72")
      #expect(curves[4] == "\"baseline, \"\"plain\"\"\",1,60,,60,")
      #expect(try lines("tables/rows.csv") == ["name,time (s)", "\"a, b\",1.5", "c,"])
      #expect(try lines("figures/pareto.csv")[1...] == ["cheap,1,1,1", "dear,30,2,1", "bad,40,1.5,0"])
      #expect(try lines("figures/confusion.csv")[2] == "0,1,cat,dog,1,0.5")
      #expect(try lines("figures/images.csv")[2] == "0,0,1,0,51,51,51")
      #expect(try lines("figures/histogram.csv").count == 21)
    }
  }

  @Test func namesOfNearPointsStandApart() throws {
    try withTemporaryDirectory { directory in
      _ = try write(to: directory, searchPath: "/nowhere")
      let script = try String(contentsOf: directory.appendingPathComponent("figures/trajectories.gnuplot"), encoding: .utf8)
      for condition in ["if (!narrow) ", "if (narrow) "] {
        let places = script.split(separator: "\n").filter { $0.hasPrefix("\(condition)set label") }.compactMap {
          $0.firstMatch(of: /"(layer \d|bound)" at graph (-?[\d.e-]+), graph (-?[\d.e-]+) center/).map {
            ($0.1, Double($0.2)!, Double($0.3)!)
          }
        }
        #expect(Set(places.map(\.0)) == ["layer 1", "layer 2", "layer 3", "bound"], "\(script)")
        let (width, height) = condition.contains("!") ? (586.0, 396.0) : (246, 276)
        for (index, one) in places.enumerated() {
          for other in places[..<index] {
            #expect(abs(one.1 - other.1) * width > 40 || abs(one.2 - other.2) * height > 14, "\(one) and \(other)")
          }
        }
      }
    }
  }

  @Test func theHighestBarOfAHistogramEndsBelowTheEdge() throws {
    try withTemporaryDirectory { directory in
      _ = try write(to: directory, searchPath: "/nowhere")
      let rows = try String(contentsOf: directory.appendingPathComponent("figures/histogram.csv"), encoding: .utf8).split(separator: "\n")
      let largest = try #require(rows.dropFirst().compactMap { Double($0.split(separator: ",")[3]) }.max())
      let script = try String(contentsOf: directory.appendingPathComponent("figures/histogram.gnuplot"), encoding: .utf8)
      let top = try #require(script.firstMatch(of: /set yrange \[0:([\d.]+)\]/).flatMap { Double($0.1) })
      #expect(top > largest * 1.04 && top < largest * 1.2, "\(top) for \(largest)")
    }
  }

  @Test func aFigureWithoutDataDoesNotStopTheRun() throws {
    try withTemporaryDirectory { directory in
      var findings = Findings(on: DataSummary("nothing", isGenerated: true))
      findings.add(Figure("empty", title: "E", caption: "E", .lines(LinePlot(x: "x", y: "y", []))))
      findings.add(Figure("nan", title: "N", caption: "N", .lines(LinePlot(x: "x", y: "y", [Curve("n", perEpoch: [[.nan, .nan]])]))))
      let warnings = try Report(findings, of: ReportFixture.run, cost: RunCost(seconds: 1, peakBytes: 1)).write(to: directory)
      #expect(warnings.contains("the figure empty is not drawn: there is no data to draw"))
      #expect(FileManager.default.fileExists(atPath: directory.appendingPathComponent("report.html").path))
    }
  }

  @Test(arguments: [
    (94.123, Training.Unit.percent, "94.1\u{A0}%"), (99.96, .percent, "99.96\u{A0}%"), (0.5, .seconds, "500\u{A0}ms"),
    (1536, .bytes, "1.50\u{A0}KiB"), (12, .bytes, "12\u{A0}bytes"),
    (0.25, .none, "0.25"), (12_345_678, .none, "12\u{202F}345\u{202F}678"), (1.5e-9, .none, "1.50 × 10⁻⁹"), (-3, .none, "−3"),
    (.nan, .none, "not a number"),
    (0, .bytes, "0\u{A0}bytes"), (9.9999, .percent, "10.0\u{A0}%"), (9.5, .percent, "9.50\u{A0}%"), (0, .seconds, "0\u{A0}s"),
    (12, .seconds, "12.0\u{A0}s"),
  ])
  func numbersAreReadable(value: Double, unit: Training.Unit, text: String) { #expect(NumberText.value(value, unit) == text) }

  @Test func errorsDecideTheDigits() {
    #expect(NumberText.measurement(Measurement([95.1, 96.2, 95.15]), .percent) == "95.48 ± 0.36\u{A0}%")
    #expect(NumberText.measurement(Measurement([2 << 20, 4 << 20].map(Double.init)), .bytes) == "3.0 ± 1.0\u{A0}MiB")
    #expect(NumberText.measurement(Measurement([5, 5]), .none) == "5")
    #expect(NumberText.measurement(Measurement([0.1 + 0.2, 0.3]), .percent) == "0.30\u{A0}%")
  }
}

/// Whether a text is well-formed XML, by its tags: each that opens closes, in order.
enum XMLCheck {
  struct Malformed: Error { let tag: String }

  static func parse(_ data: Data) throws {
    let text = String(decoding: data, as: UTF8.self)
    var open: [Substring] = []
    for match in text.matches(of: /<(\/?)([A-Za-z][\w:-]*)((?:"[^"]*"|'[^']*'|[^<>"'])*)>/) {
      let attributes = match.3.matches(of: /([\w:-]+)\s*=\s*(?:"[^"]*"|'[^']*')/).map(\.1)
      guard Set(attributes).count == attributes.count else { throw Malformed(tag: String(match.0)) }
      if match.1 == "/" {
        guard open.popLast() == match.2 else { throw Malformed(tag: String(match.0)) }
      } else if !match.3.hasSuffix("/") {
        open.append(match.2)
      }
    }
    if let tag = open.last { throw Malformed(tag: String(tag)) }
  }
}
