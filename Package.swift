// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "Apus",
  products: [
    .executable(name: "apus", targets: ["apus"]),
    .library(name: "Tensors", targets: ["Tensors"]),
    .library(name: "Layers", targets: ["Layers"]),
    .library(name: "Datasets", targets: ["Datasets"]),
    .library(name: "Training", targets: ["Training"]),
    .library(name: "Architectures", targets: ["Architectures"]),
    .library(name: "Graphs", targets: ["Graphs"]),
    .library(name: "LocalLearning", targets: ["LocalLearning"]),
    .library(name: "Lens", targets: ["Lens"]),
    .library(name: "Search", targets: ["Search"]),
    .library(name: "Shallow", targets: ["Shallow"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
    .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.0.0"),
  ],
  targets: [
    // Each target imports only what stands below it in this list (Documentation/Architecture.md).
    .executableTarget(
      name: "apus",
      dependencies: [
        "Studies", "Training", "Layers", "Datasets", "Tensors", .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .target(
      name: "Studies",
      dependencies: ["Architectures", "Graphs", "Lens", "LocalLearning", "Search", "Shallow", "Training", "Datasets", "Layers", "Tensors"]),
    .target(name: "Architectures", dependencies: ["Layers", "Tensors"]),
    .target(name: "Graphs", dependencies: ["Layers", "Tensors"]),
    .target(name: "Lens", dependencies: ["Layers", "Tensors"]),
    .target(name: "LocalLearning", dependencies: ["Layers", "Tensors"]),
    .target(name: "Search", dependencies: ["Layers", "Tensors"]),
    .target(name: "Shallow", dependencies: ["Layers", "Tensors"]),
    .target(
      name: "Training",
      dependencies: [
        "Layers", "Datasets", "Tensors", "CSignals", .product(name: "Logging", package: "swift-log"),
        .product(name: "Mustache", package: "swift-mustache"),
      ]),
    .target(
      name: "Datasets",
      dependencies: ["Tensors", "CImageFormats", "CZlib", "CZip", "CCrypto", "CCurl"]),
    .target(name: "Layers", dependencies: ["Tensors"]),
    .target(name: "Tensors", dependencies: ["CKernels", "COneDNN", "CLAPACK", "CFFT"]),
    .target(name: "CKernels", linkerSettings: [.linkedLibrary("gomp"), .linkedLibrary("m")]),
    .target(name: "COneDNN", dependencies: ["CKernels"], linkerSettings: [.linkedLibrary("dnnl"), .linkedLibrary("openblas")]),
    .target(name: "CLAPACK", dependencies: ["CKernels"], linkerSettings: [.linkedLibrary("lapacke"), .linkedLibrary("openblas")]),
    .target(name: "CFFT", dependencies: ["CKernels"], linkerSettings: [.linkedLibrary("fftw3"), .linkedLibrary("fftw3f")]),
    .target(name: "CImageFormats", linkerSettings: [.linkedLibrary("png"), .linkedLibrary("jpeg")]),
    .target(name: "CCrypto", linkerSettings: [.linkedLibrary("crypto")]),
    .target(name: "CSignals"),
    .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),
    .target(name: "CZip", linkerSettings: [.linkedLibrary("zip")]),
    .target(name: "CCurl", linkerSettings: [.linkedLibrary("curl")]),
    .executableTarget(name: "digits", dependencies: ["Training", "Datasets", "Layers", "Tensors"], path: "Examples/Digits"),
    .target(name: "TestSupport", dependencies: ["Tensors"], path: "Tests/TestSupport"),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors", "TestSupport"], exclude: ["Fixtures"]),
    .testTarget(name: "LayersTests", dependencies: ["Layers", "TestSupport"]),
    .target(name: "CommandLineSupport", path: "Tests/CommandLineSupport"),
    .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "CommandLineSupport", "apus"]),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "Training", "Layers", "Datasets", "Tensors", "checkpoint-crash-probe", .product(name: "Logging", package: "swift-log"),
      ]),
    .executableTarget(name: "checkpoint-crash-probe", dependencies: ["Training", "Layers", "Tensors"], path: "Tests/CheckpointCrashProbe"),
    .testTarget(name: "ArchitecturesTests", dependencies: ["Architectures", "TestSupport"]),
    .testTarget(name: "GraphsTests", dependencies: ["Graphs", "TestSupport"]),
    .testTarget(name: "LocalLearningTests", dependencies: ["LocalLearning"]),
    .testTarget(name: "LensTests", dependencies: ["Lens", "TestSupport"]),
    .testTarget(name: "SearchTests", dependencies: ["Search", "TestSupport"]),
    .testTarget(name: "ShallowTests", dependencies: ["Shallow", "TestSupport"]),
    .testTarget(name: "StudiesTests", dependencies: ["Studies", "Lens", "CommandLineSupport", "apus"]),
  ],
  swiftLanguageModes: [.v6]
)
