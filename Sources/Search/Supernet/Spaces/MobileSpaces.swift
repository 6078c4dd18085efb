extension SupernetConfiguration {
  /// The MobileNetV3 space of Once-for-All: twenty elastic blocks, about 2 x 10^19 networks at each resolution.
  ///
  /// - Parameters:
  ///   - widthMultiplier: 1.0 and 1.2 were published.
  ///   - resolutions: 25 sizes from 128 to 224 were published.
  public static func mobileNetV3(
    classCount: Int, widthMultiplier: Double = 1, resolutions: [Int] = Array(stride(from: 128, through: 224, by: 4))
  ) -> SupernetConfiguration {
    func width(_ channels: Int) -> Int { roundedChannels(Double(channels) * widthMultiplier) }
    func stage(_ name: String, _ channels: Int, stride: Int, isHard: Bool, hasSqueeze: Bool) -> Stage {
      Stage(
        name, widths: [width(channels)], depths: [2, 3, 4], kernels: [3, 5, 7], expansions: [3, 4, 6], stride: stride,
        activation: isHard ? .hardSwish : .relu, hasSqueeze: hasSqueeze)
    }
    return SupernetConfiguration(
      inputChannels: 3, classCount: classCount, resolutions: resolutions, stem: Stem(widths: [width(16)], activation: .hardSwish),
      stages: [
        Stage("first", widths: [width(16)], depths: [1], kernels: [3], expansions: [1], stride: 1, activation: .relu),
        stage("1", 24, stride: 2, isHard: false, hasSqueeze: false), stage("2", 40, stride: 2, isHard: false, hasSqueeze: true),
        stage("3", 80, stride: 2, isHard: true, hasSqueeze: false), stage("4", 112, stride: 1, isHard: true, hasSqueeze: true),
        stage("5", 160, stride: 2, isHard: true, hasSqueeze: true),
      ],
      head: Head(
        widths: [width(960)], activation: .hardSwish, mixingWidths: [width(1280)], mixingActivation: .hardSwish, dropout: 0.1),
      hasKernelTransforms: true)
  }

  /// The ProxylessNAS space of Once-for-All: as MobileNetV2, without squeezes, six stages.
  public static func proxylessNAS(
    classCount: Int, widthMultiplier: Double = 1.3, resolutions: [Int] = Array(stride(from: 128, through: 224, by: 4))
  ) -> SupernetConfiguration {
    func width(_ channels: Int) -> Int { roundedChannels(Double(channels) * widthMultiplier) }
    func stage(_ name: String, _ channels: Int, stride: Int, depths: [Int] = [2, 3, 4]) -> Stage {
      Stage(
        name, widths: [width(channels)], depths: depths, kernels: [3, 5, 7], expansions: [3, 4, 6], stride: stride, activation: .relu6)
    }
    return SupernetConfiguration(
      inputChannels: 3, classCount: classCount, resolutions: resolutions, stem: Stem(widths: [width(32)], activation: .relu6),
      stages: [
        Stage("first", widths: [width(16)], depths: [1], kernels: [3], expansions: [1], stride: 1, activation: .relu6),
        stage("1", 24, stride: 2), stage("2", 40, stride: 2), stage("3", 80, stride: 2), stage("4", 96, stride: 1),
        stage("5", 192, stride: 2), stage("6", 320, stride: 1, depths: [1]),
      ], head: Head(widths: [width(1280)], activation: .relu6, dropout: 0.1), hasKernelTransforms: true)
  }

  /// The ResNet50D space of Once-for-All: bottlenecks with elastic depth, expansion and width, a stem block that can be left out.
  public static func resNet50D(
    classCount: Int, resolutions: [Int] = Array(stride(from: 128, through: 224, by: 4))
  ) -> SupernetConfiguration {
    func widths(_ channels: Int) -> [Int] { [0.65, 0.8, 1].map { roundedChannels(Double(channels) * $0) } }
    func stage(_ name: String, _ channels: Int, depth: Int, stride: Int) -> Stage {
      Stage(
        name, kind: .bottleneck, widths: widths(channels), depths: [depth, depth + 1, depth + 2], kernels: [3],
        expansions: [0.2, 0.25, 0.35], stride: stride, activation: .relu, shortcut: .normalizedProjection)
    }
    return SupernetConfiguration(
      inputChannels: 3, classCount: classCount, resolutions: resolutions,
      stem: Stem(widths: widths(64), innerWidths: widths(32), activation: .relu),
      stages: [
        stage("1", 256, depth: 2, stride: 1), stage("2", 512, depth: 2, stride: 2), stage("3", 1024, depth: 4, stride: 2),
        stage("4", 2048, depth: 2, stride: 2),
      ], head: Head())
  }

  /// The space of BigNAS: from 0.2 to 2 billion multiply-adds.
  public static func bigNAS(classCount: Int) -> SupernetConfiguration {
    func stage(_ name: String, _ widths: [Int], _ depths: ClosedRange<Int>, _ kernels: [Int], _ expansion: Double, stride: Int) -> Stage {
      Stage(
        name, widths: widths, depths: Array(depths), kernels: kernels, expansions: [expansion], stride: stride, activation: .silu,
        hasSqueeze: true, shortcut: .projected, sharesGenes: true)
    }
    return SupernetConfiguration(
      inputChannels: 3, classCount: classCount, resolutions: [192, 224, 288, 320], stem: Stem(widths: [32, 40], activation: .silu),
      stages: [
        stage("1", [16, 24], 1...2, [3], 1, stride: 1), stage("2", [24, 32], 2...3, [3], 6, stride: 2),
        stage("3", [40, 48], 2...3, [3, 5], 6, stride: 2), stage("4", [80, 88], 2...4, [3, 5], 6, stride: 2),
        stage("5", [112, 120, 128], 2...6, [3, 5], 6, stride: 1), stage("6", [192, 200, 208, 216], 2...6, [3, 5], 6, stride: 2),
        stage("7", [320, 352], 1...2, [3, 5], 6, stride: 1),
      ], head: Head(widths: [1280, 1408], activation: .silu, dropout: 0.2))
  }

  /// The space of AttentiveNAS, which is trained by the same recipe.
  public static func attentiveNAS(classCount: Int) -> SupernetConfiguration {
    func stage(
      _ name: String, _ widths: [Int], _ depths: ClosedRange<Int>, _ expansions: [Double], stride: Int, hasSqueeze: Bool
    ) -> Stage {
      Stage(
        name, widths: widths, depths: Array(depths), kernels: [3, 5], expansions: expansions, stride: stride, activation: .silu,
        hasSqueeze: hasSqueeze, shortcut: .projected, sharesGenes: true)
    }
    return SupernetConfiguration(
      inputChannels: 3, classCount: classCount, resolutions: [192, 224, 256, 288], stem: Stem(widths: [16, 24], activation: .silu),
      stages: [
        stage("1", [16, 24], 1...2, [1], stride: 1, hasSqueeze: false),
        stage("2", [24, 32], 3...5, [4, 5, 6], stride: 2, hasSqueeze: false),
        stage("3", [32, 40], 3...6, [4, 5, 6], stride: 2, hasSqueeze: true),
        stage("4", [64, 72], 3...6, [4, 5, 6], stride: 2, hasSqueeze: false),
        stage("5", [112, 120, 128], 3...8, [4, 5, 6], stride: 1, hasSqueeze: true),
        stage("6", [192, 200, 208, 216], 3...8, [6], stride: 2, hasSqueeze: true),
        stage("7", [216, 224], 1...2, [6], stride: 1, hasSqueeze: true),
      ],
      head: Head(factor: 6, activation: .silu, mixingWidths: [1792, 1984], mixingActivation: .silu, dropout: 0.2))
  }
}
