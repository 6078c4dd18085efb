/// `value` rounded to a multiple of `divisor` that is at least 0.9 of it: numbers of channels that kernels like.
public func roundedChannels(_ value: Int, divisor: Int = 8) -> Int {
  let nearest = max(divisor, (value + divisor / 2) / divisor * divisor)
  return Double(nearest) >= 0.9 * Double(value) ? nearest : nearest + divisor
}

/// As for whole numbers, after rounding half away from zero.
public func roundedChannels(_ value: Double, divisor: Int = 8) -> Int { roundedChannels(Int(value.rounded()), divisor: divisor) }
