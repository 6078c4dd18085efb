import Datasets
import Tensors

/// How pictures are varied in training.
public enum PictureVariation: String, OptionValue, Codable, CaseIterable {
  case none
  /// Cropped by up to two pixels, one place for a batch, and flipped.
  case shift
  /// Random parts resized to the whole, flipped, brightness and saturation changed: ImageNet's (Cai et al., 2020).
  case resizedCrop = "resized-crop"

  /// Batches of training pictures, normalised; varied one by one where the variation is such.
  func loader(of data: SupernetData, batchSize: Int, seed: Int) -> BatchLoader {
    let batchSize = min(batchSize, data.training.count)
    guard self == .resizedCrop else { return BatchLoader(data.training, batchSize: batchSize, seed: seed, dropsLast: true) }
    let shape = data.imageShape
    var changes: [any Augmentation] = [RandomResizedCrop(height: shape[0], width: shape[1]), HorizontalFlip()]
    // Colours are known of grey and of RGB pictures.
    if shape[2] == 1 || shape[2] == 3 { changes.append(ColorJitter(brightness: 32.0 / 255, saturation: 0.5)) }
    return BatchLoader(
      data.trainingPictures, batchSize: batchSize, seed: seed, dropsLast: true, augmentations: changes, normalization: data.normalization)
  }

  /// What is left to be done to a whole batch.
  func varied(_ images: Tensor, using random: inout SplitMix64) -> Tensor {
    self == .shift ? images.shifted(using: &random) : images
  }
}

extension Tensor {
  /// A batch of pictures with two pixels of padding cropped at one random place for all, and each flipped with a chance of one half.
  fileprivate func shifted(using random: inout SplitMix64) -> Tensor {
    let (height, width) = (shape[1], shape[2])
    let padded = padded([(0, 0), (2, 2), (2, 2), (0, 0)])
    let (row, column) = (random.integer(below: 5), random.integer(below: 5))
    let cropped = padded.slice(axis: 1, from: row, count: height).slice(axis: 2, from: column, count: width)
    let flips = Tensor((0..<shape[0]).map { _ in random.bernoulli(0.5) }).reshaped(to: [shape[0], 1, 1, 1])
    return Tensor.select(flips, cropped.flipped(2), cropped)
  }
}
