import Foundation
import Tensors

extension GraphData {
  /// Whether a folder holds a graph in one of the known layouts.
  public static func isRecognised(_ folder: URL) -> Bool { layout(of: folder) != nil }

  private enum Layout {
    /// `nodes.tsv`, `edges.tsv`, `splits10.txt`, each gzip or not.
    case table
    /// `out1_node_feature_label.txt`, `out1_graph_edges.txt` and `*_split_0.6_0.2_K.npz`, as geom-gcn has them.
    case original
  }

  private static func layout(of folder: URL) -> Layout? {
    if file("nodes.tsv", in: folder) != nil { return .table }
    return file("out1_node_feature_label.txt", in: folder) != nil ? .original : nil
  }

  /// The file of that name, or packed with gzip.
  private static func file(_ name: String, in folder: URL) -> URL? {
    [name, name + ".gz"].map(folder.appendingPathComponent).first { FileManager.default.fileExists(atPath: $0.path) }
  }

  private static func required(_ name: String, in folder: URL) throws -> URL {
    guard let url = file(name, in: folder) else {
      throw FileAccessError(
        path: folder.appendingPathComponent(name).path, action: "open", reason: "there is no such file",
        advice: "a graph needs nodes.tsv and edges.tsv, or geom-gcn's out1_node_feature_label.txt and out1_graph_edges.txt")
    }
    return url
  }

  /// Reads a folder.
  ///
  /// Either `nodes.tsv` (a line a node in the order of their numbers: number, class or -1, where there are four fields the part of the published division,
  /// the features that are 1), `edges.tsv` (two numbers a line) and `splits10.txt` (a line a division, a letter a node: t, v, s or -); or geom-gcn's own files.
  /// Divisions may be missing.
  /// - Throws: `FileAccessError` for a file that is missing; `FileFormatError` for nodes out of order or range, features that are no finite numbers,
  ///   divisions of another length or without training, validation or test nodes.
  public init(reading folder: URL) throws {
    switch Self.layout(of: folder) {
    case .table: try self.init(table: folder)
    case .original: try self.init(original: folder)
    case nil:
      _ = try Self.required("nodes.tsv", in: folder)
      preconditionFailure("GraphData: \(folder.path) was not recognised though nodes.tsv is there")
    }
  }

  // MARK: Tables

  private init(table folder: URL) throws {
    let nodesFile = try Self.required("nodes.tsv", in: folder)
    var labels: [Int] = []
    var ones: [[Int]] = []
    var parts: [String] = []
    var width: Int?
    for (number, line) in try TextLines.read(nodesFile).enumerated() {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
      func failure(_ found: String, _ expected: String, _ column: String? = nil) -> FileFormatError {
        FileFormatError(path: nodesFile.path, at: .line(number + 1, column: column), found: found, expected: expected)
      }
      guard fields.count == width ?? fields.count, (3...4).contains(fields.count) else {
        throw failure("\(fields.count) fields", width.map { "\($0), as on the first line" } ?? "3 or 4: number, class, part, features")
      }
      width = fields.count
      guard Int(fields[0]) == labels.count else { throw failure("node \"\(fields[0])\"", "node \(labels.count)", "node") }
      guard let label = Int(fields[1]), label >= -1, label <= Dataset.maximumClassCount else {
        throw failure("\"\(fields[1])\"", "a class from 0, or -1 for none", "class")
      }
      labels.append(label)
      if fields.count == 4 {
        guard ["train", "val", "test", "none"].contains(fields[2]) else {
          throw failure("\"\(fields[2])\"", "train, val, test or none", "part")
        }
        parts.append(fields[2])
      }
      ones.append(
        try fields.last!.split(separator: " ").map { text in
          guard let index = Int(text), (0..<10_000_000).contains(index) else {
            throw failure("\"\(text)\"", "the number of a feature", "features")
          }
          return index
        })
    }
    guard !labels.isEmpty else { throw FileFormatError(path: nodesFile.path, found: "no nodes", expected: "a line a node") }
    let edges = try Self.edges(Self.required("edges.tsv", in: folder), nodeCount: labels.count, hasHeader: false)
    var publicSplit: Split?
    if !parts.isEmpty {
      func nodes(_ part: String) -> [Int] { parts.indices.filter { parts[$0] == part } }
      publicSplit = Split(training: nodes("train"), validation: nodes("val"), test: nodes("test"))
    }
    self.init(
      name: Self.name(folder), edges: edges, features: Self.dense(ones), labels: labels,
      splits: try Self.file("splits10.txt", in: folder).map { try Self.lettered($0, nodeCount: labels.count) } ?? [],
      publicSplit: publicSplit)
  }

  /// "texas" of "geomgcn-texas".
  private static func name(_ folder: URL) -> String {
    let name = folder.lastPathComponent
    for prefix in ["geomgcn-", "planetoid-"] where name.hasPrefix(prefix) { return String(name.dropFirst(prefix.count)) }
    return name
  }

  private static func dense(_ ones: [[Int]]) -> Tensor {
    let width = (ones.lazy.compactMap { $0.max() }.max() ?? 0) + 1
    return Tensor(shape: [ones.count, width], dtype: .float32) { bytes in
      let target = bytes.bindMemory(to: Float.self)
      target.initialize(repeating: 0)
      for (row, indices) in ones.enumerated() { for index in indices { target[row * width + index] = 1 } }
    }
  }

  private static func edges(_ url: URL, nodeCount: Int, hasHeader: Bool) throws -> [(Int, Int)] {
    try TextLines.read(url).enumerated().dropFirst(hasHeader ? 1 : 0).compactMap { number, line in
      let fields = line.split(whereSeparator: { $0 == "\t" || $0 == " " })
      if fields.isEmpty { return nil }
      guard fields.count == 2, let a = Int(fields[0]), let b = Int(fields[1]) else {
        throw FileFormatError(path: url.path, at: .line(number + 1), found: "\"\(line.prefix(40))\"", expected: "two numbers of nodes")
      }
      for node in [a, b] where node < 0 || node >= nodeCount {
        throw FileFormatError(
          path: url.path, at: .line(number + 1), found: "node \(node)", expected: "nodes from 0 to \(nodeCount - 1)")
      }
      return (a, b)
    }
  }

  private static func lettered(_ url: URL, nodeCount: Int) throws -> [Split] {
    try TextLines.read(url).enumerated().filter { !$0.element.isEmpty }.map { number, line in
      let letters = Array(line.utf8)
      guard letters.count == nodeCount else {
        throw FileFormatError(
          path: url.path, at: .line(number + 1), found: "\(letters.count) letters", expected: "\(nodeCount), one a node")
      }
      if let place = letters.firstIndex(where: { !Array("tvs-".utf8).contains($0) }) {
        throw FileFormatError(
          path: url.path, at: .line(number + 1), found: "the letter \(hexadecimal([letters[place]])) at \(place)", expected: "t, v, s or -")
      }
      func nodes(_ letter: Character) -> [Int] { letters.indices.filter { letters[$0] == letter.asciiValue! } }
      let split = Split(training: nodes("t"), validation: nodes("v"), test: nodes("s"))
      try require(split, url.path, .line(number + 1))
      return split
    }
  }

  private static func require(_ split: Split, _ path: String, _ place: FileFormatError.Location?) throws {
    for (name, nodes) in [("training", split.training), ("validation", split.validation), ("test", split.test)] where nodes.isEmpty {
      throw FileFormatError(path: path, at: place, found: "no \(name) nodes", expected: "training, validation and test nodes")
    }
  }

  // MARK: Original files

  private init(original folder: URL) throws {
    let nodesFile = try Self.required("out1_node_feature_label.txt", in: folder)
    var rows: [(node: Int, features: [Float], label: Int, line: Int)] = []
    for (number, line) in try TextLines.read(nodesFile).enumerated().dropFirst() where !line.isEmpty {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      guard fields.count == 3, let node = Int(fields[0]), let label = Int(fields[2]), label >= -1, label <= Dataset.maximumClassCount else {
        throw FileFormatError(
          path: nodesFile.path, at: .line(number + 1), found: "\(fields.count) fields", expected: "node, features between commas, class")
      }
      let features = try fields[1].split(separator: ",").map { text in
        guard let value = Float(text), value.isFinite else {
          throw FileFormatError(
            path: nodesFile.path, at: .line(number + 1, column: "features"), found: "\"\(text)\"", expected: "finite numbers")
        }
        return value
      }
      rows.append((node, features, label, number + 1))
    }
    guard !rows.isEmpty else { throw FileFormatError(path: nodesFile.path, found: "no nodes", expected: "a header and a line a node") }
    rows.sort { $0.node < $1.node }
    for (number, row) in rows.enumerated() where row.node != number {
      throw FileFormatError(
        path: nodesFile.path, at: .line(row.line), found: "node \(row.node)", expected: "the nodes 0 to \(rows.count - 1), each once")
    }
    // Rows of different lengths list the features that are 1, as film's do.
    let features: Tensor
    let width = rows[0].features.count
    if rows.allSatisfy({ $0.features.count == width }) {
      features = Tensor(rows.flatMap(\.features), shape: [rows.count, width])
    } else {
      features = Self.dense(
        try rows.map { row in
          try row.features.map { value in
            guard let index = Int(exactly: value), (0..<10_000_000).contains(index) else {
              throw FileFormatError(
                path: nodesFile.path, at: .line(row.line, column: "features"), found: "\(value)",
                expected: "numbers of features, the rows being of different lengths")
            }
            return index
          }
        })
    }
    let labels = rows.map(\.label)
    self.init(
      name: Self.name(folder),
      edges: try Self.edges(Self.required("out1_graph_edges.txt", in: folder), nodeCount: rows.count, hasHeader: true), features: features,
      labels: labels, splits: try Self.masks(in: folder, nodeCount: rows.count))
  }

  /// The divisions `NAME_split_0.6_0.2_K.npz`, in the order of K.
  private static func masks(in folder: URL, nodeCount: Int) throws -> [Split] {
    let files = try ImageFolder.visibleFiles(of: folder).filter {
      $0.lastPathComponent.contains("_split_0.6_0.2_") && $0.pathExtension == "npz"
    }
    func number(_ url: URL) -> Int { Int(url.deletingPathExtension().lastPathComponent.split(separator: "_").last ?? "") ?? 0 }
    return try files.sorted { number($0) < number($1) }.map { url in
      let arrays = try NumPy.readArchive(url)
      func nodes(_ name: String) throws -> [Int] {
        guard let mask = arrays[name], mask.elementCount == nodeCount else {
          throw FileFormatError(
            path: url.path, at: .field(name), found: arrays[name].map { "shape \($0.shape)" } ?? "nothing", expected: "\(nodeCount) flags")
        }
        let flags = mask.flattened().cast(to: .float32).array(of: Float.self)
        return flags.indices.filter { flags[$0] != 0 }
      }
      let split = Split(training: try nodes("train_mask"), validation: try nodes("val_mask"), test: try nodes("test_mask"))
      try require(split, url.path, nil)
      return split
    }
  }
}
