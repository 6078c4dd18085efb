/// How much work a study does.
public enum Preset: String, Sendable, Codable, CaseIterable {
  /// At most a minute on two cores, on generated or embedded data.
  case quick
  /// At most ten minutes on two cores; shows the effect on real data.
  case reduced
  /// The paper's own configuration.
  case paper
}
