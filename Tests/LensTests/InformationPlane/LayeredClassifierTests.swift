import Layers
import Lens
import Tensors
import Testing

@Suite struct LayeredClassifierTests {
  @Test func `the networks for MNIST have the layers of the paper's code`() {
    var random = RandomStream(seed: 1)
    let pictures = Tensor.uniform([3, 28, 28, 1], key: random.next())
    let perceptron = LayeredClassifier.perceptron(inputs: 784, classes: 10, random: &random)
    #expect(perceptron.activations(pictures).map { Array($0.shape) } == [[3, 50], [3, 20], [3, 10]])
    #expect(perceptron.parameterCount == 785 * 50 + 51 * 20 + 21 * 10)
    let convolutional = LayeredClassifier.convolutional(height: 28, width: 28, channels: 1, classes: 10, random: &random)
    let layers = convolutional.activations(pictures)
    #expect(layers.map { Array($0.shape) } == [[3, 14 * 14 * 32], [3, 7 * 7 * 64], [3, 1024], [3, 10]])
    #expect(convolutional.parameterCount == 26 * 32 + (25 * 32 + 1) * 64 + (7 * 7 * 64 + 1) * 1024 + 1025 * 10)
    #expect(layers.dropLast().allSatisfy { $0.min().scalar(as: Float.self) >= 0 })
    let difference = layers[3] - convolutional.logits(pictures).softmax()
    #expect(difference.abs().max().scalar(as: Double.self) < 1e-6)
  }

  @Test func `a decoder judged on other examples learns nothing by heart`() {
    var random = RandomStream(seed: 2)
    // Labels have nothing to do with the units.
    let units = Tensor.normal([400, 60], key: random.next())
    let labels = (0..<400).map { $0 * 7919 % 2 }
    let bound = VariationalBound(epochs: 20)
    let (learned, others) = (Array(labels[..<200]), Array(labels[200...]))
    let own = bound.information(units[0..<200], labels: learned, classCount: 2, random: &random)
    let held = bound.information(
      units[0..<200], labels: learned, judgedOn: units[200..<400], judgedLabels: others, classCount: 2, random: &random)
    #expect(own > 0.2 && held < 0.1, "\(own), \(held)")
  }
}
