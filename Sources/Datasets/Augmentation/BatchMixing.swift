import Tensors

/// Mixes every sample of a batch with another of the same batch, and their targets in the same proportion.
public enum BatchMixing: Codable, Hashable, Sendable {
  /// lambda x + (1 - lambda) x', lambda ~ Beta(alpha, alpha) (Zhang et al., 2018).
  case mixup(alpha: Float)
  /// A rectangle of x' in x; lambda ~ Beta(alpha, alpha) is the share that stays (Yun et al., 2019). Needs images.
  case cutMix(alpha: Float)

  /// - Parameters:
  ///   - features: float32 (samples, ...).
  ///   - labels: class numbers, one a sample.
  /// - Returns: the mixed features, and targets of (samples, classes) whose rows add up to 1.
  public func mixed(
    _ features: Tensor, labels: [Int], classCount: Int, random: inout SplitMix64
  ) -> (features: Tensor, targets: Tensor) {
    let count = labels.count
    let partners = random.permutation(count)
    var share: Float
    let rowCount = features.elementCount / max(count, 1)
    let result: Tensor
    switch self {
    case .mixup(let alpha):
      share = random.beta(alpha, alpha)
      let kept = share
      result = features.withBytes { bytes in
        let source = bytes.bindMemory(to: Float.self)
        return Tensor(shape: features.shape, dtype: .float32) { target in
          let target = target.bindMemory(to: Float.self)
          for row in 0..<count {
            let (own, other) = (row * rowCount, partners[row] * rowCount)
            for position in 0..<rowCount { target[own + position] = kept * source[own + position] + (1 - kept) * source[other + position] }
          }
        }
      }
    case .cutMix(let alpha):
      precondition(features.rank == 4, "BatchMixing.cutMix: needs images of (samples, height, width, channels), found \(features.shape)")
      let (height, width, channels) = (features.shape[1], features.shape[2], features.shape[3])
      let ratio = (1 - random.beta(alpha, alpha)).squareRoot()
      let (row, column) = (random.integer(below: height), random.integer(below: width))
      let (halfHeight, halfWidth) = (Int(ratio * Float(height)) / 2, Int(ratio * Float(width)) / 2)
      let rows = max(row - halfHeight, 0)..<min(row + halfHeight, height)
      let columns = max(column - halfWidth, 0)..<min(column + halfWidth, width)
      // The rectangle may stick out of the image; what is left of it counts.
      share = 1 - Float(rows.count * columns.count) / Float(height * width)
      result = features.withBytes { bytes in
        let source = bytes.bindMemory(to: Float.self)
        return Tensor(shape: features.shape, dtype: .float32) { target in
          let target = target.bindMemory(to: Float.self)
          _ = target.update(from: source)
          for sample in 0..<count {
            for row in rows {
              let start = (row * width + columns.lowerBound) * channels
              for position in start..<start + columns.count * channels {
                target[sample * rowCount + position] = source[partners[sample] * rowCount + position]
              }
            }
          }
        }
      }
    }
    var targets = [Float](repeating: 0, count: count * classCount)
    for row in 0..<count {
      targets[row * classCount + labels[row]] += share
      targets[row * classCount + labels[partners[row]]] += 1 - share
    }
    return (result, Tensor(targets, shape: [count, classCount]))
  }
}
