import Foundation
import Logging
import Tensors
import Testing
import Training

@Suite struct MetricsTests {
  private let logits = Tensor([Float(3), 2, 1, 0, 0, 5, 1, 2, 3], shape: [3, 3])

  @Test func accuracyCountsGreatestValues() {
    #expect(accuracy(logits: logits, labels: Tensor([Int64(0), 1, 2])).scalar() == Float(2) / 3)
    #expect(accuracy(logits: logits, labels: Tensor([Int32(0), 2, 2])).scalar() == 1)
  }

  @Test func topAccuracyCountsTheFirstFew() {
    let labels = Tensor([Int64(1), 0, 0])
    #expect(topAccuracy(1, logits: logits, labels: labels).scalar() == 0)
    // Row 1 has its label second; row 2 in a tie for second; row 3 last.
    #expect(topAccuracy(2, logits: logits, labels: labels).scalar() == Float(2) / 3)
    #expect(topAccuracy(3, logits: logits, labels: labels).scalar() == 1)
  }

  /// Against a computation by sorting, on random scores.
  @Test func topAccuracyAgreesWithSorting() {
    var random = RandomStream(seed: 5)
    let scores = Tensor.normal([50, 10], key: random.next())
    let labels = Tensor.integers([50], in: 0..<10, key: random.next())
    let rows = scores.array(of: Float.self)
    let wanted = labels.array(of: Int.self)
    for k in [1, 3, 10] {
      let hits = (0..<50).count { row in
        let order = (0..<10).sorted { rows[row * 10 + $0] > rows[row * 10 + $1] }
        return order.prefix(k).contains(wanted[row])
      }
      #expect(abs(topAccuracy(k, logits: scores, labels: labels).scalar() - Float(hits) / 50) < 1e-6)
    }
  }

  /// Values by hand: class 0 has TP 2, FP 1, FN 1; class 1 TP 1, FP 1, FN 2; class 2 TP 1, FP 2, FN 1.
  @Test func confusionMatrixScores() {
    let matrix = ConfusionMatrix(classes: ["a", "b", "c"], truth: [0, 0, 0, 1, 1, 1, 2, 2], predictions: [0, 0, 1, 1, 2, 0, 2, 2])
    #expect(matrix.total == 8)
    #expect(matrix.accuracy == 5.0 / 8)
    #expect(matrix.microF1 == 5.0 / 8)
    #expect(matrix.precision(of: 0) == 2.0 / 3)
    #expect(matrix.recall(of: 1) == 1.0 / 3)
    #expect(matrix.f1(of: 1) == 2.0 / 5)
    #expect(abs(matrix.macroF1 - (2.0 / 3 + 0.4 + 0.8) / 3) < 1e-12)
    #expect(abs(matrix.balancedAccuracy - (2.0 / 3 + 1.0 / 3 + 1) / 3) < 1e-12)
    let absent = ConfusionMatrix(classes: ["a", "b"], truth: [0, 0], predictions: [0, 0])
    #expect(absent.f1(of: 1) == 0 && absent.macroF1 == 0.5 && absent.balancedAccuracy == 1)
    #expect((matrix + matrix).total == 16)
    let fromLogits = ConfusionMatrix(classes: ["a", "b", "c"], logits: logits, labels: Tensor([Int64(0), 1, 2]))
    #expect(fromLogits.counts == [[1, 0, 0], [0, 0, 1], [0, 0, 1]])
  }

  @Test func multilabelF1() {
    var f1 = MultilabelF1(labelCount: 2)
    f1.add(predictions: [true, false], labels: [true, true])
    f1.add(predictions: [true, true], labels: [false, true])
    // Label 0: TP 1, FP 1; label 1: TP 1, FN 1.
    #expect(abs(f1.macro - 2.0 / 3) < 1e-12)
    #expect(abs(f1.micro - 2.0 / 3) < 1e-12)
  }

  @Test func areaUnderTheCurve() {
    #expect(areaUnderROC(scores: [0.1, 0.4, 0.35, 0.8], labels: [false, false, true, true]) == 0.75)
    #expect(areaUnderROC(scores: [1, 1, 1, 1], labels: [false, true, false, true]) == 0.5)
    #expect(areaUnderROC(scores: [3, 2, 1], labels: [true, true, false]) == 1)
    #expect(areaUnderROC(scores: [1, 2], labels: [true, true]) == nil)
    // Against counting pairs, with ties.
    var random = RandomStream(seed: 2)
    let scores = Tensor.integers([60], in: 0..<12, key: random.next()).array(of: Double.self)
    let labels = Tensor.bernoulli([60], probability: 0.4, key: random.next()).array(of: Bool.self)
    var wins = 0.0
    var pairs = 0.0
    for i in 0..<60 where labels[i] {
      for j in 0..<60 where !labels[j] {
        pairs += 1
        wins += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0
      }
    }
    #expect(abs(areaUnderROC(scores: scores, labels: labels)! - wins / pairs) < 1e-12)
  }

  @Test func averages() throws {
    var running = RunningAverage()
    #expect(running.mean == nil)
    running.add(1, weight: 3)
    running.add(5)
    #expect(running.mean == 2)
    var exponential = ExponentialAverage(decay: 0.9)
    #expect(exponential.mean == nil)
    exponential.add(4)
    #expect(abs(exponential.mean! - 4) < 1e-12)
    exponential.add(0)
    #expect(abs(exponential.mean! - 4 * 0.09 / 0.19) < 1e-12)
    let data = try JSONEncoder().encode(exponential)
    #expect(try JSONDecoder().decode(ExponentialAverage.self, from: data) == exponential)
  }

  @Test func environmentIsKnown() throws {
    let facts = EnvironmentFacts.current
    #expect(facts.coreCount >= 1 && facts.memoryBytes > 0 && !facts.operatingSystem.isEmpty && facts.version == Apus.version)
    let use = ResourceUse.current
    #expect(use.peakResidentBytes > 1 << 20 && use.processorSeconds > 0)
    let data = try JSONEncoder().encode(facts)
    #expect(try JSONDecoder().decode(EnvironmentFacts.self, from: data) == facts)
  }

  @Test func logMessagesArePlainLines() {
    let capture = ConsoleCapture()
    var logger = Logger(label: "apus") { _ in ConsoleLogHandler(console: capture.console(isTerminal: false)) }
    logger.debug("not shown")
    logger.info("loaded", metadata: ["b": "2", "a": "1"])
    logger[metadataKey: "run"] = "x"
    logger.error("two\nlines")
    #expect(capture.text == "loaded a=1 b=2\nerror: two\\nlines run=x\n")
  }
}
