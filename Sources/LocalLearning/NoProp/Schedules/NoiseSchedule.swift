import Foundation

/// The fixed noising process of discrete-time NoProp: how much of the label's embedding each step holds.
///
/// q(z_t | y) = N(sqrt(abar_t) u_y, (1 - abar_t) I) for t = 0 ... T (NoProp, Eq. 6). Time runs from noise to label: abar grows with t, the other
/// way round than in most diffusion code.
public struct NoiseSchedule: Sendable, Hashable {
  /// abar_t, t = 0 ... T.
  public let alphaBar: [Double]

  /// - Throws: `stepCount` for less than two values, `signalNotIncreasing` unless 0 < abar_0 < abar_1 < ... < 1.
  public init(alphaBar: [Double]) throws(NoPropError) {
    guard alphaBar.count >= 2 else { throw .stepCount(alphaBar.count - 1) }
    var previous = 0.0
    for (step, value) in alphaBar.enumerated() {
      guard value > previous, value < 1 else { throw .signalNotIncreasing(step: step, value: value, previous: previous) }
      previous = value
    }
    self.alphaBar = alphaBar
  }

  /// The cosine schedule of Nichol and Dhariwal (2021), run backwards and kept inside [clip, 1 - clip].
  ///
  /// abar_t = cos^2(((T - t) / T + s) / (1 + s) pi / 2) / cos^2(s / (1 + s) pi / 2). Without the clip SNR(T) would be infinite. The paper says "fixed
  /// cosine" and gives no constants; s and clip are ours.
  public static func cosine(steps: Int, offset: Double = 0.008, clip: Double = 1e-3) throws(NoPropError) -> NoiseSchedule {
    guard steps >= 1 else { throw .stepCount(steps) }
    guard offset >= 0, offset.isFinite else { throw .setting(name: "cosine offset", value: offset, allowed: "at least 0") }
    guard clip > 0, clip < 0.5 else { throw .setting(name: "clip", value: clip, allowed: "above 0, below 0.5") }
    func wave(_ share: Double) -> Double {
      let cosine = cos((share + offset) / (1 + offset) * .pi / 2)
      return cosine * cosine
    }
    return try NoiseSchedule(
      alphaBar: (0...steps).map { t in
        min(max(wave(Double(steps - t) / Double(steps)) / wave(0), clip), 1 - clip)
      })
  }

  /// T, the number of steps and of blocks.
  public var stepCount: Int { alphaBar.count - 1 }

  /// alpha_t = abar_t / abar_{t+1}, t = 0 ..< T: the share of the signal that noising keeps from z_{t+1} to z_t (Eq. 5).
  public func alpha(_ t: Int) -> Double { alphaBar[t] / alphaBar[t + 1] }

  /// SNR(t) = abar_t / (1 - abar_t).
  public func signalToNoise(_ t: Int) -> Double { alphaBar[t] / (1 - alphaBar[t]) }

  /// The step from z_{t-1} to z_t, t = 1 ... T.
  public func posterior(_ t: Int) -> PosteriorStep { PosteriorStep(from: alphaBar[t - 1], to: alphaBar[t]) }
}

/// q(z_t | z_{t-1}, y) = N(a u_y + b z_{t-1}, c I): one denoising step (NoProp, Eq. 3 and appendix A).
public struct PosteriorStep: Sendable, Hashable {
  /// The weight of the (predicted) clean embedding.
  public let a: Double
  /// The weight of the state before.
  public let b: Double
  /// The variance of the noise that is added.
  public let c: Double

  /// - Parameters:
  ///   - earlier: abar_{t-1}.
  ///   - later: abar_t, not smaller.
  public init(from earlier: Double, to later: Double) {
    precondition(
      earlier > 0 && earlier <= later && later < 1, "PosteriorStep: abar goes from \(earlier) to \(later); it must grow inside (0, 1)")
    let alpha = earlier / later
    a = later.squareRoot() * (1 - alpha) / (1 - earlier)
    b = alpha.squareRoot() * (1 - later) / (1 - earlier)
    c = (1 - later) * (1 - alpha) / (1 - earlier)
  }
}
