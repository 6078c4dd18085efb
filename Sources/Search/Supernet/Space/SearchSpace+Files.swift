import Foundation

extension SearchSpace {
  private struct Document: Codable {
    var space: String
    var genes: [String: GeneValue]
  }

  /// `{"space": fingerprint, "genes": {name: value}}`.
  public func encoded(_ architecture: Architecture) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    return try encoder.encode(Document(space: fingerprint, genes: values(of: architecture)))
  }

  /// Reads what `encoded` wrote.
  /// - Throws: `SearchSpaceError` for an architecture of another space, unknown genes or values, and for genes that are missing;
  ///   `DecodingError` for other documents.
  public func architecture(from data: Data) throws -> Architecture {
    let document = try JSONDecoder().decode(Document.self, from: data)
    guard document.space == fingerprint else {
      throw SearchSpaceError(
        found: "an architecture of the space \(document.space)", expected: "one of the space \(fingerprint)",
        advice: "gene names alone do not make two spaces one")
    }
    for gene in genes where document.genes[gene.id] == nil {
      throw SearchSpaceError(gene: gene.id, found: "no value", expected: gene.candidates.map(\.description).joined(separator: ", "))
    }
    return try architecture(document.genes)
  }
}
