import Layers
import Tensors

/// Classifies the rows of a small table by looking them up among the training rows, in a space that is learned.
///
/// Rows are embedded, x -> W x + b; the stored patterns are the embedded training rows, and what is looked up are their labels as one-hot vectors. A perceptron
/// beside the association reads what the labels of similar rows do not tell. The paper's networks for the UCI tables were never published: this is a design
/// of this project.
public struct HopfieldTableClassifier: Module {
  public struct Configuration: Sendable, Hashable, Codable {
    public var features: Int
    public var classes: Int
    public var width: Int
    public var heads: Int
    public var headWidth: Int
    public var scaling: Double
    public var dropout: Double

    public init(features: Int, classes: Int, width: Int = 32, heads: Int = 4, headWidth: Int = 8, scaling: Double, dropout: Double = 0.3) {
      self.features = features
      self.classes = classes
      self.width = width
      self.heads = heads
      self.headWidth = headWidth
      self.scaling = scaling
      self.dropout = dropout
    }
  }

  public let configuration: Configuration
  public let embedding: Dense
  public let association: AssociationCore
  public let inner: Dense
  public let outer: Dense
  public let dropout: Dropout
  public let readout: Dense
  /// Standardised rows that are looked up, (rows, features), and their labels, (rows, classes).
  public let storedRows: Parameter
  public let storedLabels: Parameter

  /// - Parameters:
  ///   - rows: standardised training rows, float32 (rows, features).
  ///   - labels: classes, integers (rows).
  public init(_ configuration: Configuration, rows: Tensor, labels: Tensor, random: inout RandomStream) throws(HopfieldError) {
    guard rows.rank == 2, rows.shape[1] == configuration.features else {
      throw .shape(argument: "rows", found: rows.shape, expected: "(rows, \(configuration.features))")
    }
    guard labels.shape == [rows.shape[0]] else {
      throw .shape(argument: "labels", found: labels.shape, expected: "(\(rows.shape[0]))")
    }
    try requireFinite(rows, "rows")
    self.configuration = configuration
    let width = configuration.width
    embedding = Dense(inputs: configuration.features, outputs: width, random: &random)
    var settings = try AssociationConfiguration(
      width: width, projectionWidth: configuration.classes, heads: configuration.heads, headWidth: configuration.headWidth,
      outputWidth: width, scaling: .uniform(configuration.scaling), dropout: configuration.dropout)
    // Labels are looked up as they are: normalised, a one-hot vector of two classes would lose its scale.
    settings.projection.isNormalized = false
    association = try AssociationCore(settings, random: &random)
    inner = Dense(inputs: width, outputs: 2 * width, random: &random)
    outer = Dense(inputs: 2 * width, outputs: width, random: &random)
    dropout = Dropout(configuration.dropout)
    readout = Dense(inputs: width, outputs: configuration.classes, random: &random)
    storedRows = Parameter(rows, role: .statistic)
    storedLabels = Parameter(labels.oneHot(configuration.classes), role: .statistic)
  }

  /// - Parameters:
  ///   - rows: standardised, (batch, features).
  ///   - positions: where these rows stand among the stored ones, integers (batch), so that none finds itself; nil for new rows.
  /// - Returns: logits (batch, classes), and the association (heads, batch, stored rows).
  public func callAsFunction(_ rows: Tensor, positions: Tensor? = nil) throws(HopfieldError) -> (logits: Tensor, weights: Tensor) {
    let count = storedRows.shape[0]
    let embedded = embedding(rows)
    let mask = positions.map { AssociationMask(association: $0.oneHot(count) .> 0) } ?? .none
    let found = try association.associate(
      state: embedded.expandingShape(at: 0), stored: embedding(storedRows.value).expandingShape(at: 0),
      projection: storedLabels.value.expandingShape(at: 0), mask: mask)
    let joined = embedded + found.output.squeezed(0)
    let hidden = joined + dropout(outer(inner(joined).relu()))
    return (readout(hidden), found.weights.squeezed(0))
  }
}
