import Datasets
import Foundation
import Tensors
import Testing

@Suite struct GraphReadingTests {
  private func folder(_ files: [String: String]) throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("apus-graph-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (name, text) in files { try Data(text.utf8).write(to: folder.appendingPathComponent(name)) }
    return folder
  }

  private let good = [
    "nodes.tsv": "0\t1\t0 2\n1\t0\t1\n2\t-1\t\n3\t1\t3 1\n", "edges.tsv": "0\t1\n1\t0\n2\t2\n3\t0\n", "splits10.txt": "tv-s\nsvvt\n",
  ]

  @Test func `tables of nodes, edges and divisions are read`() throws {
    let folder = try folder(good)
    defer { try? FileManager.default.removeItem(at: folder) }
    let data = try GraphData(reading: folder)
    #expect(data.nodeCount == 4 && data.labels == [1, 0, -1, 1] && data.classCount == 2 && data.edges.count == 4)
    #expect(data.features.array(of: Float.self) == [1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1])
    #expect(data.splits[1] == .init(training: [3], validation: [1, 2], test: [0]))
    #expect(data.rowNormalizedFeatures.array(of: Float.self)[0..<4] == [0.5, 0, 0.5, 0])
    #expect(data.rowNormalizedFeatures.isFinite().all().scalar(as: Bool.self))
  }

  @Test func `the original files of geom-gcn are read`() throws {
    let folder = try folder([
      "out1_node_feature_label.txt": "node_id\tfeature\tlabel\n1\t0,0.5\t1\n0\t1,0\t0\n2\t1,1\t0\n",
      "out1_graph_edges.txt": "node_id\tnode_id\n0\t1\n2\t1\n",
    ])
    defer { try? FileManager.default.removeItem(at: folder) }
    func mask(_ flags: [Bool]) -> Tensor { Tensor(flags) }
    try NumPy.writeArchive(
      ["train_mask": mask([true, false, false]), "val_mask": mask([false, true, false]), "test_mask": mask([false, false, true])],
      to: folder.appendingPathComponent("x_split_0.6_0.2_0.npz"))
    let data = try GraphData(reading: folder)
    #expect(data.labels == [0, 1, 0] && data.features.array(of: Float.self) == [1, 0, 0, 0.5, 1, 1])
    #expect(data.splits == [.init(training: [0], validation: [1], test: [2])])

    // Rows of different lengths list what is 1.
    let film = try self.folder([
      "out1_node_feature_label.txt": "h\n0\t3\t0\n1\t0,2\t1\n", "out1_graph_edges.txt": "h\n0\t1\n",
    ])
    defer { try? FileManager.default.removeItem(at: film) }
    #expect(try GraphData(reading: film).features.array(of: Float.self) == [0, 0, 0, 1, 1, 0, 1, 0])
  }

  @Test(arguments: [
    ("nodes.tsv", "0\t1\t0\n2\t0\t1\n", "node 1"), ("nodes.tsv", "0\tx\t0\n", "a class from 0"), ("nodes.tsv", "0\t1\n", "3 or 4"),
    ("nodes.tsv", "", "a line a node"), ("nodes.tsv", "0\t1\tfoo\n", "the number of a feature"),
    ("nodes.tsv", "0\t1\ttrain\t1\n1\t0\tweek\t1\n", "train, val, test or none"),
    ("edges.tsv", "0\t9\n", "nodes from 0 to 3"), ("edges.tsv", "0\n", "two numbers of nodes"), ("splits10.txt", "tvs\n", "4, one a node"),
    ("splits10.txt", "tvsx\n", "t, v, s or -"), ("splits10.txt", "ttss\n", "training, validation and test nodes"),
  ])
  func `damaged files are refused`(name: String, text: String, words: String) throws {
    let folder = try folder(good.merging([name: text]) { $1 })
    defer { try? FileManager.default.removeItem(at: folder) }
    do {
      _ = try GraphData(reading: folder)
      Issue.record("\(name) was read")
    } catch let error as FileFormatError {
      #expect(error.expected.contains(words) && error.path.hasSuffix(name), "\(error)")
    }
  }

  @Test func `a missing file is named`() throws {
    let folder = try folder(good.filter { $0.key != "edges.tsv" })
    defer { try? FileManager.default.removeItem(at: folder) }
    do {
      _ = try GraphData(reading: folder)
      Issue.record("it was read")
    } catch let error as FileAccessError { #expect(error.path.hasSuffix("edges.tsv"), "\(error)") }
    let broken = try self.folder(["out1_node_feature_label.txt": "h\n0\t1,nan\t0\n", "out1_graph_edges.txt": "h\n"])
    defer { try? FileManager.default.removeItem(at: broken) }
    #expect(throws: FileFormatError.self) { try GraphData(reading: broken) }
  }

  @Test func `the graphs of the benchmark have their published sizes`() throws {
    let shared = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../../shared/data").standardizedFileURL
    for (name, nodes, features, classes) in [
      ("geomgcn-texas", 183, 1703, 5), ("geomgcn-wisconsin", 251, 1703, 5), ("planetoid-cora", 2708, 1433, 7),
    ] {
      let folder = shared.appendingPathComponent(name)
      guard FileManager.default.fileExists(atPath: folder.path) else {
        print("\(folder.path) is absent; nothing was checked")
        continue
      }
      let data = try GraphData(reading: folder)
      // The last words of Texas stand on no page, and a sparse file does not tell of them.
      #expect((features - 1...features).contains(data.featureCount), "\(name)")
      #expect(data.nodeCount == nodes && data.classCount == classes, "\(name): \(data.nodeCount), \(data.featureCount), \(data.classCount)")
      #expect(data.splits.count >= 10, "\(name): \(data.splits.count)")
    }
  }

  @Test func `generated graphs are what they say`() {
    let two = GraphData.bipartite(seed: 1)
    #expect(two.nodeCount == 120 && two.edges.count == 240 && two.edges.allSatisfy { two.labels[$0.0] != two.labels[$0.1] })
    let communities = GraphData.communities(homophily: 0.2, seed: 1)
    let inner = communities.edges.count { communities.labels[$0.0] == communities.labels[$0.1] }
    #expect(communities.edges.count == 1600 && abs(Double(inner) / 1600 - 0.2) < 0.05)
    #expect(GraphData.communities(homophily: 0.2, seed: 1).features.array(of: Float.self) == communities.features.array(of: Float.self))
  }
}
