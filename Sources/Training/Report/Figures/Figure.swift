/// A figure as data: what is drawn, not how. Every figure is written as SVG with its data as CSV beside it.
public struct Figure: Sendable, Hashable {
  /// Lower case words joined by hyphens: the name of the figure's files.
  public let name: String
  /// The finding in a few words.
  public let title: String
  /// What the figure shows, for readers who see it and for those who cannot.
  public let caption: String
  public let content: Content

  public enum Content: Sendable, Hashable {
    case lines(LinePlot)
    case scatter(ScatterPlot)
    case bars(BarPlot)
    case heatMap(HeatMap)
    case histogram(HistogramPlot)
    case images(ImageGrid)
    case confusion(ConfusionMatrix)
    case pareto(ParetoPlot)
    case trajectories(TrajectoryPlot)
  }

  public init(_ name: String, title: String, caption: String, _ content: Content) {
    self.name = name
    self.title = title
    self.caption = caption
    self.content = content
  }
}
