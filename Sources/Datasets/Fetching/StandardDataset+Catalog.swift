import Foundation

extension StandardDataset {
  /// The sets that are known by name.
  ///
  /// SHA-256 digests and sizes of MNIST, Fashion-MNIST and Tiny Shakespeare are those of the files themselves, whose MD5 agree with the published
  /// ones. The MD5 of CIFAR are those of its home page; those of KMNIST and EMNIST are those by which torchvision checks the same files.
  public static let all: [StandardDataset] = [
    StandardDataset(
      name: "mnist", title: "MNIST handwritten digits: 60,000 + 10,000 images, 28 x 28 grey, 10 classes",
      homepage: "http://yann.lecun.com/exdb/mnist/",
      license: "commonly cited as CC BY-SA 3.0 (LeCun, Cortes, Burges)",
      files: files(
        at: ["https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/"],
        [
          ("train-images-idx3-ubyte.gz", 9_912_422, .sha256("440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609")),
          ("train-labels-idx1-ubyte.gz", 28_881, .sha256("3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c")),
          ("t10k-images-idx3-ubyte.gz", 1_648_877, .sha256("8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6")),
          ("t10k-labels-idx1-ubyte.gz", 4_542, .sha256("f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6")),
        ])),
    StandardDataset(
      name: "fashion-mnist", title: "Fashion-MNIST articles of clothing: 60,000 + 10,000 images, 28 x 28 grey, 10 classes",
      homepage: "https://github.com/zalandoresearch/fashion-mnist", license: "MIT",
      files: files(
        at: [
          "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
          "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ],
        [
          ("train-images-idx3-ubyte.gz", 26_421_880, .sha256("3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84")),
          ("train-labels-idx1-ubyte.gz", 29_515, .sha256("a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845")),
          ("t10k-images-idx3-ubyte.gz", 4_422_102, .sha256("346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073")),
          ("t10k-labels-idx1-ubyte.gz", 5_148, .sha256("67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5")),
        ]),
      classNames: ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]),
    StandardDataset(
      name: "kmnist", title: "Kuzushiji-MNIST cursive Japanese characters: 60,000 + 10,000 images, 28 x 28 grey, 10 classes",
      homepage: "http://codh.rois.ac.jp/kmnist/", license: "CC BY-SA 4.0",
      files: files(
        at: ["http://codh.rois.ac.jp/kmnist/dataset/kmnist/"],
        [
          ("train-images-idx3-ubyte.gz", 18_165_135, .md5("bdb82020997e1d708af4cf47b453dcf7")),
          ("train-labels-idx1-ubyte.gz", nil, .md5("e144d726b3acfaa3e44228e80efcd344")),
          ("t10k-images-idx3-ubyte.gz", nil, .md5("5c965bf0a639b31b8f53240b1b52f4d7")),
          ("t10k-labels-idx1-ubyte.gz", nil, .md5("7320c461ea6c1c855c0b718fb2a4b134")),
        ]), classNames: ["o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"]),
    emnist("letters", "145,600 letters, 26 classes"),
    emnist("balanced", "131,600 characters, 47 classes"),
    StandardDataset(
      name: "cifar10", title: "CIFAR-10: 50,000 + 10,000 images, 32 x 32 colour, 10 classes",
      homepage: "https://www.cs.toronto.edu/~kriz/cifar.html",
      license: "none stated (Krizhevsky, 2009)",
      files: files(
        at: ["https://www.cs.toronto.edu/~kriz/"], [("cifar-10-binary.tar.gz", 170_052_171, .md5("c32a1d4ab5d03f1284b67883e8d87530"))]),
      packing: .tarGzip(
        members: (1...5).map { "cifar-10-batches-bin/data_batch_\($0).bin" } + [
          "cifar-10-batches-bin/test_batch.bin", "cifar-10-batches-bin/batches.meta.txt",
        ])),
    StandardDataset(
      name: "cifar100", title: "CIFAR-100: 50,000 + 10,000 images, 32 x 32 colour, 100 classes in 20 groups",
      homepage: "https://www.cs.toronto.edu/~kriz/cifar.html", license: "none stated (Krizhevsky, 2009)",
      files: files(
        at: ["https://www.cs.toronto.edu/~kriz/"], [("cifar-100-binary.tar.gz", 168_513_733, .md5("03b5dce01913d631647c71ecec9e9cb8"))]),
      packing: .tarGzip(
        members: ["train.bin", "test.bin", "fine_label_names.txt", "coarse_label_names.txt"].map { "cifar-100-binary/\($0)" })),
    StandardDataset(
      name: "tinyshakespeare", title: "Tiny Shakespeare: 1,115,394 characters in 40,000 lines",
      homepage: "https://github.com/karpathy/char-rnn",
      license: "public domain",
      files: [
        RemoteFile(
          name: "input.txt",
          urls: [URL(string: "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt")!],
          byteCount: 1_115_394, checksum: .sha256("86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"))
      ]),
  ]

  private static func files(at bases: [String], _ files: [(name: String, byteCount: Int?, checksum: Checksum)]) -> [RemoteFile] {
    files.map { file in
      RemoteFile(name: file.name, urls: bases.map { URL(string: $0 + file.name)! }, byteCount: file.byteCount, checksum: file.checksum)
    }
  }

  /// All sets of EMNIST come in one archive; a set's folder holds its own files only.
  private static func emnist(_ set: String, _ content: String) -> StandardDataset {
    StandardDataset(
      name: "emnist-\(set)", title: "EMNIST \(set): \(content), 28 x 28 grey (one archive of all EMNIST sets)",
      homepage: "https://www.nist.gov/itl/products-and-services/emnist-dataset", license: "public domain (NIST)",
      files: files(
        at: ["https://biometrics.nist.gov/cs_links/EMNIST/"], [("gzip.zip", 561_753_746, .md5("58c8d27c78d21e728a6bc7b3cc06412e"))]),
      packing: .zip(
        members: [
          "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz", "test-images-idx3-ubyte.gz", "test-labels-idx1-ubyte.gz",
          "mapping.txt",
        ]
        .map { "gzip/emnist-\(set)-\($0)" }))
  }
}
