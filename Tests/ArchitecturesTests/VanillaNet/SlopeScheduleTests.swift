import Architectures
import Testing

@Suite("VanillaNet: lambda by epoch") struct SlopeScheduleTests {
  @Test func linear() {
    let schedule = SlopeSchedule(decayEpochs: 4)
    #expect((0..<6).map(schedule.slope) == [0, 0.25, 0.5, 0.75, 1, 1])
  }

  @Test func cosine() {
    let schedule = SlopeSchedule(decayEpochs: 4, form: .cosine)
    let slopes = (0..<6).map(schedule.slope)
    #expect(slopes[0] == 0 && abs(slopes[2] - 0.5) < 1e-15 && slopes[4] == 1 && slopes[5] == 1)
    #expect(abs(slopes[1] - 0.146_446_609_406_726_24) < 1e-15)
  }

  @Test(arguments: [0, -3]) func `no decay begins at the identity`(decay: Int) {
    #expect(SlopeSchedule(decayEpochs: decay).slope(epoch: 0) == 1)
  }
}
