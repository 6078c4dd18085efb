extension SupernetConfiguration {
  /// FMB-5: two stages of inverted residuals for small pictures, 221,130 architectures.
  public static func fiveBlocks(inputChannels: Int = 1, classCount: Int = 10, hasKernelTransforms: Bool = true) -> SupernetConfiguration {
    SupernetConfiguration(
      inputChannels: inputChannels, classCount: classCount, resolutions: [16, 20, 24], stem: Stem(widths: [8], activation: .hardSwish),
      stages: [
        Stage("A", widths: [12], depths: [1, 2], kernels: [3, 5, 7], expansions: [2, 3, 4], stride: 2, activation: .hardSwish),
        Stage("B", widths: [24], depths: [1, 2, 3], kernels: [3, 5, 7], expansions: [2, 3, 4], stride: 2, activation: .hardSwish),
      ], head: Head(widths: [48], activation: .hardSwish, dropout: 0.1), hasKernelTransforms: hasKernelTransforms)
  }

  /// FMB-5N: a narrower range, the largest network 3.2 times the smallest.
  public static func fiveBlocksNarrow(inputChannels: Int = 1, classCount: Int = 10) -> SupernetConfiguration {
    SupernetConfiguration(
      inputChannels: inputChannels, classCount: classCount, resolutions: [20, 24], stem: Stem(widths: [8], activation: .hardSwish),
      stages: [
        Stage("A", widths: [12], depths: [1, 2], kernels: [3, 5], expansions: [3, 4], stride: 2, activation: .hardSwish),
        Stage("B", widths: [24], depths: [2, 3], kernels: [3, 5], expansions: [3, 4], stride: 2, activation: .hardSwish),
      ], head: Head(widths: [48], activation: .hardSwish, dropout: 0.2))
  }

  /// FMB-5W: widths of stages are elastic, expansion is not, and every block has a residual path.
  public static func fiveBlocksWide(
    inputChannels: Int = 1, classCount: Int = 10, hasSqueeze: Bool = false
  ) -> SupernetConfiguration {
    SupernetConfiguration(
      inputChannels: inputChannels, classCount: classCount, resolutions: [20, 24], stem: Stem(widths: [8], activation: .hardSwish),
      stages: [
        Stage(
          "A", widths: [8, 12], depths: [1, 2], kernels: [3, 5], expansions: [4], stride: 2, activation: .hardSwish, hasSqueeze: hasSqueeze,
          shortcut: .projected),
        Stage(
          "B", widths: [16, 24], depths: [2, 3], kernels: [3, 5], expansions: [4], stride: 2, activation: .hardSwish,
          hasSqueeze: hasSqueeze,
          shortcut: .projected),
      ], head: Head(widths: [48], activation: .hardSwish, dropout: 0.2))
  }
}
