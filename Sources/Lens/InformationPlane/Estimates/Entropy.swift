import Foundation

/// H of counts in bits, log2(n) - (1/n) sum c log2 c, with a sum that loses nothing to rounding (Neumaier, 1974).
func entropy(ofCounts counts: some Sequence<Int>) -> Double {
  var (sum, lost, total) = (0.0, 0.0, 0)
  for count in counts where count > 0 {
    total += count
    let term = count == 1 ? 0 : Double(count) * log2(Double(count))
    let next = sum + term
    lost += abs(sum) >= abs(term) ? (sum - next) + term : (term - next) + sum
    sum = next
  }
  return total == 0 ? 0 : log2(Double(total)) - (sum + lost) / Double(total)
}

/// I(X;T) and I(T;Y) of one layer, in bits.
public struct LayerInformation: Sendable, Hashable, Codable {
  public var aboutInput: Double
  public var aboutLabel: Double

  public init(aboutInput: Double, aboutLabel: Double) {
    self.aboutInput = aboutInput
    self.aboutLabel = aboutLabel
  }
}
