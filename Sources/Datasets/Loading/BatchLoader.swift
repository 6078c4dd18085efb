import Tensors

/// Cuts a data set into batches: order, conversion to float32, augmentation, normalisation, mixing.
///
/// A batch is a function of the loader and its position alone. Equal loaders give equal batches whatever the number of threads, however far
/// ahead they are prepared, and wherever a run was interrupted.
///
///     let loader = BatchLoader(training, batchSize: 64, seed: 7, augmentations: [RandomCrop(padding: 4), HorizontalFlip()])
///     for batch in loader.batches(epochs: 10) { ... }
public struct BatchLoader: Sendable {
  /// The order of the samples of an epoch.
  public enum Order: String, Codable, Sendable, CaseIterable {
    /// As they stand in the data set.
    case sequential
    /// Each once, in an order of its own every epoch.
    case shuffled
    /// As many as there are, drawn with replacement so that every class is as likely; for sets whose classes differ much in size.
    case balanced
  }

  public let dataset: Dataset
  public let batchSize: Int
  public let seed: Int
  public let order: Order
  /// Whether a last batch with fewer samples is left out.
  public let dropsLast: Bool
  /// Applied to each image in turn.
  public let augmentations: [any Augmentation]
  /// Applied to the features after augmentation.
  public let normalization: Normalization?
  /// Applied to whole batches at the end.
  public let mixing: BatchMixing?
  /// Batches prepared ahead in the background; 0 prepares each when it is asked for.
  public let prefetch: Int
  /// Threads that prepare batches.
  public let workers: Int

  /// - Parameters:
  ///   - batchSize: at least 1.
  ///   - augmentations: need images, that is features of (height, width, channels).
  ///   - mixing: needs class labels.
  public init(
    _ dataset: Dataset, batchSize: Int, seed: Int, order: Order = .shuffled, dropsLast: Bool = false,
    augmentations: [any Augmentation] = [],
    normalization: Normalization? = nil, mixing: BatchMixing? = nil, prefetch: Int = 2, workers: Int = 1
  ) {
    precondition(batchSize >= 1, "BatchLoader: the batch size \(batchSize) must be at least 1")
    precondition(prefetch >= 0 && workers >= 1, "BatchLoader: prefetch \(prefetch) must be at least 0, workers \(workers) at least 1")
    precondition(
      augmentations.isEmpty || dataset.features.rank == 4,
      "BatchLoader: augmentation needs features of (samples, height, width, channels), found \(dataset.features.shape)")
    precondition(
      mixing == nil || dataset.classCount > 0, "BatchLoader: mixing needs class labels, which \"\(dataset.name)\" does not have")
    precondition(
      order != .balanced || dataset.classCount > 0,
      "BatchLoader: a balanced order needs class labels, which \"\(dataset.name)\" does not have")
    self.dataset = dataset
    self.batchSize = batchSize
    self.seed = seed
    self.order = order
    self.dropsLast = dropsLast
    self.augmentations = augmentations
    self.normalization = normalization
    self.mixing = mixing
    self.prefetch = prefetch
    self.workers = workers
  }

  /// Batches of one epoch.
  public var batchesPerEpoch: Int { dropsLast ? dataset.count / batchSize : (dataset.count + batchSize - 1) / batchSize }

  /// The batches from `start` up to the end of the epoch `epochs - 1`, prepared in the background.
  public func batches(from start: BatchPosition = BatchPosition(), epochs: Int) -> BatchSequence {
    BatchSequence(loader: self, start: normalized(start), end: BatchPosition(epoch: epochs))
  }

  /// The batches of one epoch, from one of them on.
  public func batches(ofEpoch epoch: Int, from batch: Int = 0) -> BatchSequence {
    BatchSequence(
      loader: self, start: normalized(BatchPosition(epoch: epoch, batch: batch)), end: BatchPosition(epoch: epoch + 1))
  }

  /// The batch at a position, prepared by the caller's thread.
  public func batch(at position: BatchPosition) -> Batch { batch(at: position, order: sampleOrder(ofEpoch: position.epoch)) }

  /// A position beyond the last batch of an epoch is the beginning of the next.
  private func normalized(_ position: BatchPosition) -> BatchPosition {
    position.batch < batchesPerEpoch || batchesPerEpoch == 0 ? position : BatchPosition(epoch: position.epoch + 1)
  }

  func position(after position: BatchPosition) -> BatchPosition {
    normalized(BatchPosition(epoch: position.epoch, batch: position.batch + 1))
  }

  /// The samples of an epoch in the order in which they are used.
  public func sampleOrder(ofEpoch epoch: Int) -> [Int] {
    var random = SplitMix64(seed: seed, Purpose.order, epoch)
    switch order {
    case .sequential: return Array(0..<dataset.count)
    case .shuffled: return random.permutation(dataset.count)
    case .balanced:
      var members = [[Int]](repeating: [], count: dataset.classCount)
      for (index, label) in dataset.classLabels.enumerated() { members[label].append(index) }
      members.removeAll(where: \.isEmpty)
      return (0..<dataset.count).map { _ in
        let ofClass = members[random.integer(below: members.count)]
        return ofClass[random.integer(below: ofClass.count)]
      }
    }
  }

  func batch(at position: BatchPosition, order: [Int]) -> Batch {
    precondition(position.batch < batchesPerEpoch, "BatchLoader: there is no batch \(position.batch) among \(batchesPerEpoch)")
    let indices = Array(order[position.batch * batchSize..<min((position.batch + 1) * batchSize, order.count)])
    var features = prepared(indices, epoch: position.epoch)
    var targets: Tensor?
    if let mixing {
      let labels = dataset.labels!.rows(indices).array(of: Int.self)
      var random = SplitMix64(seed: seed, Purpose.mixing, position.epoch, position.batch)
      (features, targets) = mixing.mixed(features, labels: labels, classCount: dataset.classCount, random: &random)
    }
    var columns: [String: Tensor] = [:]
    for name in dataset.columnNames where name != Dataset.Name.features && name != Dataset.Name.labels {
      if let tensor = dataset.tensor(named: name) { columns[name] = tensor.rows(indices) }
    }
    return Batch(
      features: features, labels: dataset.labels?.rows(indices), targets: targets, columns: columns, indices: indices, position: position,
      next: self.position(after: position))
  }

  /// Keeps the streams of random numbers for different ends apart.
  private enum Purpose {
    static let order = 1
    static let augmentation = 2
    static let mixing = 3
  }

  // MARK: - Features

  private func prepared(_ indices: [Int], epoch: Int) -> Tensor {
    let features = dataset.features
    let isConverted = features.dtype == .uint8 && features.rank == 4 || features.dtype.isFloatingPoint || features.dtype == .bool
    guard isConverted else {
      precondition(normalization == nil, "BatchLoader: \(features.dtype) features are not normalised; cast them to float32 first")
      return features.rows(indices)
    }
    guard augmentations.isEmpty else { return augmented(indices, epoch: epoch) }
    let rowCount = dataset.featureShape.elementCount
    return Tensor(shape: Shape([indices.count] + dataset.featureShape), dtype: .float32) { target in
      let target = target.bindMemory(to: Float.self)
      for (row, index) in indices.enumerated() {
        let part = UnsafeMutableBufferPointer(rebasing: target[row * rowCount..<(row + 1) * rowCount])
        features.readRow(index, into: part)
        normalization?.apply(to: part)
      }
    }
  }

  private func augmented(_ indices: [Int], epoch: Int) -> Tensor {
    let features = dataset.features
    let shape = dataset.featureShape
    var size = (height: shape[0], width: shape[1])
    for augmentation in augmentations { size = augmentation.outputSize(for: size) }
    let rowCount = size.height * size.width * shape[2]
    return Tensor(shape: [indices.count, size.height, size.width, shape[2]], dtype: .float32) { target in
      let target = target.bindMemory(to: Float.self)
      var image = ImageBuffer(height: shape[0], width: shape[1], channels: shape[2])
      for (row, index) in indices.enumerated() {
        image.resize(height: shape[0], width: shape[1])
        image.values.withUnsafeMutableBufferPointer { features.readRow(index, into: $0) }
        var random = SplitMix64(seed: seed, Purpose.augmentation, epoch, index)
        for augmentation in augmentations { augmentation.apply(to: &image, random: &random) }
        precondition(
          image.height == size.height && image.width == size.width,
          "BatchLoader: an augmentation made an image of \(image.height) x \(image.width), announced were \(size.height) x \(size.width)")
        let part = UnsafeMutableBufferPointer(rebasing: target[row * rowCount..<(row + 1) * rowCount])
        _ = part.update(from: image.values)
        normalization?.apply(to: part)
      }
    }
  }
}

extension Tensor {
  /// Reads one row as float32; uint8 images are scaled to [0, 1].
  func readRow(_ index: Int, into target: UnsafeMutableBufferPointer<Float>) {
    let offset = index * target.count
    withBytes { bytes in
      switch dtype {
      case .uint8:
        let source = bytes.bindMemory(to: UInt8.self)
        if rank == 4 {
          for position in 0..<target.count { target[position] = Float(source[offset + position]) * (1 / 255) }
        } else {
          for position in 0..<target.count { target[position] = Float(source[offset + position]) }
        }
      case .float32:
        let source = bytes.bindMemory(to: Float.self)
        for position in 0..<target.count { target[position] = source[offset + position] }
      case .float64:
        let source = bytes.bindMemory(to: Double.self)
        for position in 0..<target.count { target[position] = Float(source[offset + position]) }
      case .bfloat16:
        let source = bytes.bindMemory(to: UInt16.self)
        for position in 0..<target.count { target[position] = Float(bitPattern: UInt32(source[offset + position]) << 16) }
      case .int32:
        let source = bytes.bindMemory(to: Int32.self)
        for position in 0..<target.count { target[position] = Float(source[offset + position]) }
      case .int64:
        let source = bytes.bindMemory(to: Int64.self)
        for position in 0..<target.count { target[position] = Float(source[offset + position]) }
      case .bool:
        let source = bytes.bindMemory(to: UInt8.self)
        for position in 0..<target.count { target[position] = source[offset + position] == 0 ? 0 : 1 }
      }
    }
  }
}
