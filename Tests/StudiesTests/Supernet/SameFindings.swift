import CommandLineSupport
import Foundation
import Testing

/// Compares what two runs found, but for times, and for what follows from times.
func expectSameFindings(_ one: ApusProcess, _ other: ApusProcess) throws {
  func parts(_ process: ApusProcess) throws -> (metrics: [String: Any], claims: [[String: Any]]) {
    let document = try #require(process.document as? [String: Any], "\(process.errors)")
    let metrics = try #require(document["metrics"] as? [String: Any]).filter { !$0.key.contains("latency") }
    let claims = try #require(document["claims"] as? [[String: Any]]).filter { !("\($0["id"] ?? "")".hasSuffix("faster")) }
    return (metrics, claims)
  }
  let (first, second) = (try parts(one), try parts(other))
  #expect(first.metrics.count > 5 && first.metrics.count == second.metrics.count)
  for (name, metric) in first.metrics { #expect((metric as? NSObject) == (second.metrics[name] as? NSObject), "\(name)") }
  #expect(!first.claims.isEmpty && NSArray(array: first.claims) == NSArray(array: second.claims))
}
