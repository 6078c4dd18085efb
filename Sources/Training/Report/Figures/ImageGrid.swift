/// Small pictures in rows and columns.
public struct ImageGrid: Sendable, Hashable {
  /// A picture, row by row from the top; grey (1 channel) or RGB (3 channels, channels last), 0 black to 1 full.
  public struct Picture: Sendable, Hashable {
    public let width: Int
    public let height: Int
    public let channels: Int
    public let values: [Float]
    /// Under the picture; may be empty.
    public let label: String

    public init(width: Int, height: Int, channels: Int = 1, _ values: [Float], label: String = "") {
      precondition(channels == 1 || channels == 3, "Picture: \(channels) channels, expected 1 (grey) or 3 (RGB)")
      precondition(
        values.count == width * height * channels, "Picture: \(values.count) values, expected \(height) x \(width) x \(channels)")
      self.width = width
      self.height = height
      self.channels = channels
      self.values = values
      self.label = label
    }
  }

  public struct Row: Sendable, Hashable {
    /// In front of the row; may be empty.
    public let label: String
    public let pictures: [Picture]

    public init(_ label: String = "", _ pictures: [Picture]) {
      self.label = label
      self.pictures = pictures
    }
  }

  public let rows: [Row]

  public init(_ rows: [Row]) { self.rows = rows }
}
