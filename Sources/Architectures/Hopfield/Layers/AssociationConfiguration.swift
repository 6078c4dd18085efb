import Foundation
import Layers

/// The settings of an association of state patterns with stored patterns (Ramsauer et al., 2021, section 3).
public struct AssociationConfiguration: Sendable, Hashable, Codable {
  /// The three inputs of an association.
  public enum Role: String, Sendable, Hashable, Codable, CaseIterable {
    /// State (query) patterns R.
    case state
    /// Stored (key) patterns Y.
    case stored
    /// What is looked up: the input of the pattern projection (values).
    case projection
  }

  /// The inverse temperature beta.
  public enum Scaling: Sendable, Hashable, Codable {
    /// 1 / sqrt(head width), or 1 where nothing is projected.
    case standard
    case uniform(Double)
    /// One a head.
    case perHead([Double])
  }

  /// What is done to one of the inputs before its projection.
  public struct Input: Sendable, Hashable, Codable {
    /// Features of the input, its last axis.
    public var width: Int
    /// Whether it goes through a layer normalisation, and whether that has scale and shift. A normalisation takes the norms of patterns away.
    public var isNormalized: Bool
    public var isNormalizationAffine: Bool
    /// A static input skips its projection; all heads share it. Its width must be that of a head.
    public var isStatic: Bool

    public init(width: Int, isNormalized: Bool = true, isNormalizationAffine: Bool = true, isStatic: Bool = false) {
      self.width = width
      self.isNormalized = isNormalized
      self.isNormalizationAffine = isNormalizationAffine
      self.isStatic = isStatic
    }
  }

  public var state: Input
  public var stored: Input
  public var projection: Input
  public var heads: Int
  /// d, the width of the space in which a head associates.
  public var headWidth: Int
  /// d_v, the width of what a head gives.
  public var patternWidth: Int
  /// Width of the output; heads * patternWidth where the output is not projected.
  public var outputWidth: Int
  public var scaling: Scaling
  /// Updates of the state patterns at most; nil goes on until every head rests. 0 is plain attention.
  public var updates: Int?
  /// A head rests when its association changes by at most this much, in the Frobenius norm over states and patterns.
  public var tolerance: Double
  /// Probability with which an element of the last association is dropped in training.
  public var dropout: Double
  /// Whether projected states and stored patterns are normalised in each head, once, before the first update.
  public var normalizesHopfieldSpace: Bool
  public var isHopfieldSpaceAffine: Bool
  /// Whether the pattern projection goes on from the stored patterns' projection: v = (P W_K) W_V.
  public var connectsPatternProjection: Bool
  public var projectsOutput: Bool
  public var hasBias: Bool
  /// Adds a stored pattern of zeros, which stands for "none of them".
  public var addsZeroAssociation: Bool
  /// Adds a learned stored pattern.
  public var addsBiasPattern: Bool
  /// Applied to the output.
  public var activation: Activation.Function?

  /// - Parameters:
  ///   - width: E, features of the state patterns.
  ///   - storedWidth: features of the stored patterns; E by default.
  ///   - projectionWidth: features of the input of the pattern projection; those of the stored patterns by default.
  ///   - headWidth: E / heads by default, where heads must divide E.
  ///   - patternWidth: the head width by default.
  ///   - outputWidth: E by default.
  public init(
    width: Int, storedWidth: Int? = nil, projectionWidth: Int? = nil, heads: Int = 1, headWidth: Int? = nil, patternWidth: Int? = nil,
    outputWidth: Int? = nil, scaling: Scaling = .standard, updates: Int? = 0, tolerance: Double = 1e-4, dropout: Double = 0,
    normalizesHopfieldSpace: Bool = false, isHopfieldSpaceAffine: Bool = false, connectsPatternProjection: Bool = false,
    projectsOutput: Bool = true, hasBias: Bool = true, addsZeroAssociation: Bool = false, addsBiasPattern: Bool = false,
    activation: Activation.Function? = nil
  ) throws(HopfieldError) {
    guard heads >= 1 else { throw .setting(name: "heads", value: "\(heads)", allowed: "at least 1") }
    guard width >= 1 else { throw .setting(name: "width", value: "\(width)", allowed: "at least 1") }
    guard headWidth != nil || width % heads == 0 else {
      throw .setting(name: "heads", value: "\(heads)", allowed: "a divisor of the width \(width), or a head width of its own")
    }
    let storedWidth = storedWidth ?? width
    self.state = Input(width: width)
    self.stored = Input(width: storedWidth)
    self.projection = Input(width: projectionWidth ?? storedWidth)
    self.heads = heads
    self.headWidth = headWidth ?? width / heads
    self.patternWidth = patternWidth ?? self.headWidth
    self.outputWidth = outputWidth ?? width
    self.scaling = scaling
    self.updates = updates
    self.tolerance = tolerance
    self.dropout = dropout
    self.normalizesHopfieldSpace = normalizesHopfieldSpace
    self.isHopfieldSpaceAffine = isHopfieldSpaceAffine
    self.connectsPatternProjection = connectsPatternProjection
    self.projectsOutput = projectsOutput
    self.hasBias = hasBias
    self.addsZeroAssociation = addsZeroAssociation
    self.addsBiasPattern = addsBiasPattern
    self.activation = activation
    if !projectsOutput { self.outputWidth = heads * self.patternWidth }
    try check()
  }

  /// The parameter-free memory: all inputs static, no normalisation, no output projection. The output is the retrieved pattern.
  ///
  /// - Parameter width: features of states, stored patterns and what is looked up.
  public static func memory(
    width: Int, scaling: Scaling = .standard, updates: Int? = nil, tolerance: Double = 1e-4
  ) throws(HopfieldError) -> AssociationConfiguration {
    var configuration = try AssociationConfiguration(
      width: width, headWidth: width, outputWidth: width, scaling: scaling, updates: updates, tolerance: tolerance, projectsOutput: false,
      hasBias: false)
    configuration.setAll {
      $0.isStatic = true; $0.isNormalized = false
    }
    try configuration.check()
    return configuration
  }

  /// Changes the three inputs alike.
  public mutating func setAll(_ change: (inout Input) -> Void) {
    change(&state)
    change(&stored)
    change(&projection)
  }

  /// beta of each head.
  public var inverseTemperatures: [Double] {
    switch scaling {
    case .standard:
      let isPlain = state.isStatic && stored.isStatic && projection.isStatic && !projectsOutput
      return Array(repeating: isPlain ? 1 : 1 / Double(headWidth).squareRoot(), count: heads)
    case .uniform(let beta): return Array(repeating: beta, count: heads)
    case .perHead(let betas): return betas
    }
  }

  /// Refuses settings that do not go together.
  public func check() throws(HopfieldError) {
    func require(_ condition: Bool, _ name: String, _ value: Any, _ allowed: String) throws(HopfieldError) {
      guard condition else { throw .setting(name: name, value: "\(value)", allowed: allowed) }
    }
    try require(heads >= 1, "heads", heads, "at least 1")
    for (name, value) in [
      ("state.width", state.width), ("stored.width", stored.width), ("projection.width", projection.width), ("headWidth", headWidth),
      ("patternWidth", patternWidth), ("outputWidth", outputWidth),
    ] { try require(value >= 1, name, value, "at least 1") }
    try requireSettings(steps: updates, tolerance: tolerance)
    try require((0...1).contains(dropout), "dropout", dropout, "0 to 1")
    let betas = inverseTemperatures
    try require(betas.count == heads, "scaling", betas.count, "one inverse temperature for each of \(heads) heads")
    for beta in betas { try require(beta > 0 && beta.isFinite, "scaling", beta, "above 0") }
    try require(!state.isStatic || state.width == headWidth, "state.width", state.width, "the head width \(headWidth), being static")
    try require(!stored.isStatic || stored.width == headWidth, "stored.width", stored.width, "the head width \(headWidth), being static")
    if connectsPatternProjection {
      try require(patternWidth == headWidth, "patternWidth", patternWidth, "the head width \(headWidth), the projections being connected")
      try require(!stored.isStatic, "stored.isStatic", true, "false, the projections being connected")
      try require(!projection.isStatic, "projection.isStatic", true, "false, the projections being connected")
      try require(
        projection.width == stored.width, "projection.width", projection.width,
        "\(stored.width), that of the stored patterns, being connected"
      )
    }
    try require(
      !projection.isStatic || projection.width == patternWidth, "projection.width", projection.width,
      "the pattern width \(patternWidth), being static")
    try require(
      projectsOutput || outputWidth == heads * patternWidth, "outputWidth", outputWidth,
      "\(heads * patternWidth), heads times pattern width, without an output projection")
  }
}
