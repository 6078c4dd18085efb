/// A graph with a place for each node; without one where nothing could lay it out.
struct LaidOutGraph: DrawnPlot {
  let graph: GraphPlot
  let positions: [(x: Double, y: Double)]?

  private var groups: [String] { graph.groups.reduce(into: []) { if !$0.contains($1) { $0.append($1) } } }

  /// Edges first, then the nodes by group.
  var csv: CSVText {
    var csv = CSVText(["kind", "name", "group", "x", "y", "to x", "to y"])
    func place(_ node: Int) -> [String] {
      positions.map { [NumberText.exact($0[node].x), NumberText.exact($0[node].y)] } ?? ["", ""]
    }
    for edge in graph.edges { csv.append(["edge", "\(edge.from)-\(edge.to)", ""] + place(edge.from) + place(edge.to)) }
    for group in groups {
      for node in graph.groups.indices where graph.groups[node] == group {
        csv.append(["node", graph.names.isEmpty ? String(node) : graph.names[node], group] + place(node) + ["", ""])
      }
    }
    return csv
  }

  func height(width: Int) -> Int { Int(Double(width) * 0.7) + GnuplotScript.keyHeight(groups, width: width) }

  func draw(in script: inout GnuplotScript) {
    script.add("unset grid; unset border; unset xtics; unset ytics")
    script.add("set lmargin 1; set rmargin 1; set tmargin 0.5; set size ratio -1")
    // Names stand over their nodes, also over the topmost.
    script.add("set offsets graph 0.06, graph 0.06, graph 0.08, graph 0.04")
    if groups.count < 2 { script.add("unset key") }
    let nodeCounts = groups.map { group in graph.groups.count { $0 == group } }
    let ranges = CSVRange.ranges(of: [graph.edges.count] + nodeCounts)
    let isLarge = graph.groups.count > 300
    if !graph.edges.isEmpty {
      script.plot(
        "\(ranges[0]) using 4:5:($6-$4):($7-$5) with vectors nohead linecolor rgb \"\(Palette.line.hex)\" linewidth \(isLarge ? 0.3 : 0.8) notitle"
      )
    }
    let styles = SeriesStyle.styles(for: groups.map { _ in .method })
    for (style, (group, range)) in zip(styles, zip(groups, ranges.dropFirst())) {
      script.plot(
        "\(range) using 4:5 with points linecolor rgb \"\(style.color.hex)\" pointtype \(style.mark) pointsize \(isLarge ? 0.35 : 0.8) "
          + "title \(GnuplotScript.quoted(group))")
      if !graph.names.isEmpty, graph.groups.count <= 40 {
        script.plot("\(range) using 4:5:2 with labels offset 0,0.8 textcolor rgb \"\(Palette.text.hex)\" notitle")
      }
    }
  }
}
