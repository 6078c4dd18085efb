/// What can be set about a comparison.
public struct ComparisonOptions: StudyOptions {
  public var systems: [String] = []
  public var seeds = 1
  public var trainingExamples = 2000
  public var testExamples = 1000
  public var pooling = 2
  public var epochs = 4
  public var batchSize = 32

  public static let fields: [Field] = [
    Field("systems", \.systems, "what is compared", allowed: "systems that classify pictures, between commas") { _ in true },
    Field("seeds", \.seeds, "repetitions with other examples, initial weights and orders", in: 1...100),
    Field("trainingExamples", \.trainingExamples, "images to learn from, at most", in: 10...10_000_000),
    Field("testExamples", \.testExamples, "images to judge by, at most", in: 10...10_000_000),
    Field("pooling", \.pooling, "pixels a side whose mean becomes one pixel", in: 1...16),
    Field("epochs", \.epochs, "passes over the training images that every method may make", in: 1...100_000),
    Field("batchSize", \.batchSize, "images a step", in: 2...100_000),
  ]

  public func validate() throws(OptionError) {
    let known = Studies.comparable.map { $0.card.slug }
    guard !systems.isEmpty else { throw OptionError(field: "systems", value: "", expected: "at least one of \(choiceText(known))") }
    guard Set(systems).count == systems.count else {
      throw OptionError(field: "systems", value: systems.optionText, expected: "each at most once")
    }
    for system in systems where !known.contains(system) {
      let near = suggestion(for: system, among: known).map { "did you mean \($0)?" } ?? ""
      throw OptionError(field: "systems", value: system, expected: choiceText(known), advice: near)
    }
  }
}
