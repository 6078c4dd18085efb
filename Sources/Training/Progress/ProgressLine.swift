/// The words of one moment of a run.
struct ProgressLine {
  /// "block 3/10 epoch 2/5".
  private let path: String
  /// Of the outermost phase; nil where its end is not known.
  private let fraction: Double?
  /// "0:12 left", "0:45 in all".
  private let time: String
  private let rate: String?
  private let metrics: [String]

  init(_ state: ProgressDisplay.State, now: Double, isOver: Bool) {
    path = state.phases.filter { !$0.title.isEmpty }.map { phase in
      guard let total = phase.total else { return phase.title }
      // The unit being worked on, unless the phase has just ended.
      let current = isOver ? phase.done : min(phase.done + 1, Double(total))
      return "\(phase.title) \(Int(current))/\(total)"
    }.joined(separator: " ")
    fraction = Self.fraction(state.phases[...], \.done)
    let outermost = state.phases[0]
    let elapsed = now - outermost.began
    if isOver {
      time = "\(ProgressText.duration(elapsed)) in all"
    } else if let fraction {
      let start = outermost.total.map { outermost.doneAtStart / Double(max($0, 1)) } ?? 0
      let gained = fraction - start
      time = gained > 0 ? "\(ProgressText.duration(elapsed * (1 - fraction) / gained)) left" : "\(ProgressText.duration(elapsed)) so far"
    } else {
      time = "\(ProgressText.duration(elapsed)) so far"
    }
    rate = state.rate.map { "\(ProgressText.amount($0)) \(state.itemName ?? "items")/s" }
    metrics = state.phases.flatMap(\.metrics).map { "\($0.name) \(ProgressText.metric($0.value))" }
  }

  private static func fraction(_ phases: ArraySlice<ProgressDisplay.Phase>, _ done: (ProgressDisplay.Phase) -> Double) -> Double? {
    guard let phase = phases.first else { return 0 }
    guard let total = phase.total else { return nil }
    guard total > 0 else { return 1 }
    let inside = phases.count > 1 ? fraction(phases.dropFirst(), done) ?? 0 : 0
    return min((done(phase) + inside) / Double(total), 1)
  }

  private var percentage: String? { fraction.map { "\(Int(($0 * 100).rounded(.down)))%" } }

  /// Without a bar, for a file or a pipe.
  var plain: String {
    ([path, percentage, time, rate].compactMap { $0 } + metrics).joined(separator: ", ")
  }

  /// With a bar, in one line of a terminal. What matters least goes first where the line is narrow: metrics from the last on, throughput, the bar, the time.
  func fitted(to console: Console) -> String {
    // The last column stays free: some terminals wrap when it is written.
    let width = max(console.width - 1, 1)
    var optional = metrics
    var rate = rate
    var time: String? = time
    var barWidth = fraction == nil ? 0 : 24
    func words() -> [String] { [path, percentage, time, rate].compactMap { $0 } + optional }
    func count() -> Int { words().reduce(0) { $0 + $1.count + 2 } - 2 + (barWidth > 0 ? barWidth + 1 : 0) }
    if count() > width, barWidth > 0 { barWidth = max(10, barWidth - (count() - width)) }
    while count() > width, optional.count > 1 { optional.removeLast() }
    if count() > width { rate = nil }
    if count() > width { barWidth = 0 }
    while count() > width, !optional.isEmpty { optional.removeLast() }
    if count() > width { time = nil }

    var line = path
    if let fraction, let percentage {
      line += "  "
      if barWidth > 0 {
        let bar = ProgressText.bar(fraction, width: barWidth, usesUnicode: console.usesUnicode)
        line += (console.usesColor ? "\u{1B}[36m\(bar)\u{1B}[0m" : bar) + " "
      }
      line += percentage
    }
    for word in [time, rate].compactMap({ $0 }) + optional { line += "  " + word }
    return count() > width ? String(line.prefix(width)) : line
  }
}
