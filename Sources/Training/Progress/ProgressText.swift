import Foundation

/// How amounts are written in one short word.
package enum ProgressText {
  /// "0:07", "12:30", "3:05:00".
  package static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "?" }
    let total = Int(seconds.rounded())
    let minutes = total / 60
    let tail = twoDigits(total % 60)
    return minutes < 60 ? "\(minutes):\(tail)" : "\(minutes / 60):\(twoDigits(minutes % 60)):\(tail)"
  }

  /// Three significant digits with k, M or G: "12.3k".
  package static func amount(_ value: Double) -> String {
    for (unit, name) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] where value >= unit * 0.9995 { return digits(value / unit) + name }
    return digits(value)
  }

  /// Four significant digits: "0.4231", "12.5", "1.2e-05", "nan".
  package static func metric(_ value: Double) -> String {
    if value == value.rounded(), abs(value) < 1e6 { return String(Int(value)) }
    return String(format: "%.4g", value)
  }

  private static func digits(_ value: Double) -> String { String(format: value >= 99.95 ? "%.0f" : value >= 9.995 ? "%.1f" : "%.2f", value) }
  private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

  /// A bar of `width` characters, filled to `fraction`.
  package static func bar(_ fraction: Double, width: Int, usesUnicode: Bool) -> String {
    let clamped = min(max(fraction, 0), 1)
    guard usesUnicode else {
      let full = Int(clamped * Double(width))
      return String(repeating: "#", count: full) + String(repeating: ".", count: width - full)
    }
    let eighths = Int(clamped * Double(width * 8))
    let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    let part = parts[eighths % 8]
    let full = String(repeating: "█", count: eighths / 8) + part
    return full + String(repeating: "░", count: width - full.count)
  }
}
