/// Plans by structure. Their number is bounded, because supernets make a new structure every step; those used longest ago go first.
struct PlanCache {
  static let capacity = 512

  private struct Entry {
    let words: ContiguousArray<UInt64>
    let plan: Plan
    var lastUse: UInt64
  }

  private var entries: [UInt64: [Entry]] = [:]
  private var count = 0

  /// The plan of the structure that `words` describe, used now.
  mutating func plan(hash: UInt64, words: ContiguousArray<UInt64>, at epoch: UInt64) -> Plan? {
    guard let bucket = entries.index(forKey: hash), let position = entries.values[bucket].firstIndex(where: { $0.words == words }) else {
      return nil
    }
    entries.values[bucket][position].lastUse = epoch
    return entries.values[bucket][position].plan
  }

  mutating func insert(_ plan: Plan, hash: UInt64, words: ContiguousArray<UInt64>, at epoch: UInt64) {
    if count >= Self.capacity { evict() }
    entries[hash, default: []].append(Entry(words: words, plan: plan, lastUse: epoch))
    count += 1
  }

  /// Half at once, so that the search for the oldest costs little a plan.
  private mutating func evict() {
    let uses = entries.values.joined().map(\.lastUse).sorted()
    let oldestKept = uses[uses.count / 2]
    entries = entries.compactMapValues { bucket in
      let kept = bucket.filter { $0.lastUse >= oldestKept }
      return kept.isEmpty ? nil : kept
    }
    count = entries.values.reduce(0) { $0 + $1.count }
  }
}
