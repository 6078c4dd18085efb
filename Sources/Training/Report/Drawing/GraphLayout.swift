import Foundation

/// The program that says where the nodes of a graph stand: Graphviz.
struct GraphLayout: Sendable {
  private let program: URL

  static let advice = "Graphviz is not installed (Debian: apt-get install graphviz)"

  /// Springs for small graphs, many levels of them for large ones.
  init?(nodeCount: Int, searchPath: String? = nil) {
    guard let program = Executable.find(nodeCount <= 400 ? "neato" : "sfdp", searchPath: searchPath) else { return nil }
    self.program = program
  }

  /// A position for each node, in units of no meaning. Equal graphs are laid out alike.
  func positions(of graph: GraphPlot) throws(Executable.Failure) -> [(x: Double, y: Double)] {
    var text = "graph G {\ngraph [start=1, outputorder=nodesfirst];\nnode [shape=point, width=0.1];\n"
    for node in graph.groups.indices { text += "\(node);\n" }
    for edge in Set(graph.edges).sorted(by: { ($0.from, $0.to) < ($1.from, $1.to) }) where edge.from != edge.to {
      text += "\(edge.from) -- \(edge.to);\n"
    }
    text += "}\n"
    let output: String
    do { output = try Executable.output(of: program, ["-Tplain"], input: text) } catch {
      throw Executable.Failure(words: "Graphviz failed: \(error.words)")
    }
    var positions = [(x: Double, y: Double)?](repeating: nil, count: graph.groups.count)
    for line in output.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count >= 4, words[0] == "node", let node = Int(words[1]), positions.indices.contains(node), let x = Double(words[2]),
        let y = Double(words[3])
      else { continue }
      positions[node] = (x, y)
    }
    guard !positions.contains(where: { $0 == nil }) else { throw Executable.Failure(words: "Graphviz left nodes without a place") }
    return positions.map { $0! }
  }
}
