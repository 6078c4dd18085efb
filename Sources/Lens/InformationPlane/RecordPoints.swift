import Foundation

/// Epochs at which a training is looked at: densely first, then ever more rarely.
public enum RecordPoints {
  /// unique(floor(2^linspace(0, log2 E, count))) - 1: from 0 to E - 1.
  public static func logarithmic(epochs: Int, count: Int) -> [Int] {
    precondition(epochs >= 1 && count >= 1, "RecordPoints: \(count) of \(epochs) epochs, expected at least 1 of both")
    guard count > 1 else { return [epochs - 1] }
    let top = log2(Double(epochs))
    let points = (0..<count).map { index in
      index == count - 1 ? epochs - 1 : Int(exp2(top * Double(index) / Double(count - 1)) + 1e-9) - 1
    }
    return Array(Set(points)).sorted()
  }
}
