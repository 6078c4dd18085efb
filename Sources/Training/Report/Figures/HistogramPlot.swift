/// How often values fall into equally wide bins, which all series share.
public struct HistogramPlot: Sendable, Hashable {
  public struct Series: Sendable, Hashable {
    public let name: String
    public let role: SeriesRole
    public let values: [Double]

    public init(_ name: String, _ values: [Double], role: SeriesRole = .method) {
      self.name = name
      self.role = role
      self.values = values
    }
  }

  public let axis: Axis
  public let bins: Int
  public let series: [Series]

  public init(_ axis: Axis, bins: Int = 40, _ series: [Series]) {
    precondition((1...1000).contains(bins), "HistogramPlot: \(bins) bins, expected 1 to 1000")
    self.axis = axis
    self.bins = bins
    self.series = series
  }
}
