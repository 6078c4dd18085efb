import Foundation

/// A public data set that `apus data fetch` knows how to get.
public struct StandardDataset: Sendable {
  /// A file as its publisher offers it.
  public struct RemoteFile: Sendable, Hashable {
    public let name: String
    /// Where it is offered; the first that answers serves.
    public let urls: [URL]
    /// Its size; nil where the publisher does not say and we could not measure.
    public let byteCount: Int?
    /// MD5 where the publisher gives nothing better.
    public let checksum: Checksum

    public init(name: String, urls: [URL], byteCount: Int?, checksum: Checksum) {
      precondition(!name.isEmpty && !name.contains("/") && !name.hasPrefix("."), "StandardDataset: \"\(name)\" is no plain file name")
      precondition(!urls.isEmpty, "StandardDataset: \(name) must be offered somewhere")
      self.name = name
      self.urls = urls
      self.byteCount = byteCount
      self.checksum = checksum
    }
  }

  public enum Packing: Sendable, Hashable {
    /// The files are used as they come.
    case none
    /// One tar archive, packed with gzip; the named members are what is needed of it.
    case tarGzip(members: [String])
    /// One zip archive; the named members are what is needed of it.
    case zip(members: [String])
  }

  public let name: String
  public let title: String
  public let homepage: String
  public let license: String
  public let files: [RemoteFile]
  public let packing: Packing
  /// Written beside the files as `classes.txt`, where they do not name the classes; empty otherwise.
  public let classNames: [String]

  public init(
    name: String, title: String, homepage: String, license: String, files: [RemoteFile], packing: Packing = .none, classNames: [String] = []
  ) {
    precondition(packing == .none || files.count == 1, "StandardDataset \(name): an archive is one file")
    self.name = name
    self.title = title
    self.homepage = homepage
    self.license = license
    self.files = files
    self.packing = packing
    self.classNames = classNames
  }

  /// Bytes to download; nil where a size is not known.
  public var byteCount: Int? {
    files.reduce(0 as Int?) { sum, file in
      guard let sum, let count = file.byteCount else { return nil }
      return sum + count
    }
  }

  /// The files that lie in the set's folder afterwards.
  public var localNames: [String] {
    let names =
      switch packing {
      case .none: files.map(\.name)
      case .tarGzip(let members), .zip(let members): members.map { URL(fileURLWithPath: $0).lastPathComponent }
      }
    return names + (classNames.isEmpty ? [] : ["classes.txt"])
  }

  /// Whether every file lies in `folder`. Their content was checked when they were fetched.
  public func isPresent(in folder: URL) -> Bool {
    localNames.allSatisfy { FileManager.default.fileExists(atPath: folder.appendingPathComponent($0).path) }
  }

  public static func named(_ name: String) -> StandardDataset? { all.first { $0.name == name.lowercased() } }
}
