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
    case histogram(Histogram)
    case images(ImageGrid)
    case confusion(ConfusionMatrix)
    case pareto(ParetoPlot)
  }

  public init(_ name: String, title: String, caption: String, _ content: Content) {
    self.name = name
    self.title = title
    self.caption = caption
    self.content = content
  }
}

/// What runs along an axis.
public struct Axis: Sendable, Hashable, ExpressibleByStringLiteral {
  public enum Scale: Sendable, Hashable {
    case linear
    case logarithmic
  }

  public let name: String
  public let unit: Unit
  public let scale: Scale
  /// The ends; `nil` fits the data.
  public let range: ClosedRange<Double>?

  public init(_ name: String, _ unit: Unit = .none, scale: Scale = .linear, range: ClosedRange<Double>? = nil) {
    self.name = name
    self.unit = unit
    self.scale = scale
    self.range = range
  }

  public init(stringLiteral value: String) { self.init(value) }
}

/// Curves over a common axis, each with a band over its seeds.
public struct LinePlot: Sendable, Hashable {
  public let x: Axis
  public let y: Axis
  public let curves: [Curve]

  public init(x: Axis, y: Axis, _ curves: [Curve]) {
    self.x = x
    self.y = y
    self.curves = curves
  }
}

public struct ScatterPlot: Sendable, Hashable {
  public struct Point: Sendable, Hashable {
    public let x: Double
    public let y: Double

    public init(_ x: Double, _ y: Double) {
      self.x = x
      self.y = y
    }
  }

  public struct Series: Sendable, Hashable {
    public let name: String
    public let role: SeriesRole
    public let points: [Point]

    public init(_ name: String, _ points: [Point], role: SeriesRole = .method) {
      self.name = name
      self.role = role
      self.points = points
    }
  }

  public let x: Axis
  public let y: Axis
  public let series: [Series]

  public init(x: Axis, y: Axis, _ series: [Series]) {
    self.x = x
    self.y = y
    self.series = series
  }
}

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

/// A matrix as colours.
public struct HeatMap: Sendable, Hashable {
  public let x: Axis
  public let y: Axis
  /// What a colour stands for.
  public let value: Axis
  /// Names along the axes; where empty, columns and rows are numbered from 0.
  public let columns: [String]
  public let rows: [String]
  /// Row by row, the first row on top; equally many in each.
  public let values: [[Double]]

  public init(x: Axis, y: Axis, value: Axis, columns: [String] = [], rows: [String] = [], _ values: [[Double]]) {
    let width = values.first?.count ?? 0
    precondition(values.allSatisfy { $0.count == width }, "HeatMap: rows of different lengths \(Set(values.map(\.count)).sorted())")
    precondition(columns.isEmpty || columns.count == width, "HeatMap: \(columns.count) column names for \(width) columns")
    precondition(rows.isEmpty || rows.count == values.count, "HeatMap: \(rows.count) row names for \(values.count) rows")
    self.x = x
    self.y = y
    self.value = value
    self.columns = columns
    self.rows = rows
    self.values = values
  }
}

/// How often values fall into equally wide bins, which all series share.
public struct Histogram: Sendable, Hashable {
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
    precondition((1...1000).contains(bins), "Histogram: \(bins) bins, expected 1 to 1000")
    self.axis = axis
    self.bins = bins
    self.series = series
  }
}

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

/// How often each class was taken for each other.
public struct ConfusionMatrix: Sendable, Hashable {
  public let classes: [String]
  /// `counts[truth][prediction]`.
  public let counts: [[Int]]

  public init(classes: [String], counts: [[Int]]) {
    precondition(
      counts.count == classes.count && counts.allSatisfy { $0.count == classes.count },
      "ConfusionMatrix: the counts are not \(classes.count) x \(classes.count), the number of classes")
    self.classes = classes
    self.counts = counts
  }

  /// Counts pairs of class numbers.
  public init(classes: [String], truth: [Int], predictions: [Int]) {
    precondition(truth.count == predictions.count, "ConfusionMatrix: \(truth.count) labels, \(predictions.count) predictions")
    var counts = [[Int]](repeating: [Int](repeating: 0, count: classes.count), count: classes.count)
    for (label, prediction) in zip(truth, predictions) {
      precondition(
        classes.indices.contains(label) && classes.indices.contains(prediction),
        "ConfusionMatrix: class \(label) taken for \(prediction), expected 0 to \(classes.count - 1)")
      counts[label][prediction] += 1
    }
    self.init(classes: classes, counts: counts)
  }
}

/// Points with two qualities, and the front of those that no other point beats in both.
public struct ParetoPlot: Sendable, Hashable {
  public enum Better: Sendable, Hashable {
    case lower
    case higher
  }

  public struct Point: Sendable, Hashable {
    public let name: String
    public let x: Double
    public let y: Double
    public let role: SeriesRole

    public init(_ name: String = "", x: Double, y: Double, role: SeriesRole = .method) {
      self.name = name
      self.x = x
      self.y = y
      self.role = role
    }
  }

  public let x: Axis
  public let y: Axis
  public let betterX: Better
  public let betterY: Better
  public let points: [Point]

  public init(x: Axis, _ betterX: Better, y: Axis, _ betterY: Better, _ points: [Point]) {
    self.x = x
    self.y = y
    self.betterX = betterX
    self.betterY = betterY
    self.points = points
  }

  /// The points that no other point beats: none is at least as good in both and better in one. In the order of x.
  public var front: [Point] {
    points.filter { point in
      !points.contains { other in
        isAtLeastAsGood(other, point) && (other.x != point.x || other.y != point.y)
      }
    }.sorted { ($0.x, $0.y) < ($1.x, $1.y) }
  }

  private func isAtLeastAsGood(_ a: Point, _ b: Point) -> Bool {
    (betterX == .lower ? a.x <= b.x : a.x >= b.x) && (betterY == .lower ? a.y <= b.y : a.y >= b.y)
  }
}
