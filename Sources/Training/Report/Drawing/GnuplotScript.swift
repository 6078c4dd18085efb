import Foundation

/// A gnuplot program that draws one figure from the CSV file of the same name beside it.
struct GnuplotScript {
  let name: String
  private var lines: [String] = []
  private var plots: [String] = []
  private var labelCount = 0
  /// The ends of the axes, where they are known.
  private(set) var horizontalSpan: Span?
  private(set) var verticalSpan: Span?

  /// The ends of an axis.
  struct Span {
    let range: ClosedRange<Double>
    let scale: Axis.Scale

    /// Where a value stands: 0 at the lower end, 1 at the upper.
    func share(_ value: Double) -> Double {
      func mapped(_ value: Double) -> Double { scale == .logarithmic ? log(max(value, .leastNormalMagnitude)) : value }
      return (mapped(value) - mapped(range.lowerBound)) / (mapped(range.upperBound) - mapped(range.lowerBound))
    }
  }

  /// - Parameters:
  ///   - name: of the figure's files.
  ///   - height: of the wide form, in pixels.
  init(name: String, height: Int) {
    self.name = name
    lines = [
      "# Draws \(name).svg from \(name).csv. Run it in this folder: gnuplot \(name).gnuplot",
      "if (!exists(\"width\")) width = \(FigureSize.wide)",
      "if (!exists(\"height\")) height = \(height)",
      "if (!exists(\"target\")) target = \"\(name).svg\"",
      "narrow = width < 560",
      "set terminal svg size width,height dynamic standalone rounded font \"Helvetica,13\"",
      "set output target",
      "set encoding utf8",
      "set termoption noenhanced",
      "set datafile separator comma",
      "set datafile columnheaders",
      "set style fill transparent solid 1 noborder",
      "set border 1 linecolor rgb \"\(Palette.line.hex)\" linewidth 1",
      "set tics nomirror scale 0.4 textcolor rgb \"\(Palette.text.hex)\"",
      "set ytics scale 0",
      "set grid ytics linecolor rgb \"\(Palette.grid.hex)\" linewidth 1 linetype 1",
      "set key bmargin left horizontal Left reverse samplen 2.2 spacing 1.35 textcolor rgb \"\(Palette.text.hex)\" title \" \"",
    ]
  }

  mutating func add(_ line: String) { lines.append(line) }

  mutating func plot(_ plot: String) { plots.append("\"\(name).csv\" " + plot) }

  /// A text somewhere, in the coordinates that `position` names.
  /// - Parameters:
  ///   - isForWideOnly: leaves the text out where a phone has no room for it.
  ///   - condition: in gnuplot's words, before the command.
  mutating func label(
    _ text: String, at position: String, _ alignment: String = "left", color: Palette.Color = Palette.text, offset: String = "0,0",
    isForWideOnly: Bool = false, condition: String = ""
  ) {
    labelCount += 1
    // A phone shows about 46 characters in a line.
    let words = text.count > 46 ? "(narrow ? \(Self.quoted(text.prefix(45) + "…")) : \(Self.quoted(text)))" : Self.quoted(text)
    lines.append(
      (isForWideOnly ? "if (!narrow) " : condition)
        + "set label \(labelCount) \(words) at \(position) \(alignment) offset \(offset) front textcolor rgb \"\(color.hex)\"")
  }

  /// The horizontal axis under the plot.
  mutating func horizontal(_ axis: Axis, values: [Double], padding: Double = 0.02) {
    lines.append("set xlabel \(Self.quoted(axis.label)) textcolor rgb \"\(Palette.text.hex)\" offset 0,0.5")
    range("x", axis, values, padding: padding)
    // Whole numbers, as of epochs, get no marks between them.
    let finite = values.filter(\.isFinite)
    if axis.scale == .linear, let low = finite.min(), let high = finite.max(), finite.allSatisfy({ $0 == $0.rounded() }), high - low < 1e6 {
      let step = Self.wholeStep(for: high - low)
      let start = (low / step).rounded(.up) * step
      lines.append("set xtics \(NumberText.exact(step == 1 ? low : start)),\(NumberText.exact(step))")
    }
  }

  /// The vertical axis: its name stands over the plot, where it can be read without turning the head.
  mutating func vertical(_ axis: Axis, values: [Double], padding: Double = 0.06) {
    lines.append("set tmargin 2.4")
    label(axis.label, at: "graph 0, graph 1", offset: "-1.2,1.1")
    range("y", axis, values, padding: padding)
  }

  private mutating func range(_ letter: String, _ axis: Axis, _ values: [Double], padding: Double) {
    lines.append("set format \(letter) \"%g\"")
    if axis.scale == .logarithmic { lines.append("set logscale \(letter)") }
    let finite = values.filter { $0.isFinite && (axis.scale == .linear || $0 > 0) }
    guard let range = axis.range ?? Self.range(of: finite, axis.scale, padding: padding) else { return }
    if axis.scale == .logarithmic, range.lowerBound > 0 {
      let tics = Self.logarithmicTics(in: range).map { NumberText.exact($0) }
      lines.append("set \(letter)tics (\(tics.map { "\(Self.quoted($0)) \($0)" }.joined(separator: ", ")))")
    }
    lines.append("set \(letter)range [\(NumberText.exact(range.lowerBound)):\(NumberText.exact(range.upperBound))]")
    let span = Span(range: range, scale: axis.scale)
    if letter == "x" { horizontalSpan = span } else { verticalSpan = span }
  }

  private static func range(of values: [Double], _ scale: Axis.Scale, padding: Double) -> ClosedRange<Double>? {
    guard let low = values.min(), let high = values.max() else { return nil }
    if scale == .logarithmic {
      let factor = high > low ? pow(high / low, padding) : 2
      return (low / factor)...(high * factor)
    }
    let space = high > low ? (high - low) * padding : max(abs(high) * 0.1, 1)
    return (low - space)...(high + space)
  }

  /// 1, 2 and 5 times powers of ten; only the powers where those alone are enough, and all whole factors in a narrow range.
  static func logarithmicTics(in range: ClosedRange<Double>) -> [Double] {
    let powers = Int(floor(log10(range.lowerBound)))...Int(ceil(log10(range.upperBound)))
    let few = tics(of: powers.count > 5 ? [1] : [1, 2, 5], times: powers, in: range)
    return few.count >= 3 ? few : tics(of: (1...9).map(Double.init), times: powers, in: range)
  }

  private static func tics(of factors: [Double], times powers: ClosedRange<Int>, in range: ClosedRange<Double>) -> [Double] {
    let step = powers.count > 10 ? powers.count / 8 : 1
    return powers.enumerated().filter { $0.offset % step == 0 }.flatMap { power in
      // Dividing by a power is exact where multiplying by its inverse is not.
      factors.map { power.element >= 0 ? $0 * pow(10, Double(power.element)) : $0 / pow(10, Double(-power.element)) }
    }.filter(range.contains)
  }

  /// A step of 1, 2 or 5 times a power of ten that divides `span` into at most eight parts.
  static func wholeStep(for span: Double) -> Double {
    var power = 1.0
    while true {
      for factor in [1.0, 2, 5] where span / (factor * power) <= 8 { return factor * power }
      power *= 10
    }
  }

  /// Pixels that the key takes under a plot.
  static func keyHeight(_ names: [String], width: Int) -> Int {
    guard names.count > 1 else { return 0 }
    let entry = (names.map(\.count).max() ?? 0) * 8 + 60
    let columns = max(1, width / entry)
    return 30 + 22 * ((names.count + columns - 1) / columns)
  }

  /// A text between quotes, in which gnuplot reads nothing.
  static func quoted(_ text: String) -> String {
    let plain = text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: " ")
    return "\"\(plain)\""
  }

  var text: String {
    (lines + ["plot " + plots.joined(separator: ", \\\n  ")]).joined(separator: "\n") + "\n"
  }
}

extension Axis {
  /// Name and unit: "test accuracy (%)".
  var label: String { unit.rawValue.isEmpty ? name : "\(name) (\(unit.rawValue))" }
}

/// The two widths in which a figure is drawn, in pixels: for a page, and for a phone.
enum FigureSize {
  static let wide = 720
  static let narrow = 380
}
