import Foundation
import Tensors

/// Images in one folder a class.
///
///     cats/1.png  cats/2.jpg  dogs/1.png      ->  classes "cats", "dogs"
public enum ImageFolder {
  public struct Options: Codable, Hashable, Sendable {
    /// Height of every image; nil takes them as they are, which must all be of one size.
    public var height: Int?
    public var width: Int?
    /// 1 for grey, 3 for RGB; nil takes what the first image has. Transparent parts become white.
    public var channels: Int?

    public init(height: Int? = nil, width: Int? = nil, channels: Int? = nil) {
      precondition(channels == nil || channels == 1 || channels == 3, "ImageFolder: \(channels!) channels, must be 1 or 3")
      precondition(
        (height ?? 1) >= 1 && (width ?? 1) >= 1 && (height == nil) == (width == nil),
        "ImageFolder: give height and width, or neither")
      self.height = height
      self.width = width
      self.channels = channels
    }
  }

  /// Reads every image below the folders of the classes, in the order of their names. Hidden files are passed over; any other file that is no
  /// image is an error.
  ///
  /// - Parameter classNames: the classes and their numbers; nil takes the folders' names, sorted.
  /// - Returns: features uint8 (images, height, width, channels), labels int32, text: the file names.
  /// - Throws: `FileFormatError`, `FileAccessError`.
  public static func read(_ url: URL, options: Options = Options(), classNames: [String]? = nil) throws -> Dataset {
    let folders = try subfolders(of: url)
    let names = folders.map(\.lastPathComponent)
    let classNames = classNames ?? names
    guard !folders.isEmpty else {
      throw FileFormatError(
        path: url.path, found: "no folders", expected: "one folder of images a class", advice: "sort the images into folders by class")
    }
    if let stranger = names.first(where: { !classNames.contains($0) }) {
      throw FileFormatError(
        path: url.path, at: .field(stranger), found: "the class \"\(stranger)\"", expected: "one of \(classNames.joined(separator: ", "))")
    }
    var files: [(url: URL, label: Int32)] = []
    for folder in folders {
      let images = try visibleFiles(of: folder)
      guard !images.isEmpty else {
        throw FileFormatError(
          path: folder.path, found: "an empty folder", expected: "images of the class \"\(folder.lastPathComponent)\"",
          advice: "add images or remove the folder")
      }
      if let stranger = images.first(where: { !ImageFiles.isNamedAsImage($0) }) {
        throw FileFormatError(
          path: stranger.path, found: "a file that is no image",
          expected: "files ending in \(ImageFiles.extensions.sorted().joined(separator: ", "))",
          advice: "move it out of the class's folder")
      }
      let label = Int32(classNames.firstIndex(of: folder.lastPathComponent)!)
      files += images.map { ($0, label) }
    }

    let first = try ImageFiles.read(files[0].url)
    let channels = options.channels ?? (first.channels <= 2 ? 1 : 3)
    let (height, width) = (options.height ?? first.height, options.width ?? first.width)
    let perImage = height * width * channels
    guard perImage * files.count <= ByteReader.defaultLimit else {
      throw FileFormatError(
        path: url.path, found: "\(files.count) images of \(width) x \(height) x \(channels)",
        expected: "at most \(ByteReader.defaultLimit) bytes of pixels",
        advice: "read them at a smaller size")
    }
    let features = try Tensor(shape: [files.count, height, width, channels], dtype: .uint8) { target in
      for (index, file) in files.enumerated() {
        var image = index == 0 ? first : try ImageFiles.read(file.url)
        if options.channels == nil, (image.channels <= 2 ? 1 : 3) != channels {
          throw FileFormatError(
            path: file.url.path, found: image.channels <= 2 ? "a grey image" : "a colour image",
            expected: "\(channels == 1 ? "grey" : "colour") as in \(files[0].url.lastPathComponent)",
            advice: "say how many channels are wanted (1 or 3)")
        }
        image = image.converted(toChannels: channels)
        if image.height != height || image.width != width {
          guard options.height != nil else {
            throw FileFormatError(
              path: file.url.path, found: "an image of \(image.width) x \(image.height)",
              expected: "\(width) x \(height) as in \(files[0].url.lastPathComponent)",
              advice: "say to which height and width images are to be resized")
          }
          image = image.resized(height: height, width: width)
        }
        image.pixels.withUnsafeBytes {
          UnsafeMutableRawBufferPointer(rebasing: target[index * perImage..<(index + 1) * perImage]).copyMemory(from: $0)
        }
      }
    }
    return Dataset(
      name: url.lastPathComponent,
      columns: [
        (Dataset.Name.features, .tensor(features)), (Dataset.Name.labels, .tensor(Tensor(files.map(\.label)))),
        ("files", .text(files.map { "\($0.url.deletingLastPathComponent().lastPathComponent)/\($0.url.lastPathComponent)" })),
      ], classNames: classNames, featureNames: [])
  }

  /// Folders that are not hidden, sorted by name.
  static func subfolders(of url: URL) throws -> [URL] {
    try entries(of: url).filter { (try? $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory) == true }
  }

  static func visibleFiles(of url: URL) throws -> [URL] {
    try entries(of: url).filter { (try? $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory) != true }
  }

  private static func entries(of url: URL) throws -> [URL] {
    do {
      return try FileManager.default.contentsOfDirectory(
        at: url, includingPropertiesForKeys: [.isDirectoryKey], options: [.skipsHiddenFiles]
      )
      .sorted { $0.lastPathComponent < $1.lastPathComponent }
    } catch {
      throw FileAccessError(path: url.path, action: "list", reason: error.localizedDescription)
    }
  }
}
