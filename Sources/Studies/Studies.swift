/// Every system of this project.
public enum Studies {
  /// One line a system, in the order of their slugs.
  public static let all: [any Study.Type] = [
    BigNASStudy.self, ConvexReLUStudy.self, DeepONetStudy.self, HopfieldStudy.self, InformationPlaneStudy.self, SheafStudy.self,
    NoPropStudy.self, OnceForAllStudy.self,
    VanillaNetStudy.self,
  ]

  /// The study of the system called `slug`; throws ``UnknownSystem``, with the nearest slug, when there is none.
  public static func study(_ slug: String, among studies: [any Study.Type] = all) throws -> any Study.Type {
    for study in studies where study.card.slug == slug { return study }
    throw UnknownSystem(slug: slug, suggestion: suggestion(for: slug, among: studies.map { $0.card.slug }))
  }
}
