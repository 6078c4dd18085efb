import Architectures
import Layers
import Tensors
import Testing

@Suite("VanillaNet: what is refused") struct VanillaNetRefusalTests {
  private func refused(_ change: (inout VanillaNetConfiguration) -> Void) -> VanillaNetError? {
    var configuration = VanillaNetConfiguration.mini()
    change(&configuration)
    var random = RandomStream(seed: 1)
    do {
      _ = try VanillaNet(configuration, random: &random)
      return nil
    } catch {
      return error
    }
  }

  @Test func settings() {
    #expect(refused { $0.strides = [1, 2] } == .layerCounts(widths: 4, strides: 2))
    #expect(refused { $0.widths = [] } == .layerCounts(widths: 0, strides: 3))
    for change: (inout VanillaNetConfiguration) -> Void in [
      { $0.seriesTerms = -1 }, { $0.classes = 0 }, { $0.strides[0] = 0 }, { $0.widths[1] = -4 }, { $0.stemKernel = 0 },
      { $0.stemStride = 0 },
      { $0.stemPadding = -1 }, { $0.dropout = 1 }, { $0.dropout = .nan }, { $0.epsilon = 0 }, { $0.momentum = 2 }, { $0.channels = 0 },
      { $0.adaptiveExtents = [5] }, { $0.adaptiveExtents = [5, 0] },
    ] {
      guard case .setting(let name, _, let allowed)? = refused(change) else {
        Issue.record("a wrong setting was taken")
        continue
      }
      #expect(!name.isEmpty && !allowed.isEmpty)
    }
    #expect(throws: VanillaNetError.self) { _ = try VanillaNetConfiguration.published(depth: 4) }
    #expect(throws: VanillaNetError.self) { _ = try VanillaNetConfiguration.published(depth: 5, scale: .nan) }
  }

  @Test func `images of which nothing is left`() throws {
    let configuration = VanillaNetConfiguration.mini(stemKernel: 4)
    #expect(throws: VanillaNetError.imageSize(height: 3, width: 9, place: "the stem of 4 x 4")) {
      try configuration.checkFits(height: 3, width: 9, channels: 3)
    }
    #expect(throws: VanillaNetError.imageSize(height: 8, width: 12, place: "the pooling of layer 3")) {
      try configuration.checkFits(height: 8, width: 12, channels: 3)
    }
    #expect(throws: VanillaNetError.imageChannels(found: 1, expected: 3)) {
      try configuration.checkFits(height: 20, width: 20, channels: 1)
    }
    try configuration.checkFits(height: 16, width: 16, channels: 3)
  }

  @Test(arguments: [Double.nan, -0.01, 1.01, .infinity]) func `a slope out of range`(slope: Double) throws {
    var random = RandomStream(seed: 1)
    let network = try VanillaNet(.mini(), random: &random)
    #expect(throws: VanillaNetError.self) { try network.setSlope(slope) }
    #expect(network.currentSlope == 0)
  }

  @Test func `every error says what to do`() {
    for error: VanillaNetError in [
      .layerCounts(widths: 1, strides: 3), .setting(name: "n", value: "-1", allowed: "at least 0"),
      .imageSize(height: 2, width: 2, place: "x"),
      .imageChannels(found: 1, expected: 3), .slope(2), .notLinear(slope: 0.5), .alreadyDeployed, .mergeDiffers(largest: 1, tolerance: 0.1),
    ] {
      #expect(error.description.hasPrefix("VanillaNet: ") && error.errorDescription == error.description)
    }
  }
}
