import Testing
import Training

@Suite("Claims")
struct ClaimTests {
  private func holds(_ measured: Measurement, _ relation: Relation, _ baseline: Measurement, margin: Double? = nil) -> Bool {
    Claim("c", "c", measured: measured, relation, baseline: baseline, margin: margin).holds
  }

  @Test func thresholdsCompareMeans() {
    #expect(holds(90, .atLeast, 90))
    #expect(!holds(89.9, .atLeast, 90))
    #expect(holds(89.9, .atLeast, 90, margin: -0.2))
    #expect(!holds(91, .atLeast, 90, margin: 2))
    #expect(holds(3, .atMost, 3))
    #expect(!holds(3, .atMost, 3, margin: 0.5))
    #expect(holds(2, .atMost, 3, margin: 1))
    #expect(holds(1.05, .within, 1, margin: 0.06))
    #expect(!holds(0.9, .within, 1, margin: 0.06))
  }

  @Test func ratiosScaleTheBaseline() {
    #expect(holds(25, .atMostTimes, 100, margin: 0.25))
    #expect(!holds(25.1, .atMostTimes, 100, margin: 0.25))
    #expect(holds(200, .atLeastTimes, 100, margin: 2))
    #expect(holds(100, .atLeastTimes, 100))
  }

  @Test func oneSeedDecidesByItsValue() {
    #expect(holds(1.01, .above, 1))
    #expect(!holds(1, .above, 1))
    #expect(holds(0.99, .below, 1))
  }

  @Test func severalSeedsMustStandOutOfTheNoise() {
    // Differences 1, 2, 3: mean 2, standard error 1 / sqrt 3 = 0.577.
    #expect(holds([2, 4, 6], .above, [1, 2, 3]))
    #expect(!holds([2, 4, 6], .above, [1, 2, 3], margin: 0.9))
    // Differences -1, 1, 3: mean 1, standard error 1.155.
    #expect(!holds([0, 3, 6], .above, [1, 2, 3]))
    #expect(holds([1, 2, 3], .below, [2, 4, 6]))
  }

  @Test func unequalNumbersOfSeedsAddTheirErrors() {
    // Standard errors 0.5 and 0.577: together 0.764.
    #expect(!holds([3, 4], .above, [1, 2, 3], margin: 0))
    #expect(holds([3.6, 3.6], .above, [1, 2, 3]))
  }

  @Test func whatIsNoNumberHoldsNothing() {
    for relation in Relation.allCases {
      #expect(!holds(Measurement(Double.nan), relation, 1), "\(relation)")
      #expect(!holds(1, relation, Measurement(Double.nan)), "\(relation)")
    }
  }

  @Test func measurementsKnowTheirError() {
    let measurement: Measurement = [1, 2, 3]
    #expect(measurement.mean == 2)
    #expect(measurement.standardDeviation == 1)
    #expect(abs(measurement.standardError! - 0.577_350_269) < 1e-8)
    #expect(Measurement(1).standardError == nil)
  }
}

extension Training.Measurement: ExpressibleByArrayLiteral {
  public init(arrayLiteral elements: Double...) { self.init(elements) }
}
