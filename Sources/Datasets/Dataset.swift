import Tensors

/// Samples in memory: named columns with one row a sample.
///
/// Images stay uint8, as (height, width, channels) a row, and become float32 in [0, 1] batch by batch (`BatchLoader`).
///
///     let digits = Handwriting(characters: .digits).dataset(count: 5_000, seed: 1)
///     let parts = digits.split(fractions: [0.8, 0.2], seed: 1, by: .group)
public struct Dataset: Sendable {
  /// What is known of every sample under one name.
  public enum Column: Sendable {
    /// The first axis runs over samples.
    case tensor(Tensor)
    case text([String])

    public var count: Int {
      switch self {
      case .tensor(let tensor): tensor.rank == 0 ? 0 : tensor.shape[0]
      case .text(let texts): texts.count
      }
    }
  }

  /// Names of the columns that have a meaning of their own.
  public enum Name {
    public static let features = "features"
    public static let labels = "labels"
    /// Samples of one group (a writer, a patient) belong together and must not be torn apart by a split.
    public static let groups = "groups"
    public static let text = "text"
  }

  public var name: String
  /// Number of samples.
  public let count: Int
  /// Names of the columns in the order in which they were added.
  public private(set) var columnNames: [String]
  private var columns: [String: Column]
  /// Names of the classes by number; empty where labels are no classes.
  public var classNames: [String]
  /// Names of the features of a table, one for each position of the last axis; empty where they have none.
  public var featureNames: [String]

  /// - Parameters:
  ///   - columns: at least one; all have as many rows.
  ///   - classNames: names of the numbers that stand in the column "labels".
  public init(name: String, columns: KeyValuePairs<String, Column>, classNames: [String] = [], featureNames: [String] = []) {
    self.init(name: name, columns: columns.map { ($0.key, $0.value) }, classNames: classNames, featureNames: featureNames)
  }

  init(name: String, columns: [(name: String, column: Column)], classNames: [String], featureNames: [String]) {
    precondition(!columns.isEmpty, "Dataset \(name): there must be at least one column")
    self.name = name
    count = columns[0].column.count
    columnNames = []
    self.columns = [:]
    self.classNames = classNames
    self.featureNames = featureNames
    for (name, column) in columns { set(column, named: name) }
  }

  /// - Parameters:
  ///   - features: (samples, ...); images as (samples, height, width, channels).
  ///   - labels: class numbers as int32 (samples), or numbers to predict as float32 (samples) or (samples, outputs).
  ///   - groups: one number a sample as int32.
  public init(
    name: String, features: Tensor, labels: Tensor? = nil, groups: Tensor? = nil, classNames: [String] = [], featureNames: [String] = []
  ) {
    var columns: [(String, Column)] = [(Name.features, .tensor(features))]
    if let labels { columns.append((Name.labels, .tensor(labels))) }
    if let groups { columns.append((Name.groups, .tensor(groups))) }
    self.init(name: name, columns: columns, classNames: classNames, featureNames: featureNames)
  }
}

// MARK: - Columns

extension Dataset {
  public subscript(name: String) -> Column? { columns[name] }

  /// Adds a column or replaces the one of that name.
  public mutating func set(_ column: Column, named columnName: String) {
    precondition(column.count == count, "Dataset \(name): column \"\(columnName)\" has \(column.count) rows, the others have \(count)")
    // Columns are read from several threads at once, as memory, so they are computed here.
    if case .tensor(let tensor) = column { evaluate(tensor) }
    if columns.updateValue(column, forKey: columnName) == nil { columnNames.append(columnName) }
  }

  public mutating func removeColumn(named columnName: String) {
    if columns.removeValue(forKey: columnName) != nil { columnNames.removeAll { $0 == columnName } }
  }

  /// The tensor under a name; nil where there is none.
  public func tensor(named name: String) -> Tensor? {
    if case .tensor(let tensor)? = columns[name] { tensor } else { nil }
  }

  /// The column "features". A data set of texts alone has none, and stops here.
  public var features: Tensor {
    guard let features = tensor(named: Name.features) else {
      preconditionFailure("Dataset \(name): there are no features, only \(columnNames.joined(separator: ", "))")
    }
    return features
  }

  public var hasFeatures: Bool { tensor(named: Name.features) != nil }
  /// The column "labels"; nil where samples have none.
  public var labels: Tensor? { tensor(named: Name.labels) }
  /// The column "groups"; nil where samples have none.
  public var groups: Tensor? { tensor(named: Name.groups) }
  /// The column "text".
  public var texts: [String]? { if case .text(let texts)? = columns[Name.text] { texts } else { nil } }

  /// Shape of one sample's features.
  public var featureShape: Shape { Shape(features.shape.dropFirst()) }
  /// Whether features are images: uint8 of (height, width, channels).
  public var hasImages: Bool { tensor(named: Name.features).map { $0.rank == 4 && $0.dtype == .uint8 } ?? false }
  /// Number of classes; 0 where labels are no classes.
  public var classCount: Int { classNames.count }

  /// Class numbers by sample. Stops where labels are no classes.
  public var classLabels: [Int] {
    guard let labels, labels.rank == 1, !labels.dtype.isFloatingPoint else {
      preconditionFailure("Dataset \(name): labels must be class numbers, found \(labels.map { "\($0.dtype)\($0.shape)" } ?? "none")")
    }
    return labels.array(of: Int.self)
  }

  /// How many samples each class has, by class number.
  public var classHistogram: [Int] {
    var histogram = [Int](repeating: 0, count: classCount)
    for label in classLabels { histogram[label] += 1 }
    return histogram
  }
}

// MARK: - Parts

extension Dataset {
  /// The samples at `indices`, in that order; an index may occur more than once.
  public func subset(_ indices: [Int]) -> Dataset {
    for index in indices {
      precondition(index >= 0 && index < count, "Dataset \(name): there is no sample \(index) among \(count)")
    }
    let parts = columnNames.map { name -> (String, Column) in
      switch columns[name]! {
      case .tensor(let tensor): (name, .tensor(tensor.rows(indices)))
      case .text(let texts): (name, .text(indices.map { texts[$0] }))
      }
    }
    return Dataset(name: name, columns: parts, classNames: classNames, featureNames: featureNames)
  }

  /// The first samples, at most `count`.
  public func prefix(_ count: Int) -> Dataset { subset(Array(0..<min(count, self.count))) }

  /// The same samples in an order that the seed fixes.
  public func shuffled(seed: Int) -> Dataset {
    var random = SplitMix64(seed: seed)
    return subset(random.permutation(count))
  }

  /// The samples of both, of which the second must have the columns of the first with the same shapes a row.
  public func appending(_ other: Dataset) -> Dataset {
    precondition(
      Set(columnNames) == Set(other.columnNames) && classNames == other.classNames,
      "Dataset.appending: \(name) has columns \(columnNames) and \(classCount) classes, \(other.name) \(other.columnNames) and \(other.classCount)"
    )
    let joined = columnNames.map { name -> (String, Column) in
      switch (columns[name]!, other.columns[name]!) {
      case (.tensor(let a), .tensor(let b)): (name, .tensor(Tensor.concatenate([a, b], axis: 0)))
      case (.text(let a), .text(let b)): (name, .text(a + b))
      default: preconditionFailure("Dataset.appending: column \"\(name)\" is a tensor in one and text in the other")
      }
    }
    return Dataset(name: name, columns: joined, classNames: classNames, featureNames: featureNames)
  }
}

extension Tensor {
  /// The rows at `indices`, copied as memory.
  func rows(_ indices: [Int]) -> Tensor {
    let rowShape = Shape([indices.count] + shape.dropFirst())
    let rowBytes = shape[0] == 0 ? 0 : elementCount / shape[0] * dtype.byteCount
    return withBytes { source in
      Tensor(shape: rowShape, dtype: dtype) { target in
        guard rowBytes > 0 else { return }
        for (row, index) in indices.enumerated() {
          (target.baseAddress! + row * rowBytes).copyMemory(from: source.baseAddress! + index * rowBytes, byteCount: rowBytes)
        }
      }
    }
  }
}
