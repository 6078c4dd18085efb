// A network on handwritten digits, from data to accuracy, with the libraries alone:
//     swift run -c release digits                    digits that Apus draws
//     swift run -c release digits path/to/mnist      a folder of IDX files, CIFAR files, or one folder of pictures a class
import Datasets
import Layers
import Tensors
import Training

@main
enum Digits {
  static func main() throws {
    let data = try Dataset.open(CommandLine.arguments.dropFirst().first ?? "digits").splits(testFraction: 0.2, seed: 1)
    let epochs = 5
    var random = RandomStream(seed: 1)
    let (height, width, channels) = (data.training.featureShape[0], data.training.featureShape[1], data.training.featureShape[2])
    let model = Sequential(
      Convolution(inputs: channels, outputs: 16, kernel: [3, 3], padding: .same, random: &random), Activation(.relu),
      MaxPool(window: [2, 2]),
      Convolution(inputs: 16, outputs: 32, kernel: [3, 3], padding: .same, random: &random), Activation(.relu), MaxPool(window: [2, 2]),
      Flatten(), Dense(inputs: height / 4 * (width / 4) * 32, outputs: 128, random: &random), Activation(.relu), Dropout(0.3),
      Dense(inputs: 128, outputs: data.training.classCount, random: &random))
    let loader = BatchLoader(data.training, batchSize: 128, seed: 1)
    let optimizer = Adam(model.parameters, learningRate: 2e-3)

    let loop = TrainingLoop(model: model, optimizer: optimizer, epochs: epochs, seed: 1)
    loop.schedule = OneCycleSchedule(maximum: 4e-3, steps: epochs * loader.batchesPerEpoch)
    loop.progress = ProgressDisplay()
    let start = ContinuousClock.now
    try loop.run(over: loader) { batch in
      ["loss": optimizer.minimize(crossEntropy(model(batch.features), labels: batch.labels!))]
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)

    var hits = 0.0
    for batch in BatchLoader(data.test, batchSize: 1000, seed: 1, order: .sequential).batches(epochs: 1) {
      hits += accuracy(logits: model(batch.features), labels: batch.labels!).scalar(as: Double.self) * Double(batch.count)
    }
    print("test accuracy \(hits / Double(data.test.count) * 100) % after \(epochs) epochs of \(data.training.count) images in \(seconds) s")
  }
}
