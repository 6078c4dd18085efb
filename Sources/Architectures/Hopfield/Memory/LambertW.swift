import Foundation

/// The principal branch of Lambert's function: the w >= -1 with w e^w = z.
///
/// - Parameter z: at least -1 / e.
/// - Returns: NaN for a smaller z.
public func lambertW(_ z: Double) -> Double {
  let branchPoint = -exp(-1.0)
  guard z >= branchPoint else { return .nan }
  guard z != 0, z.isFinite else { return z }
  if z > 1e3 { return lambertW(logarithm: log(z)) }
  // Halley's method, from the series around the branch point or from log(1 + z).
  let distance = (2 * (M_E * z + 1)).squareRoot()
  var w = z < 0 ? -1 + distance - distance * distance / 3 : log1p(z)
  for _ in 0..<100 {
    let e = exp(w)
    let residual = w * e - z
    guard residual != 0, w != -1 else { break }
    let step = residual / (e * (w + 1) - (w + 2) * residual / (2 * w + 2))
    w -= step
    if abs(step) <= 1e-15 * (1 + abs(w)) { break }
  }
  return w
}

/// W_0(e^y), for arguments whose exponential is beyond any floating point number: the w with w + log w = y.
public func lambertW(logarithm y: Double) -> Double {
  if y < 1 { return lambertW(exp(y)) }
  var w = max(y - log(max(y, 1)), 0.5)
  for _ in 0..<100 {
    let step = (w + log(w) - y) / (1 + 1 / w)
    w -= step
    if abs(step) <= 1e-15 * w { break }
  }
  return w
}
