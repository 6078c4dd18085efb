import Foundation

/// What a finished run left to predict with.
public struct SavedModel<Options: StudyOptions>: Sendable {
  public let options: Options
  /// The run's directory, with `model.safetensors` and whatever else the study saved.
  public let directory: URL

  public init(options: Options, directory: URL) {
    self.options = options
    self.directory = directory
  }

  public var parameters: URL { directory.appendingPathComponent("model.safetensors") }
}

/// What a model says about one input.
public struct Prediction: Sendable, Hashable, Codable {
  public let input: String
  public let label: String
  /// From 0 to 1; `nil` where the model has no such notion.
  public let confidence: Double?

  public init(input: String, label: String, confidence: Double? = nil) {
    self.input = input
    self.label = label
    self.confidence = confidence
  }
}
