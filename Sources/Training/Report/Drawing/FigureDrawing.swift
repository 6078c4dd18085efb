/// A plot that can be put into files.
protocol DrawnPlot {
  /// The data behind the plot.
  var csv: CSVText { get }
  /// The plot's height in pixels for a width.
  func height(width: Int) -> Int
  /// Adds the axes and the plot of `csv` to a program.
  func draw(in script: inout GnuplotScript)
}

extension Figure {
  var plot: any DrawnPlot {
    switch content {
    case .lines(let plot): plot
    case .scatter(let plot): plot
    case .bars(let plot): plot
    case .heatMap(let plot): plot
    case .histogram(let plot): plot
    case .images(let plot): plot
    case .confusion(let plot): plot
    case .pareto(let plot): plot
    case .trajectories(let plot): plot
    }
  }
}
