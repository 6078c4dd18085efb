import Foundation

/// lambda by epoch: how the activation between two convolutions of a pair goes from ReLU (0) to the identity (1)
/// (Chen, Wang, Guo and Tao, 2023, section 3.2).
public struct SlopeSchedule: Sendable, Hashable, Codable {
  public enum Form: String, Sendable, Hashable, Codable, CaseIterable {
    /// min(1, e / D).
    case linear
    /// (1 - cos(pi e / D)) / 2.
    case cosine
  }

  /// D, the epochs of the way; 0 and less begin at its end.
  public var decayEpochs: Int
  public var form: Form

  public init(decayEpochs: Int, form: Form = .linear) {
    self.decayEpochs = decayEpochs
    self.form = form
  }

  /// lambda for all steps of an epoch, counted from 0.
  public func slope(epoch: Int) -> Double {
    guard decayEpochs > 0, epoch < decayEpochs else { return 1 }
    let share = Double(max(epoch, 0)) / Double(decayEpochs)
    return switch form {
    case .linear: share
    case .cosine: (1 - cos(.pi * share)) / 2
    }
  }
}
