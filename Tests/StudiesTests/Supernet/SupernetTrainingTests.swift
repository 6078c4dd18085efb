import Foundation
import Layers
import Search
import Studies
import Tensors
import Testing
import Training

@Suite("Training of supernets")
struct SupernetTrainingTests {
  /// One step at a rate that no weight survives.
  private struct Spike: LearningRateSchedule {
    let step: Int
    func rate(at step: Int) -> Double { step == self.step ? 1e38 : 0.02 }
  }

  private func training(in directory: URL) throws -> SupernetTraining<BigNASOptions> {
    let options = try BigNASStudy.options(
      .quick, ["trainingExamples=96", "validationExamples=40", "testExamples=40", "batchSize=32", "calibrationImages=64"])
    return SupernetTraining(setup: try SupernetSetup(options, StudyRun(directory: directory)), seed: 1)
  }

  private func train(_ training: SupernetTraining<BigNASOptions>, spike: Int) throws -> (Supernet, SupernetOutcome) {
    let supernet = training.supernet()
    let rule = try SandwichRule()
    let space = supernet.space
    let outcome = try training.train(
      "spiked", supernet, optimizer: training.optimizer(supernet), epochs: 7, schedule: Spike(step: spike), judges: [space.minimum],
      judgements: 2
    ) { random, _ in rule.step(space, using: &random) }
    return (supernet, outcome)
  }

  @Test func `a training that loses its weights goes back and goes on`() throws {
    try withTemporaryDirectory { directory in
      var training = try training(in: directory)
      training.guardInterval = 3
      let (supernet, outcome) = try train(training, spike: 13)
      #expect(outcome.rollbacks == 1)
      #expect(supernet.parameters.allSatisfy { $0.value.array(of: Float.self).allSatisfy(\.isFinite) })
      let accuracy = try #require(outcome.validationAccuracy)
      #expect((0...100).contains(accuracy))
      let names = try FileManager.default.contentsOfDirectory(atPath: directory.appendingPathComponent("trainings").path)
      #expect(Set(names) == ["spiked-seed-1-best.safetensors", "spiked-seed-1-last.safetensors"])
      let last = try SafetensorsFile(reading: directory.appendingPathComponent("trainings/spiked-seed-1-last.safetensors")).tensors()
      for named in supernet.namedParameters {
        #expect(last[named.name]?.array(of: Float.self) == named.parameter.value.array(of: Float.self), "\(named.name)")
      }
    }
  }

  @Test func `without the guard it ends, and says at which step`() throws {
    try withTemporaryDirectory { directory in
      var training = try training(in: directory)
      training.guardInterval = nil
      let error = #expect(throws: Diverged.self) { _ = try train(training, spike: 13) }
      #expect(error?.step == 13 || error?.step == 14)
    }
  }
}
