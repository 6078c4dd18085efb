import Layers
import Tensors
import Testing

@Suite struct ScheduleFixtureTests {
  @Test(arguments: Fixture.schedules.cases) func agreesWithPyTorch(_ test: Fixture.Case) throws {
    let schedule = try #require(Self.schedule(test), "no schedule is mapped to \(test.name)")
    let expected = Fixture.schedules["\(test.name)/rates"].array(of: Double.self)
    for (step, rate) in expected.enumerated() {
      #expect(abs(schedule.rate(at: step) - rate) <= 1e-12, "\(test.name) at step \(step)")
    }
  }

  static func schedule(_ test: Fixture.Case) -> (any LearningRateSchedule)? {
    let options = test.attributes
    func number(_ name: String) -> Double { options[name]!.double! }
    func int(_ name: String) -> Int { options[name]!.int! }
    let base = number("base")
    switch test.name {
    case "step.plain": return StepSchedule(base: base, every: int("every"), factor: number("factor"))
    case "step.milestones": return MultiStepSchedule(base: base, milestones: options["milestones"]!.ints!, factor: number("factor"))
    case "cosine.plain", "cosine.minimum": return CosineSchedule(base: base, steps: int("steps"), minimum: number("minimum"))
    case "cosine.restarts":
      return CosineRestartSchedule(base: base, first: int("first"), growth: int("growth"), minimum: number("minimum"))
    case "warmup.linear": return ConstantSchedule(base).warmedUp(steps: int("steps"), startFactor: number("startFactor"))
    case "warmup.cosine":
      return CosineSchedule(base: base, steps: int("cosineSteps"), minimum: number("minimum"))
        .warmedUp(steps: int("warmupSteps"), startFactor: number("startFactor"))
    case "oneCycle.cosine", "oneCycle.linear":
      return OneCycleSchedule(
        maximum: number("maximum"), steps: int("steps"), risingFraction: number("risingFraction"), startDivisor: number("startDivisor"),
        endDivisor: number("endDivisor"), annealing: OneCycleSchedule.Annealing(rawValue: options["annealing"]!.string!)!)
    case "exponential.plain": return ExponentialSchedule(base: base, factor: number("factor"))
    case "polynomial.linear", "polynomial.square":
      return PolynomialSchedule(base: base, steps: int("steps"), power: number("power"))
    default: return nil
    }
  }

  @Test func schedulesHoldTheirLastRate() {
    #expect(CosineSchedule(base: 1, steps: 4, minimum: 0.5).rate(at: 9) == 0.5)
    #expect(PolynomialSchedule(base: 1, steps: 4, minimum: 0.25).rate(at: 9) == 0.25)
    let restarts = CosineRestartSchedule(base: 1, first: 3)
    #expect(restarts.rate(at: 3_000_001) == restarts.rate(at: 1))
  }
}
