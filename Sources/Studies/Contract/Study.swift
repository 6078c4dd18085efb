import Tensors
import Training

/// A published method beside its plain baseline, on the same data in the same run: data + method + baseline -> findings.
///
/// A study holds no presentation: it returns ``Findings``, of which the command line makes the report, the figures and the files.
public protocol Study: Sendable {
  associatedtype Options: StudyOptions

  static var card: StudyCard { get }

  /// The options that make a preset.
  static func options(_ preset: Preset) -> Options

  /// Runs method and baseline, and states the paper's claims with the figures that decide them.
  ///
  /// Equal options, data and seed give equal findings. The options have been checked.
  static func run(_ options: Options, _ run: StudyRun) throws -> Findings

  /// Runs this project's method on the inputs and parameters of a parity case, and compares its results with the expected ones.
  ///
  /// The case names its tensors as the system's specification says. A missing or misshapen one throws ``FileFormatError``.
  static func verify(_ file: SafetensorsFile) throws -> [ParityTensor]

  /// The networks that a run trains, freshly initialised, for `apus summary`.
  static func networks(_ options: Options) throws -> [StudyNetwork]

  /// Applies the model that a run saved to new inputs.
  static func predict(_ inputs: [String], with model: SavedModel<Options>) throws -> [Prediction]
}

extension Study {
  public static func networks(_ options: Options) throws -> [StudyNetwork] { [] }

  public static func predict(_ inputs: [String], with model: SavedModel<Options>) throws -> [Prediction] {
    throw StudyError("\(card.slug) saves no model that predicts", advice: "see apus systems")
  }
}
