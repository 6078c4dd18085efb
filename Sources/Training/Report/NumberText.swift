import Foundation

/// Numbers as people read them: few digits, a unit, thousands apart.
package enum NumberText {
  /// A value with its unit at a readable scale: "94.1 %", "3.20 MiB", "850 ms".
  package static func value(_ value: Double, _ unit: Unit = .none) -> String {
    let (scaled, symbol) = scale(value, unit)
    return join(digits(scaled, unit: symbol), symbol)
  }

  /// A mean with its standard error: "94.12 ± 0.31 %".
  package static func measurement(_ measurement: Measurement, _ unit: Unit = .none) -> String {
    let (scaled, symbol) = scale(measurement.mean, unit)
    // Below that an error is what rounding left of none.
    guard let error = measurement.standardError, error > 1e-9 * abs(measurement.mean), error.isFinite, scaled.isFinite else {
      return value(measurement.mean, unit)
    }
    let factor = measurement.mean == 0 ? scale(error, unit).0 / error : scaled / measurement.mean
    let scaledError = error * factor
    // Two digits of the error are as much as a few seeds can say.
    let decimals = min(max(1 - Int(floor(log10(scaledError))), 0), 6)
    return join("\(fixed(scaled, decimals)) ± \(fixed(scaledError, decimals))", symbol)
  }

  /// Three digits without a unit, for the cells of a map.
  package static func short(_ value: Double) -> String {
    guard value.isFinite, value != 0, value != value.rounded() || abs(value) >= 1000 else { return digits(value, unit: "") }
    let size = abs(value)
    return size >= 1e5 || size < 1e-3 ? scientific(value) : fixed(value, (2 - Int(floor(log10(size)))).clamped(to: 0...3))
  }

  /// A number as short as it can be without loss, for data files.
  package static func exact(_ value: Double) -> String {
    if value == value.rounded(), abs(value) < 1e15 { return String(Int(value)) }
    return value.isNaN ? "NaN" : value.isInfinite ? (value < 0 ? "-Infinity" : "Infinity") : String(value)
  }

  /// A duration: "8.3 s", "2 min 05 s", "1 h 12 min".
  package static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 60 else { return value(seconds, .seconds) }
    let whole = Int(seconds.rounded())
    return whole < 3600
      ? String(format: "%d min %02d s", whole / 60, whole % 60) : String(format: "%d h %02d min", whole / 3600, whole / 60 % 60)
  }

  private static func join(_ number: String, _ symbol: String) -> String { symbol.isEmpty ? number : "\(number)\u{A0}\(symbol)" }

  private static func scale(_ value: Double, _ unit: Unit) -> (Double, String) {
    switch unit {
    case .bytes:
      let steps = ["bytes", "KiB", "MiB", "GiB", "TiB"]
      var (scaled, step) = (value, 0)
      while abs(scaled) >= 1024, step + 1 < steps.count { (scaled, step) = (scaled / 1024, step + 1) }
      return (scaled, steps[step])
    case .seconds where value != 0 && abs(value) < 1e-3: return (value * 1e6, "µs")
    case .seconds where value != 0 && abs(value) < 1: return (value * 1e3, "ms")
    default: return (value, unit.rawValue)
    }
  }

  /// Units of which a number is one of several ways to say it, so that a whole one is chance.
  private static let scaledSymbols: Set<String> = ["KiB", "MiB", "GiB", "TiB", "s", "ms", "µs"]

  private static func digits(_ value: Double, unit: String) -> String {
    guard value.isFinite else { return value.isNaN ? "not a number" : value < 0 ? "−∞" : "∞" }
    let size = abs(value)
    if unit == "%" { return fixed(value, size >= 99.95 || size < 9.995 ? 2 : 1) }
    if value == value.rounded(), size < 1e15, !scaledSymbols.contains(unit) || value == 0 { return fixed(value, 0) }
    if size >= 1e6 || size < 1e-3 { return scientific(value) }
    let significant = unit.isEmpty ? 4 : 3
    let text = fixed(value, (significant - 1 - Int(floor(log10(size)))).clamped(to: 0...6))
    return text.contains(".") && unit.isEmpty ? String(text.trimmingSuffix(while: { $0 == "0" })) : text
  }

  /// "1.23 × 10⁻⁵".
  private static func scientific(_ value: Double) -> String {
    let exponent = Int(floor(log10(abs(value))))
    let superscripts: [Character: Character] = [
      "-": "⁻", "0": "⁰", "1": "¹", "2": "²", "3": "³", "4": "⁴", "5": "⁵", "6": "⁶", "7": "⁷", "8": "⁸", "9": "⁹",
    ]
    let power = String(String(exponent).map { superscripts[$0]! })
    return "\(fixed(value / pow(10, Double(exponent)), 2)) × 10\(power)"
  }

  private static func fixed(_ value: Double, _ decimals: Int) -> String {
    let text = String(format: "%.\(decimals)f", abs(value))
    let parts = text.split(separator: ".")
    // Digits in groups of three, from five digits on.
    var whole = String(parts[0])
    if whole.count > 4 {
      var grouped = ""
      for (offset, digit) in whole.enumerated() {
        if offset > 0, (whole.count - offset) % 3 == 0 { grouped.append("\u{202F}") }
        grouped.append(digit)
      }
      whole = grouped
    }
    let sign = value < 0 && text.contains(where: { $0 != "0" && $0 != "." }) ? "−" : ""
    return sign + ([whole] + parts.dropFirst().map(String.init)).joined(separator: ".")
  }
}

extension String {
  fileprivate func trimmingSuffix(while isDropped: (Character) -> Bool) -> Substring {
    var rest = self[...]
    while let last = rest.last, isDropped(last) { rest.removeLast() }
    return rest
  }
}

extension Int {
  fileprivate func clamped(to range: ClosedRange<Int>) -> Int { Swift.min(Swift.max(self, range.lowerBound), range.upperBound) }
}
