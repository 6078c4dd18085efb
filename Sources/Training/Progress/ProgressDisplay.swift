import Synchronization

/// Shows how far a run is: one line that is written over on a terminal, a plain line every few seconds elsewhere, nothing for work of less than two seconds.
///
/// Phases nest: a phase begun while another runs is a part of the other's current unit. The bar, and the time left, are those of the outermost phase.
/// Metrics are shown as long as the phase runs that gave them; those of a phase without a title belong to the one around it.
///
///     let epochs = progress.phase("epoch", of: 5)
///     for _ in 0..<5 {
///       let batches = progress.phase(of: 100)
///       for _ in 0..<100 { ...; batches.advance(items: 128, metrics: ["loss": loss]) }
///       batches.finish()
///       epochs.advance()
///     }
///     epochs.finish()
public final class ProgressDisplay: Sendable {
  /// Shows nothing.
  public static let silent = ProgressDisplay(console: nil)

  private let console: Console?
  private let clock: @Sendable () -> Double
  private let state = Mutex(State())

  /// Seconds of work that are not worth a word.
  private static let quietSeconds = 2.0
  private static let redrawSeconds = 0.1
  /// Between plain lines: at the end of an epoch, and within one.
  private static let milestoneSeconds = 3.0
  private static let plainSeconds = 15.0

  struct Phase {
    let identity: Int
    let title: String
    let total: Int?
    var done: Double
    let began: Double
    let doneAtStart: Double
    let itemName: String?
    var hadParts = false
    var metrics: [(name: String, value: Double)] = []

    mutating func show(_ metric: (name: String, value: Double)) {
      if let known = metrics.firstIndex(where: { $0.name == metric.name }) {
        metrics[known].value = metric.value
      } else {
        metrics.append(metric)
      }
    }
  }

  struct State {
    var phases: [Phase] = []
    var nextIdentity = 0
    var items = 0.0
    var rate: Double?
    var rateTime = 0.0
    var lastDrawn = -Double.infinity
    var lastPlain = -Double.infinity
    var wasShown = false

    var itemName: String? { phases.last { $0.itemName != nil }?.itemName }

    mutating func begin(_ phase: Phase, now: Double) {
      phases.append(phase)
      if phase.itemName != nil { forgetRate(now: now) }
    }

    mutating func endPhases(from index: Int, now: Double) {
      let ended = phases[index...]
      phases.removeSubrange(index...)
      if ended.contains(where: { $0.itemName != nil }) { forgetRate(now: now) }
    }

    private mutating func forgetRate(now: Double) {
      rate = nil
      items = 0
      rateTime = now
    }
  }

  /// - Parameter console: nil shows nothing.
  public convenience init(console: Console? = .standardError) {
    let start = ContinuousClock.now
    self.init(console: console) { (ContinuousClock.now - start) / .seconds(1) }
  }

  /// - Parameter clock: gives seconds since some moment.
  package init(console: Console?, clock: @escaping @Sendable () -> Double) {
    self.console = console
    self.clock = clock
  }

  /// Begins a phase inside the one that runs.
  /// - Parameters:
  ///   - title: one of its units: "epoch", "block". Without one, the phase is the finer progress of the phase around it: it moves the bar only.
  ///   - total: its units; nil where nobody knows.
  ///   - done: units that were done earlier, in a run that continues.
  ///   - itemName: what `items` of `advance` counts: "images".
  public func phase(_ title: String = "", of total: Int? = nil, done: Int = 0, itemName: String? = nil) -> ProgressPhase {
    guard console != nil else { return ProgressPhase(display: self, identity: -1) }
    let now = clock()
    let identity = state.withLock { state in
      if let outer = state.phases.indices.last {
        state.phases[outer].hadParts = true
      } else {
        let next = state.nextIdentity
        state = State()
        state.nextIdentity = next
        state.lastPlain = now
        state.rateTime = now
      }
      state.nextIdentity += 1
      state.begin(
        Phase(
          identity: state.nextIdentity, title: title, total: total, done: Double(done), began: now, doneAtStart: Double(done),
          itemName: itemName), now: now)
      return state.nextIdentity
    }
    return ProgressPhase(display: self, identity: identity)
  }

  fileprivate func advance(_ identity: Int, by count: Int, items: Int, metrics: [(name: String, value: Double)]) {
    update(identity) { state, index, now in
      // What ran inside is over when the unit around it is.
      state.endPhases(from: index + 1, now: now)
      state.phases[index].done += Double(count)
      state.items += Double(items)
      let owner = state.phases[...index].lastIndex { !$0.title.isEmpty } ?? index
      for metric in metrics { state.phases[owner].show(metric) }
      return state.phases[index].hadParts
    }
  }

  fileprivate func finish(_ identity: Int) {
    guard let console else { return }
    let now = clock()
    let last: String? = state.withLock { state in
      guard let index = state.phases.firstIndex(where: { $0.identity == identity }) else { return nil }
      guard index == 0 else {
        state.endPhases(from: index, now: now)
        return nil
      }
      state.endPhases(from: 1, now: now)
      let line = ProgressLine(state, now: now, isOver: true)
      let isWorthWords = state.wasShown || now - state.phases[0].began >= Self.quietSeconds
      state.phases = []
      guard isWorthWords else { return nil }
      return console.isTerminal ? line.fitted(to: console) : line.plain
    }
    console.setBottomLine("")
    if let last { console.print(last) }
  }

  /// Changes the state by `change`, which says whether a unit with parts came to its end, and shows it where that is due.
  private func update(_ identity: Int, _ change: (inout State, _ index: Int, _ now: Double) -> Bool) {
    guard let console else { return }
    let now = clock()
    enum Showing { case bottom(ProgressLine), line(String) }
    let showing: Showing? = state.withLock { state in
      guard let index = state.phases.firstIndex(where: { $0.identity == identity }) else { return nil }
      let isMilestone = change(&state, index, now)
      guard now - state.phases[0].began >= Self.quietSeconds else { return nil }
      if now - state.rateTime >= 1, state.items > 0 {
        let rate = state.items / (now - state.rateTime)
        state.rate = state.rate.map { 0.7 * $0 + 0.3 * rate } ?? rate
        state.items = 0
        state.rateTime = now
      }
      if console.isTerminal {
        guard now - state.lastDrawn >= Self.redrawSeconds else { return nil }
        state.lastDrawn = now
        state.wasShown = true
        return .bottom(ProgressLine(state, now: now, isOver: false))
      }
      guard now - state.lastPlain >= (isMilestone ? Self.milestoneSeconds : Self.plainSeconds) else { return nil }
      state.lastPlain = now
      state.wasShown = true
      return .line(ProgressLine(state, now: now, isOver: false).plain)
    }
    switch showing {
    case .bottom(let line): console.setBottomLine(line.fitted(to: console))
    case .line(let text): console.print(text)
    case nil: break
    }
  }
}

/// A part of a run that is being shown.
public struct ProgressPhase: Sendable {
  fileprivate let display: ProgressDisplay
  fileprivate let identity: Int

  /// Counts units as done.
  /// - Parameters:
  ///   - items: things worked on meanwhile, for the throughput.
  ///   - metrics: shown from now on and as long as the phase runs, by name.
  public func advance(by count: Int = 1, items: Int = 0, metrics: KeyValuePairs<String, Double> = [:]) {
    display.advance(identity, by: count, items: items, metrics: metrics.map { ($0.key, $0.value) })
  }

  /// Counts units as done.
  public func advance(by count: Int = 1, items: Int = 0, metrics: [(name: String, value: Double)]) {
    display.advance(identity, by: count, items: items, metrics: metrics)
  }

  /// Ends the phase and those inside it. The end of the outermost one leaves a last line.
  public func finish() { display.finish(identity) }
}
