import Foundation
import Layers
import Tensors
import TestSupport
import Testing

/// Saving and loading, in our layout and in PyTorch's, and what happens with files that do not fit or are broken.
@Suite struct StateTests {
  static func model(seed: Int) -> Sequential {
    var random = RandomStream(seed: seed)
    return Sequential(
      Convolution(inputs: 2, outputs: 4, kernel: [3, 3], padding: .same, random: &random), BatchNorm(features: 4), Activation(.relu),
      TransposedConvolution(inputs: 4, outputs: 3, kernel: [2, 2], strides: [2, 2], random: &random), Flatten(order: .channelsFirst),
      Dense(inputs: 192, outputs: 5, random: &random))
  }

  static func temporary(_ name: String) -> URL {
    FileManager.default.temporaryDirectory.appending(path: "layers-\(ProcessInfo.processInfo.processIdentifier)-\(name).safetensors")
  }

  static let input = Tensor.range(64, from: -1, step: 0.03).reshaped(to: [2, 4, 4, 2])

  @Test(arguments: [true, false]) func roundTrip(isNative: Bool) throws {
    let layout: StateLayout = isNative ? .native : .pyTorch()
    let url = Self.temporary("round-trip-\(isNative)")
    defer { try? FileManager.default.removeItem(at: url) }
    let first = Self.model(seed: 1)
    _ = withContext(.training) { first(Self.input) }.array(of: Float.self)
    try first.save(to: url, layout: layout, metadata: ["note": "round trip"])
    let second = Self.model(seed: 2)
    #expect(second(Self.input).array(of: Float.self) != first(Self.input).array(of: Float.self))
    let report = try second.load(from: url, layout: layout)
    #expect(report.loaded.count == 10)
    #expect(second(Self.input).array(of: Float.self) == first(Self.input).array(of: Float.self))
    let file = try SafetensorsFile(reading: url)
    #expect(file.metadata["note"] == "round trip")
    #expect(file.metadata["configurations"]!.contains(#""kernel":[3,3]"#))
    #expect(file["0.weight"]!.shape == (isNative ? [4, 3, 3, 2] : [4, 2, 3, 3]))
    #expect(file[isNative ? "1.runningMean" : "1.running_mean"] != nil)
    #expect(file["3.weight"]!.shape == (isNative ? [4, 2, 2, 3] : [4, 3, 2, 2]))
    #expect(file["5.weight"]!.shape == (isNative ? [192, 5] : [5, 192]))
  }

  @Test func everyLayerGoesThroughPyTorchAndBack() throws {
    var random = RandomStream(seed: 3)
    func models() -> [any Module] {
      [
        MultiHeadAttention(features: 6, heads: 2, random: &random),
        MultiHeadAttention(features: 6, heads: 2, keyFeatures: 3, valueFeatures: 5, random: &random),
        TransformerBlock(features: 6, heads: 3, hidden: 8, random: &random),
        LSTM(inputs: 3, hidden: 2, layers: 2, isBidirectional: true, random: &random),
        GRU(inputs: 3, hidden: 2, layers: 2, hasBias: false, random: &random), PReLU(slopes: 4),
        Bilinear(left: 2, right: 3, outputs: 4, random: &random), Convolution.depthwise(channels: 3, kernel: [3], random: &random),
        Embedding(count: 4, features: 2, paddingIndex: 0, random: &random), LayerNorm(features: 2, 3), RMSNorm(features: 3),
        GroupNorm(groups: 2, features: 4), InstanceNorm(features: 3, isAffine: true),
      ]
    }
    for (original, other) in zip(models(), models()) {
      try other.load(original.state(layout: .pyTorch()), layout: .pyTorch())
      let expected = original.state()
      for (name, value) in other.state() {
        #expect(value.array(of: Float.self) == expected[name]!.array(of: Float.self), "\(type(of: original)) \(name)")
      }
      #expect(original.state(layout: .pyTorch()).count == original.state().count || original is MultiHeadAttention)
    }
    let names = TransformerBlock(features: 6, heads: 3, hidden: 8, random: &random).state(layout: .pyTorch()).keys.sorted()
    #expect(names.contains("self_attn.out_proj.bias") && names.contains("linear2.weight") && names.contains("norm1.bias"))
  }

  @Test func renamingReachesFilesOfOtherModels() throws {
    var random = RandomStream(seed: 4)
    let model = Dense(inputs: 2, outputs: 2, random: &random)
    let state = ["fc.weight": Tensor([Float(1), 2, 3, 4], shape: [2, 2]), "fc.bias": Tensor([Float(5), 6])]
    try model.load(state, layout: .pyTorch(renaming: { "fc." + $0 }))
    #expect(model.weight.value.array(of: Float.self) == [1, 3, 2, 4])
  }

  @Test func misfitsAreListedAndNothingChanges() throws {
    let model = Self.model(seed: 1)
    var state = model.state()
    state["5.wieght"] = state.removeValue(forKey: "5.weight")
    state["extra"] = .zeros([1])
    state["0.bias"] = .zeros([7])
    state["1.weight"] = .zeros([4]) + 3
    let before = model.state().mapValues { $0.array(of: Float.self) }
    let error = #expect(throws: ModelStateError.self) { try model.load(state) }
    #expect(error?.missing == ["5.weight"])
    #expect(error?.unexpected == ["5.wieght", "extra"])
    #expect(error?.mismatched.map { [$0.name, $0.found, $0.expected] } == [["0.bias", "float32 [7]", "float32 [4]"]])
    #expect(error?.description.contains("5.weight (did you mean 5.wieght?)") == true)
    #expect(model.state().mapValues { $0.array(of: Float.self) } == before)
    let report = try model.load(state, strict: false)
    #expect(report.missing == ["5.weight"] && report.mismatched.count == 1 && report.loaded.count == 8)
    #expect(model.parameter(named: "1.weight")!.value.array(of: Float.self) == [3, 3, 3, 3])
    let integers = ["weight": Tensor([Int64(1), 2, 3, 4], shape: [2, 2])]
    #expect(throws: ModelStateError.self) { try Dense(weight: .zeros([2, 2])).load(integers) }
  }

  @Test func brokenFilesThrowAndLeaveTheModel() throws {
    let url = Self.temporary("broken")
    defer { try? FileManager.default.removeItem(at: url) }
    let model = Self.model(seed: 1)
    try model.save(to: url)
    let whole = [UInt8](try Data(contentsOf: url))
    let before = model.state().mapValues { $0.array(of: Float.self) }
    var random = TestRandom(seed: 7)
    for trial in 0..<60 {
      var bytes = whole
      switch trial % 3 {
      case 0: bytes.removeLast(Int.random(in: 1..<whole.count, using: &random))
      case 1: bytes[Int.random(in: 0..<9, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
      default: bytes.insert(contentsOf: [0x7B, 0x22], at: Int.random(in: 8..<200, using: &random))
      }
      try Data(bytes).write(to: url)
      #expect(throws: (any Error).self, "trial \(trial)") { try model.load(from: url) }
    }
    #expect(throws: FileAccessError.self) { try model.load(from: Self.temporary("absent")) }
    #expect(model.state().mapValues { $0.array(of: Float.self) } == before)
  }
}
