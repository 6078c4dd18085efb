extension ConvexADMM {
  /// How u is updated.
  public enum Update: Sendable, Hashable {
    /// Exactly, through factors of a d x d and an n x n matrix.
    case woodbury
    /// Exactly, through the factor of the 2Pd x 2Pd matrix, as in the paper.
    case cholesky
    /// Approximately, by random block coordinate descent.
    case blockCoordinate(BlockCoordinateDescent)
  }

  public struct Settings: Sendable, Hashable {
    public var update: Update
    /// rho, above 0; where it adapts, to begin with.
    public var penalty: Double
    /// gamma_a / rho; 1 is the plain method.
    public var dualStep: Double
    /// Over-relaxation, 1 to 1.9; 1 is the plain method.
    public var relaxation: Double
    /// Whether rho follows the residuals.
    public var adaptsPenalty: Bool
    /// Whether, for the squared loss, G is scaled so that the largest eigenvalue of G_iᵀG_i is 400: the best of four tried on
    /// problems of 3, 65 and 785 features.
    public var scalesConstraints: Bool
    public var maximumIterations: Int
    /// Ends when max(||u - v||, ||G u - s||) by the largest element, and the dual residual, are below these.
    public var primalTolerance: Double
    public var dualTolerance: Double
    /// Residuals are looked at every so many iterations.
    public var checkInterval: Int
    /// Of block coordinate descent.
    public var seed: Int

    public init(
      update: Update = .woodbury, penalty: Double = 0.1, dualStep: Double = 1, relaxation: Double = 1.6, adaptsPenalty: Bool = true,
      scalesConstraints: Bool = true, maximumIterations: Int = 4000,
      primalTolerance: Double = 1e-7, dualTolerance: Double = 1e-7, checkInterval: Int = 50, seed: Int = 0
    ) {
      self.update = update
      self.penalty = penalty
      self.dualStep = dualStep
      self.relaxation = relaxation
      self.adaptsPenalty = adaptsPenalty
      self.scalesConstraints = scalesConstraints
      self.maximumIterations = maximumIterations
      self.primalTolerance = primalTolerance
      self.dualTolerance = dualTolerance
      self.checkInterval = checkInterval
      self.seed = seed
    }

    /// The iterations as published: one penalty, no relaxation, G as it is.
    public static func published(update: Update = .woodbury, penalty: Double, dualStep: Double = 1, maximumIterations: Int = 4000)
      -> Settings
    {
      Settings(
        update: update, penalty: penalty, dualStep: dualStep, relaxation: 1, adaptsPenalty: false, scalesConstraints: false,
        maximumIterations: maximumIterations)
    }
  }
}
