import Foundation
import Studies
import Testing

@Suite("Options of a study")
struct StudyOptionsTests {
  typealias Options = SlopeStudy.Options

  @Test func textsBecomeValues() throws {
    let options = try SlopeStudy.options(.quick, ["steps=7", "learningRate = 0.25", "noise=normal", "points=16", "widths=1, 3,4"])
    #expect(options.steps == 7)
    #expect(options.learningRate == 0.25)
    #expect(options.points == 16)
    #expect(options.widths == [1, 3, 4])
  }

  @Test func laterAssignmentsWin() throws { #expect(try SlopeStudy.options(.quick, ["steps=7", "steps=8"]).steps == 8) }

  @Test func presetsDiffer() throws { #expect(try SlopeStudy.options(.paper, []).steps == 500) }

  @Test(arguments: [
    ("steps=0", "option steps = 0: expected a whole number from 1 to 10000"),
    ("steps=2.5", "option steps = 2.5: expected a whole number from 1 to 10000"),
    ("steps=", "option steps = : expected a whole number from 1 to 10000"),
    ("learningRate=nan", "option learningRate = nan: expected a number from 0 to 1"),
    ("learningRate=1.5", "option learningRate = 1.5: expected a number from 0 to 1"),
    ("noise=loud", "option noise = loud: expected none or normal"),
    ("points=17", "option points = 17: expected 16, 64 or 256"),
    ("widths=1,9", "option widths = 1,9: expected a whole number from 1 to 4, or several between commas"),
    ("widths=", "option widths = : expected a whole number from 1 to 4, or several between commas"),
    ("isInterrupted=maybe", "option isInterrupted = maybe: expected true or false"),
    ("noise=none", "option seeds = 2: expected 1 where noise is none; without noise all seeds agree"),
    ("steps", "option --set = steps: expected name=value, as in steps=..."),
    ("=3", "option --set = =3: expected name=value, as in steps=..."),
  ])
  func mistakesAreNamed(assignment: String, message: String) {
    #expect(performing: { try SlopeStudy.options(.quick, [assignment]) }, throws: { "\($0)" == message })
  }

  @Test(arguments: [("step", "steps"), ("setps", "steps"), ("learningrate", "learningRate"), ("wid", "widths")])
  func mistypedNamesAreFound(typed: String, meant: String) {
    #expect(performing: { try SlopeStudy.options(.quick, ["\(typed)=1"]) }, throws: { "\($0)".hasSuffix("did you mean \(meant)?") })
  }

  @Test func strangeNamesListTheFields() {
    #expect(
      performing: { try SlopeStudy.options(.quick, ["zebra=1"]) },
      throws: { "\($0)" == "unknown option \"zebra\": expected steps, learningRate, noise, points, seeds, widths or isInterrupted" })
  }

  @Test func valuesFromElsewhereAreCheckedToo() {
    var options = Options()
    options.learningRate = -1
    #expect(throws: OptionError.self) { try options.check() }
  }

  @Test func everyFieldReadsWhatItWrites() throws {
    let options = Options()
    var copy = Options()
    for field in Options.fields {
      var text = field.name
      text += "=" + field.text(options)
      try copy.apply([text])
    }
    #expect(copy == options)
  }

  @Test func unknownSystemsSuggestTheNearest() {
    #expect(
      performing: { try Studies.study("slop", among: [SlopeStudy.self]) },
      throws: { "\($0)" == "unknown system \"slop\": did you mean slope?" })
    #expect(
      performing: { try Studies.study("zebra", among: [SlopeStudy.self]) },
      throws: { "\($0)" == "unknown system \"zebra\": apus systems lists those there are" })
  }

  @Test func everySystemIsWellFormed() throws {
    let slugs = Studies.all.map { $0.card.slug }
    #expect(slugs == slugs.sorted(), "the registry is in the order of the slugs")
    #expect(Set(slugs).count == slugs.count)
    for study in Studies.all { try checkOptions(of: study) }
  }

  private func checkOptions<S: Study>(of study: S.Type) throws {
    let names = S.Options.fields.map(\.name)
    #expect(Set(names).count == names.count, "\(study.card.slug): each option has a name of its own")
    for preset in Preset.allCases {
      let options = study.options(preset)
      #expect(throws: Never.self, "\(study.card.slug), \(preset.rawValue): the preset keeps to its own ranges") { try options.check() }
      // Every stored property that is saved can be set.
      let saved = try #require(try JSONSerialization.jsonObject(with: JSONEncoder().encode(options)) as? [String: Any])
      let undeclared = Set(saved.keys).subtracting(names)
      #expect(undeclared.isEmpty, "\(study.card.slug): options that no field declares")
    }
  }
}
