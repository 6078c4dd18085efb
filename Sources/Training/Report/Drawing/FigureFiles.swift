import Foundation
import Tensors

/// A figure as it was put into files.
struct DrawnFigure: Sendable {
  let figure: Figure
  /// For a page and for a phone; `nil` where it could not be drawn.
  let wide: String?
  let narrow: String?
  /// Why it could not be drawn.
  let problem: Problem?

  enum Problem: Sendable, Hashable {
    case noProgram
    /// A graph that nothing lays out.
    case noLayout
    case ofItsOwn(String)
  }

  /// For the reader of the page.
  var explanation: String? {
    switch problem {
    case nil: nil
    case .noProgram: "\(Gnuplot.advice); figures/\(figure.name).csv holds the data, figures/\(figure.name).gnuplot draws it"
    case .noLayout: "\(GraphLayout.advice); figures/\(figure.name).csv holds nodes and edges"
    case .ofItsOwn(let reason): reason
    }
  }

  /// For whoever started the run: equal for all figures where they lack the same.
  var warning: String? {
    switch problem {
    case nil: nil
    case .noProgram: "no figure is drawn: \(Gnuplot.advice); figures/*.csv hold the data, figures/*.gnuplot draw it"
    case .noLayout: "no graph is drawn: \(GraphLayout.advice)"
    case .ofItsOwn(let reason): "the figure \(figure.name) is not drawn: \(reason)"
    }
  }
}

/// Puts figures into a folder: NAME.csv with the data, NAME.gnuplot with the program, NAME.svg with the picture.
struct FigureFiles: Sendable {
  let folder: URL
  private let searchPath: String?
  private let gnuplot: Gnuplot?

  init(folder: URL, searchPath: String? = nil) {
    self.folder = folder
    self.searchPath = searchPath
    gnuplot = Gnuplot(searchPath: searchPath)
  }

  /// Without gnuplot, data and program are written all the same, and the result says what is missing.
  func write(_ figure: Figure) throws -> DrawnFigure {
    let (positions, obstacle) = layout(of: figure)
    let plot = figure.plot(positions: positions)
    var script = GnuplotScript(name: figure.name, height: plot.height(width: FigureSize.wide))
    plot.draw(in: &script)
    let program = folder.appendingPathComponent("\(figure.name).gnuplot")
    let csv = plot.csv
    try AtomicFile.write(csv.text.utf8, to: folder.appendingPathComponent("\(figure.name).csv"))
    try AtomicFile.write(script.text.utf8, to: program)
    guard csv.rowCount > 0 else {
      return DrawnFigure(figure: figure, wide: nil, narrow: nil, problem: .ofItsOwn("there is no data to draw"))
    }
    guard let gnuplot else {
      return DrawnFigure(figure: figure, wide: nil, narrow: nil, problem: .noProgram)
    }
    if let obstacle { return DrawnFigure(figure: figure, wide: nil, narrow: nil, problem: obstacle) }
    var drawings: [String] = []
    for width in [FigureSize.wide, FigureSize.narrow] {
      let target = folder.appendingPathComponent(".\(figure.name).\(width).svg")
      defer { try? FileManager.default.removeItem(at: target) }
      if let problem = gnuplot.run(program, width: width, height: plot.height(width: width), target: target.lastPathComponent) {
        return DrawnFigure(figure: figure, wide: nil, narrow: nil, problem: .ofItsOwn(problem))
      }
      guard let svg = try? String(contentsOf: target, encoding: .utf8), svg.contains("</svg>") else {
        return DrawnFigure(figure: figure, wide: nil, narrow: nil, problem: .ofItsOwn("gnuplot wrote no picture"))
      }
      drawings.append(svg)
    }
    try AtomicFile.write(FigureStyle.standalone(drawings[0], figure: figure).utf8, to: folder.appendingPathComponent("\(figure.name).svg"))
    return DrawnFigure(
      figure: figure, wide: FigureStyle.inline(drawings[0], figure: figure, variant: "wide"),
      narrow: FigureStyle.inline(drawings[1], figure: figure, variant: "narrow"), problem: nil)
  }

  /// Where the nodes stand, if the figure is a graph, or why they stand nowhere.
  private func layout(of figure: Figure) -> (positions: [(x: Double, y: Double)]?, obstacle: DrawnFigure.Problem?) {
    guard case .graph(let graph) = figure.content, !graph.groups.isEmpty else { return (nil, nil) }
    guard let layout = GraphLayout(nodeCount: graph.groups.count, searchPath: searchPath) else { return (nil, .noLayout) }
    do { return (try layout.positions(of: graph), nil) } catch { return (nil, .ofItsOwn(error.words)) }
  }
}
