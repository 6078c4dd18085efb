import Datasets
import Foundation
import Tensors
import Testing

@Suite("Opening data by name or path")
struct OpeningTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func failure(_ path: String, _ options: OpenOptions = OpenOptions()) -> String {
    do {
      let source = try Dataset.open(path, options: options)
      return "opened as \(source.kind)"
    } catch {
      #expect(error is FileFormatError || error is FileAccessError)
      return "\(error)"
    }
  }

  private func images(_ count: Int) -> Tensor {
    Tensor(bytes: (0..<count * 6).map { UInt8($0 % 256) }, shape: [count, 2, 3], dtype: .uint8)
  }

  private func write(_ tensor: Tensor, _ name: String) throws { try IDX.write(tensor, to: folder.url.appendingPathComponent(name)) }

  @Test func generatedSetsNeedNoFile() throws {
    let options = OpenOptions(generatedTraining: 120, generatedTest: 40)
    let source = try Dataset.open("digits", options: options)
    #expect(source.kind == .generated && source.training.count == 120 && source.test?.count == 40 && source.training.classCount == 10)
    #expect(Set(source.training.groups!.array(of: Int.self)).isDisjoint(with: source.test!.groups!.array(of: Int.self)))
    let again = try Dataset.open("digits", options: options)
    #expect(again.training.features.array(of: UInt8.self) == source.training.features.array(of: UInt8.self))
    #expect(try Dataset.open("letters", options: options).training.classCount == 26)
  }

  @Test func idxFolders() throws {
    try write(images(5), "train-images-idx3-ubyte.gz")
    try write(Tensor(bytes: [3, 0, 1, 2, 3], shape: [5], dtype: .uint8), "train-labels-idx1-ubyte.gz")
    try write(images(2), "t10k-images-idx3-ubyte")
    try write(Tensor(bytes: [4, 1], shape: [2], dtype: .uint8), "t10k-labels-idx1-ubyte")
    try folder.file("README.md", "words")
    let source = try Dataset.open(folder.url.path)
    #expect(source.kind == .idx && source.training.featureShape == [2, 3, 1] && source.training.hasImages)
    #expect(source.training.classLabels == [3, 0, 1, 2, 3] && source.test?.classLabels == [4, 1])
    // The largest label of both parts counts.
    #expect(source.training.classNames == ["0", "1", "2", "3", "4"] && source.test?.classNames == source.training.classNames)
    try folder.file("classes.txt", "a\nb\nc\nd\ne\n")
    #expect(try Dataset.open(folder.url.path).training.classNames == ["a", "b", "c", "d", "e"])
    try folder.file("classes.txt", "a\nb\nc\nd\n")
    let line = failure(folder.url.path)
    #expect(line.contains("t10k-labels-idx1-ubyte, byte 8: found the label 4"), "\(line)")
    try folder.file("classes.txt", "a\nb\nc\nd\ne\n")
    try write(Tensor(bytes: [3, 0, 1, 2], shape: [4], dtype: .uint8), "train-labels-idx1-ubyte.gz")
    #expect(failure(folder.url.path).contains("found 4 labels, expected 5, as in train-images-idx3-ubyte.gz"))
  }

  @Test func idxFoldersWithWritersAndOneSplit() throws {
    try write(images(4), "images-idx3-ubyte")
    try write(Tensor(bytes: [0, 1, 0, 1], shape: [4], dtype: .uint8), "labels-idx1-ubyte")
    try write(Tensor(bytes: [7, 7, 8, 8], shape: [4], dtype: .uint8), "writers-idx1-ubyte")
    let source = try Dataset.open(folder.url.path)
    #expect(source.test == nil && source.training.groups?.array(of: Int.self) == [7, 7, 8, 8])
    let parts = source.splits(testFraction: 0.5, seed: 1)
    #expect(parts.training.count == 2 && Set(parts.training.groups!.array(of: Int.self)).count == 1)
  }

  @Test func emnistIsTurnedUprightAndCountsFromItsMapping() throws {
    try write(images(2), "emnist-letters-train-images-idx3-ubyte.gz")
    try write(Tensor(bytes: [2, 1], shape: [2], dtype: .uint8), "emnist-letters-train-labels-idx1-ubyte.gz")
    try folder.file("emnist-letters-mapping.txt", "1 65 97\n2 66 98\n")
    let source = try Dataset.open(folder.url.path)
    #expect(source.training.featureShape == [3, 2, 1])
    #expect(source.training.features.array(of: UInt8.self) == [0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11])
    #expect(source.training.classLabels == [1, 0] && source.training.classNames == ["A", "B"])
    try write(images(2), "emnist-digits-train-images-idx3-ubyte.gz")
    #expect(failure(folder.url.path).contains("found several sets: emnist-digits, emnist-letters"))
  }

  @Test func cifarFolders() throws {
    let data = numberedImages(count: 6, height: 32, width: 32, channels: 3, classes: 10)
    for batch in 1...2 {
      try CIFAR.write(data.subset([batch, batch + 1]), to: folder.url.appendingPathComponent("data_batch_\(batch).bin"))
    }
    try CIFAR.write(data.subset([5]), to: folder.url.appendingPathComponent("test_batch.bin.gz"))
    let source = try Dataset.open(folder.url.path)
    #expect(source.kind == .cifar10 && source.training.classLabels == [1, 2, 2, 3] && source.test?.classLabels == [5])
    #expect(source.training.features.array(of: UInt8.self) == data.subset([1, 2, 2, 3]).features.array(of: UInt8.self))
    #expect(source.training.classNames[0] == "airplane")
    let hundred = try TemporaryFolder()
    var fine = data
    fine.set(.tensor(Tensor([Int32(99), 3, 4, 5, 6, 7])), named: "labels")
    fine.set(.tensor(Tensor([Int32(19), 3, 4, 5, 6, 7])), named: "coarse labels")
    try CIFAR.write(fine, variant: .cifar100, to: hundred.url.appendingPathComponent("train.bin"))
    try hundred.file("fine_label_names.txt", (0..<100).map { "fine \($0)" }.joined(separator: "\n"))
    let opened = try Dataset.open(hundred.url.path)
    #expect(opened.kind == .cifar100 && opened.training.classLabels[0] == 99 && opened.training.classNames[99] == "fine 99")
    let coarse = try Dataset.open(hundred.url.path, options: OpenOptions(cifarLevel: .coarse))
    #expect(coarse.training.classLabels[0] == 19 && coarse.training.classCount == 20)
  }

  private func picture(_ name: String, _ value: UInt8, height: Int = 3, width: Int = 4) throws {
    let image = RasterImage(height: height, width: width, channels: 1, pixels: Array(repeating: value, count: height * width))
    try folder.file(name, PNG.encode(image))
  }

  @Test func imageFolders() throws {
    for part in ["train", "test"] {
      try picture("\(part)/cats/1.png", 10)
      try picture("\(part)/dogs/1.png", 20)
    }
    try picture("train/dogs/2.png", 30)
    let source = try Dataset.open(folder.url.path)
    #expect(source.kind == .imageFolder && source.training.classNames == ["cats", "dogs"] && source.test?.count == 2)
    #expect(source.training.classLabels == [0, 1, 1] && source.training.featureShape == [3, 4, 1])
    let part = try Dataset.open(folder.url.appendingPathComponent("train").path)
    #expect(part.test == nil && part.training.count == 3)
    try picture("train/dogs/3.png", 1, height: 5)
    #expect(failure(folder.url.path).contains("3.png: found an image of 4 x 5, expected 4 x 3"))
    let resized = try Dataset.open(folder.url.path, options: OpenOptions(images: .init(height: 8, width: 8)))
    #expect(resized.training.featureShape == [8, 8, 1] && resized.test?.featureShape == [8, 8, 1])
    #expect(failure(folder.url.appendingPathComponent("train/cats/1.png").path).contains("found one image"))
    try picture("test/birds/1.png", 1)
    #expect(failure(folder.url.path, OpenOptions(images: .init(height: 8, width: 8))).contains("the class \"birds\""))
  }

  @Test func tablesAndText() throws {
    let csv = try folder.file("flowers.csv", "a,b,class\n1,2,x\n3,4,y\n5,6,x\n")
    let source = try Dataset.open(csv.path)
    #expect(source.kind == .table && source.training.features.array(of: Float.self) == [1, 2, 3, 4, 5, 6])
    #expect(source.training.classNames == ["x", "y"] && source.training.classLabels == [0, 1, 0])
    // A folder that holds but one file of data is that file.
    #expect(try Dataset.open(folder.url.path).training.count == 3)
    let text = try folder.file("poem.txt", "one\ntwo\n\nfour")
    #expect(try Dataset.open(text.path).training.texts == ["one", "two", "", "four"])
    let line = failure(folder.url.path)
    #expect(line.contains("2 files that could be the data (flowers.csv, poem.txt)"), "\(line)")
    let tsv = try folder.file("t.tsv", Gzip.compressed(Array("a\ty\n1\t0.5\n2\t0.25\n".utf8)))
    #expect(try Dataset.open(tsv.path).training.labels?.array(of: Float.self) == [0.5, 0.25])
  }

  @Test func arraysByName() throws {
    let features = Tensor((0..<12).map { Float($0) }, shape: [4, 3])
    let labels = Tensor([Int64(0), 2, 1, 2])
    let url = folder.url.appendingPathComponent("a.npz")
    try NumPy.writeArchive(["x_train": features, "y_train": labels, "x_test": features[0..<2], "y_test": labels[0..<2]], to: url)
    let source = try Dataset.open(url.path)
    #expect(source.kind == .npz && source.training.classLabels == [0, 2, 1, 2] && source.test?.classLabels == [0, 2])
    #expect(source.training.classCount == 3 && source.test?.classCount == 3)
    let tensors = folder.url.appendingPathComponent("b.safetensors")
    try SafetensorsFile.write(["features": features, "labels": labels, "groups": labels], metadata: ["classes": "u, v, w"], to: tensors)
    let named = try Dataset.open(tensors.path)
    #expect(named.training.classNames == ["u", "v", "w"] && named.training.groups?.array(of: Int.self) == [0, 2, 1, 2])
    try SafetensorsFile.write(["features": features, "labels": labels[0..<3]], to: tensors)
    #expect(failure(tensors.path).contains("\"labels\": found the shape [3], expected 4 rows, as features has"))
    try SafetensorsFile.write(["pose": features], to: tensors)
    #expect(failure(tensors.path).contains("found pose float32[4, 3], expected an array named features"))
    let npy = folder.url.appendingPathComponent("c.npy")
    try NumPy.write(features, to: npy)
    #expect(try Dataset.open(npy.path).training.featureShape == [3])
    let images = Tensor(bytes: Array(repeating: 1, count: 24), shape: [4, 2, 3], dtype: .uint8)
    let pair = try TemporaryFolder()
    try NumPy.write(images, to: pair.url.appendingPathComponent("images.npy"))
    try NumPy.write(labels, to: pair.url.appendingPathComponent("labels.npy"))
    #expect(try Dataset.open(pair.url.path).training.hasImages)
  }

  @Test func whatIsNotKnownIsToldPlainly() throws {
    #expect(failure("/nowhere/at/all").contains("there is no such file or folder"))
    #expect(failure(folder.url.path).contains("found an empty folder"))
    try folder.file("notes.json", "{}")
    #expect(failure(folder.url.path).contains("found nothing that is known, among 1 file and 0 folders (notes.json)"))
    let line = failure(folder.url.appendingPathComponent("notes.json").path)
    #expect(line.contains("beginning with 7b 7d") && line.contains("expected IDX"), "\(line)")
    try folder.file("empty.csv", "")
    #expect(failure(folder.url.appendingPathComponent("empty.csv").path).contains("found no rows"))
  }

  @Test func inspectionTellsWhatIsThere() throws {
    let csv = try folder.file("flowers.csv", "a,b,class\n1,2,x\n3,,y\n5,6,x\n")
    let table = try DataInspection(csv.path, rows: 2)
    #expect(table.kind == "table" && table.parts[0].rows == 3 && table.parts[0].firstRows == [["1", "2", "x"], ["3", "", "y"]])
    #expect(table.parts[0].columns[0].minimum == 1 && table.parts[0].columns[0].mean == 3 && table.parts[0].columns[1].missing == 1)
    #expect(table.parts[0].classes.map { "\($0.name) \($0.count)" } == ["x 2", "y 1"])
    #expect(table.obstacle?.contains("a missing value") == true)
    let decoded = try JSONDecoder().decode(DataInspection.self, from: JSONEncoder().encode(table))
    #expect(decoded == table)
    let npz = folder.url.appendingPathComponent("a.npz")
    try NumPy.writeArchive(["pose": Tensor([Float(1), .nan, 3], shape: [3, 1])], to: npz)
    let arrays = try DataInspection(npz.path)
    #expect(arrays.parts.map(\.name) == ["pose"] && arrays.parts[0].columns[0].missing == 1 && arrays.parts[0].columns[0].maximum == 3)
    #expect(arrays.obstacle != nil)
    let digits = try DataInspection("digits", rows: 1, options: OpenOptions(generatedTraining: 50, generatedTest: 10))
    #expect(
      digits.parts.map(\.name) == ["training", "test"] && digits.parts[0].classes.allSatisfy { $0.count == 5 } && digits.obstacle == nil)
  }

  @Test(arguments: [
    ("mnist", DataSource.Kind.idx, 60_000, 10_000, 10), ("fashion-mnist", .idx, 60_000, 10_000, 10), ("chars74k-hnd", .idx, 2418, 0, 62),
    ("handwritten62", .idx, 4622, 1116, 62), ("magnetic-tile", .idx, 400, 472, 0), ("cifar10-subset", .cifar10, 10_000, 2_000, 10),
    ("colbert-humor", .table, 40_000, 0, 2), ("tinyshakespeare", .text, 40_000, 0, 0), ("uci-classification/iris.csv", .table, 150, 0, 3),
    ("uci-classification/letter.csv.gz", .table, 20_000, 0, 26), ("uci-regression/protein.csv.gz", .table, 45_730, 0, 0),
    ("mil/musk1.csv.gz", .table, 476, 0, 0),
  ])
  func sharedSets(name: String, kind: DataSource.Kind, training: Int, test: Int, classes: Int) throws {
    guard let url = sharedData(name) else { return }
    let source = try Dataset.open(url.path)
    #expect(
      source.kind == kind && source.training.count == training && (source.test?.count ?? 0) == test && source.training.classCount == classes
    )
    if name == "mnist" { #expect(Array(source.training.prefix(10).classLabels) == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]) }
  }
}
