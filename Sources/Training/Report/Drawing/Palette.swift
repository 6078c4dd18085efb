/// The colours of figures, each in a light and a dark form.
///
/// The hues stay apart under the common forms of colour blindness (after Okabe and Ito, 2008), and each reaches a contrast of 3 against its ground.
/// gnuplot draws with the light forms; `FigureStyle` gives them names, under which a page chooses.
enum Palette {
  struct Color: Sendable {
    /// The class in SVG, and the CSS variable.
    let name: String
    let light: UInt32
    let dark: UInt32

    /// "#0b66b0", as gnuplot and CSS read it.
    var hex: String { Self.hex(light) }
    static func hex(_ value: UInt32) -> String {
      let digits = String(value, radix: 16)
      return "#" + String(repeating: "0", count: 6 - digits.count) + digits
    }
  }

  static let ink = Color(name: "ink", light: 0x1C1E21, dark: 0xE8EAED)
  static let text = Color(name: "soft", light: 0x5A5F67, dark: 0xA9AFB8)
  static let line = Color(name: "line", light: 0x9A9FA7, dark: 0x6B717B)
  static let grid = Color(name: "grid", light: 0xE4E6EA, dark: 0x2E3238)
  /// Text on a filled cell.
  static let onFill = Color(name: "on-fill", light: 0xFFFFFE, dark: 0x0E1013)

  static let series = [
    Color(name: "s1", light: 0x0B66B0, dark: 0x5AA9E6), Color(name: "s2", light: 0xC4500A, dark: 0xF08A4B),
    Color(name: "s3", light: 0x0A8060, dark: 0x3FC59C), Color(name: "s4", light: 0x9B4A8F, dark: 0xD78CCB),
    Color(name: "s5", light: 0x8A6D00, dark: 0xD9B648), Color(name: "s6", light: 0x3F4CB5, dark: 0x9DA6FF),
  ]
  static let baselines = [
    Color(name: "b1", light: 0x6B7077, dark: 0xA1A7B0), Color(name: "b2", light: 0x8D9299, dark: 0x80868F),
    Color(name: "b3", light: 0x4B5057, dark: 0xC3C8D0),
  ]

  static let all = [ink, text, line, grid, onFill] + series + baselines

  /// CSS variables with the light forms, and the dark ones where the reader's device asks for them; the light ones on paper.
  static var variables: String {
    func declarations(_ value: (Color) -> UInt32) -> String {
      all.map { "--\($0.name):\(Color.hex(value($0)))" }.joined(separator: ";")
    }
    return ":root{\(declarations(\.light))}@media screen and (prefers-color-scheme:dark){:root{\(declarations(\.dark))}}"
  }

  /// The rules that make the classes of a figure follow the variables.
  static var rules: String {
    all.map {
      "g.f-\($0.name),text.f-\($0.name),.f-\($0.name){fill:var(--\($0.name))}.k-\($0.name){stroke:var(--\($0.name))}.c-\($0.name){color:var(--\($0.name))}"
    }
    .joined()
  }
}

/// How the series of a plot are told apart: hue and mark for methods, grey and dashes for baselines.
struct SeriesStyle: Sendable {
  let color: Palette.Color
  let dash: String
  let mark: Int
  let width: Double

  /// One style for each role, counted within its kind.
  static func styles(for roles: [SeriesRole]) -> [SeriesStyle] {
    let marks = [7, 5, 9, 13, 11, 15]
    let dashes = ["(8,5)", "(2,4)", "(12,4,2,4)"]
    var (methods, baselines) = (0, 0)
    return roles.map { role in
      switch role {
      case .method:
        defer { methods += 1 }
        let round = methods / Palette.series.count
        return SeriesStyle(
          color: Palette.series[methods % Palette.series.count], dash: round == 0 ? "solid" : dashes[(round - 1) % dashes.count],
          mark: marks[methods % marks.count], width: 2.2)
      case .baseline:
        defer { baselines += 1 }
        let index = baselines % Palette.baselines.count
        return SeriesStyle(color: Palette.baselines[index], dash: dashes[index], mark: [6, 4, 8][index], width: 1.8)
      }
    }
  }
}
