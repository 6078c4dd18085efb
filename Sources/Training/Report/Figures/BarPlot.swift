/// Named values side by side, with a mark of one standard error where there are several seeds.
public struct BarPlot: Sendable, Hashable {
  public struct Bar: Sendable, Hashable {
    public let name: String
    public let value: Measurement
    public let role: SeriesRole

    public init(_ name: String, _ value: Measurement, role: SeriesRole = .method) {
      self.name = name
      self.value = value
      self.role = role
    }
  }

  public let axis: Axis
  public let bars: [Bar]

  public init(_ axis: Axis, _ bars: [Bar]) {
    self.axis = axis
    self.bars = bars
  }
}
