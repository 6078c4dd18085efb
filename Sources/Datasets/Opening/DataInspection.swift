import Foundation
import Tensors

/// What a file, a folder or a name holds: kinds, shapes, ranges, classes, and the first rows.
///
/// Arrays are shown as they are, also where they do not say which of them are features and labels.
public struct DataInspection: Sendable, Codable, Equatable {
  public struct Column: Sendable, Codable, Equatable {
    public let name: String
    /// A dtype for arrays; "numbers", "categories" or "text" for columns of a table.
    public let type: String
    /// The first axis runs over rows.
    public let shape: [Int]
    /// Of the finite values; nil where there are none.
    public let minimum, maximum, mean: Double?
    /// Values that are not finite, or missing.
    public let missing: Int
    /// Different values, where they are counted: texts, categories, groups.
    public let distinct: Int?
  }

  public struct ClassCount: Sendable, Codable, Equatable {
    public let name: String
    public let count: Int
  }

  public struct Part: Sendable, Codable, Equatable {
    /// "training" or "test"; "all" where the source is not divided.
    public let name: String
    public let rows: Int
    public let columns: [Column]
    public let classes: [ClassCount]
    /// The first rows, one text a column; long ones are cut.
    public let firstRows: [[String]]
  }

  public let location: String
  public let kind: String
  public let parts: [Part]
  /// Why this cannot be given to `--data` as it is; nil where it can.
  public let obstacle: String?

  /// - Parameter rows: how many first rows to show.
  /// - Throws: `FileFormatError`, `FileAccessError`.
  public init(_ location: String, rows: Int = 5, options: OpenOptions = OpenOptions()) throws {
    self.location = location
    let url = URL(fileURLWithPath: location)
    var isFolder: ObjCBool = true
    let exists = FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
    if exists, let file = try isFolder.boolValue ? Self.onlyFile(in: url) : url, let raw = try Self.raw(file, rows: rows) {
      kind = raw.kind
      parts = raw.parts
      var reason: String?
      do { _ = try Dataset.open(location, options: options) } catch { reason = "\(error)" }
      obstacle = reason
      return
    }
    let source = try Dataset.open(location, options: options)
    kind = source.kind.rawValue
    parts =
      [Self.part(source.training, name: source.test == nil ? "all" : "training", rows: rows)]
      + (source.test.map { [Self.part($0, name: "test", rows: rows)] } ?? [])
    obstacle = nil
  }

  // MARK: - Files as they are

  /// The file that makes up a folder which is nothing else.
  private static func onlyFile(in folder: URL) throws -> URL? {
    let files = try ImageFolder.visibleFiles(of: folder)
    guard try ImageFolder.subfolders(of: folder).isEmpty, IDXFolder.files(among: files).isEmpty,
      !files.contains(where: { file in [".bin", ".npy"].contains { DataOpener.plainName(file).hasSuffix($0) } })
    else { return nil }
    return try DataOpener.onlyDataFile(among: files, in: folder)
  }

  private static func raw(_ url: URL, rows: Int) throws -> (kind: String, parts: [Part])? {
    switch try DataOpener.kind(of: url) {
    case .npy: ("NPY", [array("array", try NumPy.read(url), rows: rows)])
    case .npz: ("NPZ", try NumPy.readArchive(url).sorted { $0.key < $1.key }.map { array($0.key, $0.value, rows: rows) })
    case .safetensors:
      ("safetensors", try SafetensorsFile(reading: url).tensors().sorted { $0.key < $1.key }.map { array($0.key, $0.value, rows: rows) })
    case .idx: ("IDX", [array("array", try IDX.read(url), rows: rows)])
    case .table: ("table", [table(try Table(reading: url), rows: rows)])
    case .image: ("image", [array("pixels", try ImageFiles.read(url).tensor, rows: rows)])
    case .cifar, .text, nil: nil
    }
  }

  private static func array(_ name: String, _ tensor: Tensor, rows: Int) -> Part {
    let count = tensor.shape.first ?? 1
    return Part(
      name: name, rows: count, columns: [column(name, tensor)], classes: [],
      firstRows: (0..<min(rows, count)).map { [rowText(tensor, $0)] })
  }

  private static func table(_ table: Table, rows: Int) -> Part {
    let columns = zip(table.columnNames, table.columns).map { name, column in
      let missing = column.missingRows.count
      switch column {
      case .numbers(let values):
        let present = values.filter { !$0.isNaN }
        return Column(
          name: name, type: "numbers", shape: [values.count], minimum: present.min(), maximum: present.max(),
          mean: present.isEmpty ? nil : present.reduce(0, +) / Double(present.count), missing: missing, distinct: nil)
      case .categories(let codes, let names):
        return Column(
          name: name, type: "categories", shape: [codes.count], minimum: nil, maximum: nil, mean: nil, missing: missing,
          distinct: names.count)
      case .text(let texts):
        return Column(
          name: name, type: "text", shape: [texts.count], minimum: nil, maximum: nil, mean: nil, missing: missing,
          distinct: Set(texts.compactMap { $0 }).count)
      }
    }
    let label = table.labelColumnName()
    var classes: [ClassCount] = []
    if case .categories(let codes, let names)? = table[label] {
      var counts = [Int](repeating: 0, count: names.count)
      for code in codes where code >= 0 { counts[Int(code)] += 1 }
      classes = zip(names, counts).map { ClassCount(name: $0, count: $1) }
    }
    let first = (0..<min(rows, table.rowCount)).map { row in
      table.columns.map { column -> String in
        switch column {
        case .numbers(let values): values[row].isNaN ? "" : text(values[row])
        case .categories(let codes, let names): codes[row] < 0 ? "" : names[Int(codes[row])]
        case .text(let texts): shortened(texts[row] ?? "")
        }
      }
    }
    return Part(name: "all", rows: table.rowCount, columns: columns, classes: classes, firstRows: first)
  }

  // MARK: - Data sets

  private static func part(_ dataset: Dataset, name: String, rows: Int) -> Part {
    var columns: [Column] = []
    for name in dataset.columnNames {
      switch dataset[name]! {
      case .tensor(let tensor): columns.append(column(name, tensor))
      case .text(let texts):
        columns.append(
          Column(
            name: name, type: "text", shape: [texts.count], minimum: nil, maximum: nil, mean: nil, missing: 0, distinct: Set(texts).count))
      }
    }
    let first = (0..<min(rows, dataset.count)).map { row in
      dataset.columnNames.map { name -> String in
        switch dataset[name]! {
        case .text(let texts): return shortened(texts[row])
        case .tensor(let tensor):
          if name == Dataset.Name.labels, dataset.classCount > 0 { return dataset.classNames[tensor.rows([row]).array(of: Int.self)[0]] }
          return rowText(tensor, row)
        }
      }
    }
    let classes = dataset.classCount > 0 ? zip(dataset.classNames, dataset.classHistogram).map { ClassCount(name: $0, count: $1) } : []
    return Part(name: name, rows: dataset.count, columns: columns, classes: classes, firstRows: first)
  }

  private static func column(_ name: String, _ tensor: Tensor) -> Column {
    var (minimum, maximum, sum, finite) = (Double.infinity, -Double.infinity, 0.0, 0)
    tensor.forEachValue { value in
      guard value.isFinite else { return }
      minimum = min(minimum, value)
      maximum = max(maximum, value)
      sum += value
      finite += 1
    }
    let isGroup = name == Dataset.Name.groups
    return Column(
      name: name, type: "\(tensor.dtype)", shape: Array(tensor.shape), minimum: finite > 0 ? minimum : nil,
      maximum: finite > 0 ? maximum : nil,
      mean: finite > 0 ? sum / Double(finite) : nil, missing: tensor.elementCount - finite,
      distinct: isGroup ? Set(tensor.array(of: Int.self)).count : nil)
  }

  /// The first values of a row.
  private static func rowText(_ tensor: Tensor, _ row: Int) -> String {
    let single =
      tensor.rank == 0 ? tensor.reshaped(to: [1]) : tensor.rows([row]).reshaped(to: [tensor.elementCount / max(tensor.shape[0], 1)])
    let count = min(single.elementCount, 6)
    let values = single.rows(Array(0..<count)).array(of: Double.self)
    return values.map(text).joined(separator: " ") + (single.elementCount > count ? " ..." : "")
  }

  private static func text(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(format: "%.5g", value)
  }

  private static func shortened(_ text: String) -> String {
    let line = text.asOneLine
    return line.count <= 60 ? line : line.prefix(57) + "..."
  }
}

extension Tensor {
  fileprivate func forEachValue(_ body: (Double) -> Void) {
    func each<Scalar>(_ type: Scalar.Type, _ convert: (Scalar) -> Double) {
      withBytes { bytes in
        for value in bytes.bindMemory(to: type) { body(convert(value)) }
      }
    }
    switch dtype {
    case .float32: each(Float.self) { Double($0) }
    case .float64: each(Double.self) { $0 }
    case .bfloat16: each(UInt16.self) { Double(Float(bitPattern: UInt32($0) << 16)) }
    case .int32: each(Int32.self) { Double($0) }
    case .int64: each(Int64.self) { Double($0) }
    case .uint8, .bool: each(UInt8.self) { Double($0) }
    }
  }
}
