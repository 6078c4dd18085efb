/// What a system is, in the words that lists, help and reports show.
public struct StudyCard: Sendable, Hashable {
  /// The system's name everywhere: folder, command line, report, documentation.
  public let slug: String
  /// The paper's title.
  public let title: String
  public let authors: [String]
  public let year: Int
  /// Where the paper is found, as in "arXiv 2503.24322".
  public let source: String
  public let family: Family
  /// One sentence: the problem it solves.
  public let problem: String
  /// One sentence: what the paper says it achieves.
  public let claim: String
  /// The kinds of data it takes, the preferred first.
  public let data: [DataKind]
  /// What a run needs beside data, as in "two processes"; empty where nothing.
  public let needs: [String]

  public init(
    slug: String, title: String, authors: [String], year: Int, source: String, family: Family, problem: String, claim: String,
    data: [DataKind], needs: [String] = []
  ) {
    precondition(
      !slug.isEmpty && slug.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "-") },
      "StudyCard: the slug \"\(slug)\" is not of lower case letters, digits and hyphens")
    self.slug = slug
    self.title = title
    self.authors = authors
    self.year = year
    self.source = source
    self.family = family
    self.problem = problem
    self.claim = claim
    self.data = data
    self.needs = needs
  }
}

/// The family of methods a system belongs to.
public enum Family: String, Sendable, Codable, CaseIterable {
  case shallow = "Shallow"
  case localLearning = "LocalLearning"
  case search = "Search"
  case lens = "Lens"
  case graphs = "Graphs"
  case architectures = "Architectures"
  case vision = "Vision"
  case language = "Language"
  case federated = "Federated"
  case distribution = "Distribution"

  /// As people read it: "local learning".
  public var title: String {
    rawValue.reduce(into: "") { title, character in title += (character.isUppercase && !title.isEmpty ? " " : "") + character.lowercased() }
  }
}

/// A kind of data that a study takes.
public enum DataKind: String, Sendable, Codable, CaseIterable {
  /// Drawn by a generator of the study itself.
  case generated
  /// Pictures with class labels.
  case labelledImages = "labelled-images"
  /// Rows of numbers or categories, with a target.
  case table
  /// Nodes, edges, features.
  case graph
  case text
  /// Functions sampled on a grid.
  case fields
  /// Joint positions over time.
  case skeletons
  /// Captured network traffic.
  case packets
  /// Responses of networks or brains, a row a stimulus.
  case responses
}
