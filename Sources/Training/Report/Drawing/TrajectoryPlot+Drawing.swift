import Foundation

extension TrajectoryPlot: DrawnPlot {
  private var everything: [Path] { paths + reference }

  var csv: CSVText {
    var csv = CSVText(["series", x.label, y.label, value.label])
    for path in paths {
      for point in path.points {
        csv.append([path.name, NumberText.exact(point.x), NumberText.exact(point.y), NumberText.exact(point.value)])
      }
    }
    for path in reference {
      for point in path.points { csv.append([path.name, NumberText.exact(point.x), NumberText.exact(point.y), ""]) }
    }
    return csv
  }

  func height(width: Int) -> Int { width >= FigureSize.wide ? 480 : 360 }

  /// The ends of the colours. A logarithmic scale counts from 1, so that epoch 0 has a colour.
  private var ends: ClosedRange<Double> {
    if let range = value.range { return range }
    let finite = paths.flatMap(\.points).map(\.value).filter(\.isFinite)
    let (low, high) = (finite.min() ?? 0, finite.max() ?? 1)
    return low...(high > low ? high : low + 1)
  }

  func draw(in script: inout GnuplotScript) {
    let points = everything.flatMap(\.points)
    script.horizontal(x, values: points.map(\.x), padding: 0.05)
    script.vertical(y, values: points.map(\.y), padding: 0.06)
    script.add("unset key")
    script.add(Viridis.function(ends: ends, isLogarithmic: value.scale == .logarithmic))
    let ranges = CSVRange.ranges(of: everything.map(\.points.count))
    for (path, rows) in zip(reference, ranges.suffix(reference.count)) where !path.points.isEmpty {
      script.plot("\(rows) using 2:3 with lines linecolor rgb \"\(Palette.baselines[0].hex)\" dashtype (8,5) linewidth 1.8 notitle")
    }
    let size = points.count > 1500 ? 0.28 : points.count > 300 ? 0.4 : 0.6
    for (path, rows) in zip(paths, ranges) where !path.points.isEmpty {
      if isJoined {
        script.plot("\(rows) using 2:3 with lines linecolor rgb \"\(Palette.line.hex)\" linewidth 0.7 notitle")
      }
      script.plot("\(rows) using 2:3:(shade($4)) with points pointtype 7 pointsize \(size) linecolor rgb variable notitle")
    }
    addNames(to: &script)
    Viridis.scale(in: &script, ends: ends, value)
  }
}

extension TrajectoryPlot {
  /// A path's name stands at its end, a bound's in the middle of its last piece: paths end where bounds do.
  private func addNames(to script: inout GnuplotScript) {
    let ends = paths.filter { !$0.name.isEmpty }.compactMap { path in
      path.points.last.map { (path.name, $0.x, $0.y, Palette.ink, NamePlacement.Side.lowerRight, isOptional: false) }
    }
    let bounds = reference.filter { !$0.name.isEmpty }.compactMap { path in
      path.points.last.map { last in
        let before = path.points.dropLast().last ?? last
        return (path.name, (last.x + before.x) / 2, (last.y + before.y) / 2, Palette.text, NamePlacement.Side.upperLeft, isOptional: false)
      }
    }
    // Lines are as much in a name's way as points are.
    let lines =
      (isJoined ? paths : []).flatMap { Self.places(along: $0, perPiece: 4) } + reference.flatMap { Self.places(along: $0, perPiece: 40) }
    script.names(
      ends + bounds, points: paths.flatMap(\.points).map { ($0.x, $0.y) } + lines, rightMargin: 88, height: height)
  }

  private static func places(along path: Path, perPiece count: Int) -> [(x: Double, y: Double)] {
    zip(path.points, path.points.dropFirst()).flatMap { a, b in
      (0..<count).map { step in
        let share = Double(step) / Double(count)
        return (a.x + share * (b.x - a.x), a.y + share * (b.y - a.y))
      }
    }
  }
}

/// The colours of "viridis" up to where they would be too light for a white page.
enum Viridis {
  private static let stops: [(red: Double, green: Double, blue: Double)] = [
    (68, 1, 84), (71, 44, 122), (59, 81, 139), (44, 113, 142), (33, 144, 141), (39, 173, 129), (92, 200, 99), (170, 220, 50),
    (225, 212, 30),
  ]

  /// gnuplot's `shade(value)`: red, green and blue in one number.
  static func function(ends: ClosedRange<Double>, isLogarithmic: Bool) -> String {
    func mapped(_ value: String) -> String { isLogarithmic ? "log(1+(\(value)))" : "(\(value))" }
    let (low, high) = (NumberText.exact(ends.lowerBound), NumberText.exact(ends.upperBound))
    let parts = Double(stops.count - 1)
    func channel(_ name: String, _ values: [Double]) -> String {
      let pieces = values.indices.dropLast().reversed().reduce(NumberText.exact(values.last!)) { rest, index in
        "(w < \(index + 1) ? \(NumberText.exact(values[index]))+(w-\(index))*(\(NumberText.exact(values[index + 1] - values[index]))) : \(rest))"
      }
      return "\(name)(w) = int(\(pieces))"
    }
    return """
      unit(v) = v < 0 ? 0 : v > 1 ? 1 : v
      place(v) = \(NumberText.exact(parts)) * unit((\(mapped("v"))-\(mapped(low)))/(\(mapped(high))-\(mapped(low))))
      \(channel("redpart", stops.map(\.red)))
      \(channel("greenpart", stops.map(\.green)))
      \(channel("bluepart", stops.map(\.blue)))
      shade(v) = redpart(place(v)) * 65536 + greenpart(place(v)) * 256 + bluepart(place(v))
      """
  }

  private static func hex(at part: Double) -> String {
    let place = min(max(part, 0), 1) * Double(stops.count - 1)
    let index = min(Int(place), stops.count - 2)
    let share = place - Double(index)
    let (a, b) = (stops[index], stops[index + 1])
    func channel(_ from: Double, _ to: Double) -> UInt32 { UInt32((from + share * (to - from)).rounded()) }
    return Palette.Color.hex(channel(a.red, b.red) << 16 | channel(a.green, b.green) << 8 | channel(a.blue, b.blue))
  }

  /// A strip of the colours right of the plot, with values beside it.
  static func scale(in script: inout GnuplotScript, ends: ClosedRange<Double>, _ value: Axis) {
    script.add("set rmargin 11")
    let parts = 48
    for part in 0..<parts {
      let (low, high) = (Double(part) / Double(parts), Double(part + 1) / Double(parts))
      script.add(
        "set object \(part + 1) rectangle noclip from graph 1.03, graph \(low) to graph 1.055, graph \(high) fillcolor rgb \"\(hex(at: (low + high) / 2))\" fillstyle solid noborder"
      )
    }
    for (number, place) in marks(ends, isLogarithmic: value.scale == .logarithmic) {
      script.label(NumberText.value(number), at: "graph 1.065, graph \(NumberText.exact(place))", offset: "0.3,0")
    }
    script.label(value.label, at: "graph 1.055, graph 1", "right", offset: "3,1.1")
  }

  /// Ends, and round values between them.
  private static func marks(_ ends: ClosedRange<Double>, isLogarithmic: Bool) -> [(Double, Double)] {
    func place(_ value: Double) -> Double {
      func mapped(_ v: Double) -> Double { isLogarithmic ? log(1 + v) : v }
      return (mapped(value) - mapped(ends.lowerBound)) / (mapped(ends.upperBound) - mapped(ends.lowerBound))
    }
    let inner =
      isLogarithmic
      ? [1.0, 10, 100, 1000, 10_000, 100_000] : (1..<4).map { ends.lowerBound + Double($0) / 4 * (ends.upperBound - ends.lowerBound) }
    let chosen = inner.filter { place($0) > 0.1 && place($0) < 0.9 }
    return ([ends.lowerBound] + chosen + [ends.upperBound]).map { ($0, place($0)) }
  }
}
