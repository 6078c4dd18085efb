import CommandLineSupport
import Foundation
import Testing
import Training

/// The report as a real browser lays it out: on a screen, on a phone, in the dark.
@Suite("The report page in a browser", .enabled(if: Browser.isInstalled, Comment(rawValue: Browser.advice)), .serialized)
struct BrowserTests {
  private static let screens: [(name: String, width: Int, height: Int, isDark: Bool)] = [
    ("desktop", 1280, 900, false), ("desktop in the dark", 1280, 900, true), ("phone", 360, 740, false),
    ("phone in the dark", 360, 740, true),
  ]

  private func check(_ page: URL, figures: Int) throws {
    let browser = try Browser()
    for screen in Self.screens {
      try browser.show(page, width: screen.width, height: screen.height, isDark: screen.isDark)
      let check = try PageCheck(of: browser)
      #expect(check.figureCount == figures, "\(screen.name)")
      #expect(check.overflowing.isEmpty, "\(screen.name): \(check.overflowing)")
      #expect(check.undrawn.isEmpty, "\(screen.name): \(check.undrawn)")
      #expect(check.nameless.isEmpty, "\(screen.name): \(check.nameless)")
      #expect(check.faint.isEmpty, "\(screen.name): \(check.faint)")
      // For whoever wants to look as well.
      if let folder = ProcessInfo.processInfo.environment["APUS_PICTURES"] {
        try browser.picture().write(to: URL(fileURLWithPath: folder).appendingPathComponent("\(screen.name).png"))
      }
    }
    #expect(browser.complaints.isEmpty, "\(browser.complaints)")
  }

  @Test func everyKindOfFigureAndTableFitsEveryScreen() throws {
    try withTemporaryDirectory { directory in
      let findings = ReportFixture.findings
      let warnings = try Report(findings, of: ReportFixture.run, cost: RunCost(seconds: 75.2, peakBytes: 1 << 20)).write(to: directory)
      #expect(warnings.isEmpty, "\(warnings)")
      try check(directory.appendingPathComponent("report.html"), figures: findings.figures.count)
    }
  }

  /// A check that finds nothing wrong with a page that is wrong would be none.
  @Test func theCheckSeesWhatIsWrong() throws {
    try withTemporaryDirectory { directory in
      let page = directory.appendingPathComponent("page.html")
      let text = """
        <!doctype html><title>t</title><body style="background:#fff"><p style="width:2000px">wide</p><p style="color:#ccc">faint</p>
        <figure id="none"></figure><figure id="empty"><svg width="100" height="100" viewBox="0 0 100 100"><text x="90" y="50">beyond the edge</text></svg></figure>
        <script>console.error("loud"); missing()</script>
        """
      try Data(text.utf8).write(to: page)
      let browser = try Browser()
      try browser.show(page, width: 800, height: 600)
      let check = try PageCheck(of: browser)
      #expect(check.overflowing.contains { $0.contains("wide") } && check.overflowing.contains { $0.contains("beyond the edge") })
      #expect(check.undrawn.count == 2 && check.nameless.count == 1 && check.faint.count == 1)
      #expect(browser.complaints.contains { $0.contains("loud") } && browser.complaints.contains { $0.contains("missing") })
    }
  }
}
