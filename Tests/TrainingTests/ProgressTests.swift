import Testing
import Training

@Suite struct ProgressTests {
  /// Five epochs of four batches, a batch every `seconds`.
  private func run(_ console: Console, seconds: Double, done: Int = 0) {
    let clock = ManualClock()
    let display = ProgressDisplay(console: console) { clock.now }
    let epochs = display.phase("epoch", of: 5, done: done, itemName: "images")
    for epoch in done..<5 {
      let batches = display.phase(of: 4)
      for batch in 0..<4 {
        clock.now += seconds
        batches.advance(items: 32, metrics: ["loss": 1 / Double(epoch * 4 + batch + 1)])
      }
      batches.finish()
      epochs.advance(metrics: ["accuracy": 0.5 + Double(epoch) / 10])
    }
    epochs.finish()
  }

  @Test func shortWorkIsSilent() {
    for isTerminal in [true, false] {
      let capture = ConsoleCapture()
      run(capture.console(isTerminal: isTerminal), seconds: 0.05)
      #expect(capture.text.isEmpty)
    }
  }

  @Test func plainLinesComeAtTheEndsOfEpochs() {
    let capture = ConsoleCapture()
    run(capture.console(isTerminal: false), seconds: 1)
    let lines = capture.text.split(separator: "\n")
    #expect(lines.count == 6)
    #expect(lines[0] == "epoch 2/5, 20%, 0:16 left, 32.0 images/s, loss 0.25, accuracy 0.5")
    #expect(lines[3] == "epoch 5/5, 80%, 0:04 left, 32.0 images/s, loss 0.0625, accuracy 0.8")
    #expect(lines[5] == "epoch 5/5, 100%, 0:20 in all, 32.0 images/s, loss 0.05, accuracy 0.9")
    #expect(!capture.text.contains("\u{1B}"))
  }

  @Test func plainLinesAreFew() {
    let capture = ConsoleCapture()
    run(capture.console(isTerminal: false), seconds: 0.2)
    // Four seconds in all: one line after three, and the last.
    #expect(capture.text.split(separator: "\n").count == 2)
  }

  @Test func aTerminalShowsOneLineOverAndOver() {
    let capture = ConsoleCapture()
    run(capture.console(isTerminal: true, width: 100), seconds: 1)
    let states = capture.text.split(separator: "\r\u{1B}[K")
    #expect(capture.text.filter { $0 == "\n" }.count == 1)
    #expect(states.first == "epoch 1/5  ██▍░░░░░░░░░░░░░░░░░░░░░ 10%  0:18 left  32.0 images/s  loss 0.5")
    #expect(states.allSatisfy { $0.filter { $0 != "\n" }.count < 100 })
    #expect(states.last == "epoch 5/5  ████████████████████████ 100%  0:20 in all  32.0 images/s  loss 0.05  accuracy 0.9\n")
  }

  @Test func narrowTerminalsAreNotOverrun() {
    for width in [10, 20, 30, 40, 50, 60, 70, 80, 200] {
      let capture = ConsoleCapture()
      run(capture.console(isTerminal: true, width: width), seconds: 1)
      for state in capture.text.split(separator: "\r\u{1B}[K") {
        #expect(state.filter { $0 != "\n" }.count < width)
        #expect(state.hasPrefix("epoch"))
      }
    }
  }

  @Test func withoutUnicodeTheBarIsASCIIAndColourIsOptional() {
    let plain = ConsoleCapture()
    run(plain.console(isTerminal: true, usesUnicode: false), seconds: 1)
    #expect(plain.text.allSatisfy { $0.isASCII })
    #expect(plain.text.contains("##......"))
    #expect(!plain.text.contains("\u{1B}[36m"))
    let coloured = ConsoleCapture()
    run(coloured.console(isTerminal: true, usesColor: true), seconds: 1)
    #expect(coloured.text.contains("\u{1B}[36m"))
  }

  @Test func aRunThatContinuesCountsItsOwnTime() {
    let capture = ConsoleCapture()
    run(capture.console(isTerminal: false), seconds: 1, done: 3)
    // Two of five epochs are left, of which one took four seconds.
    #expect(capture.text.hasPrefix("epoch 5/5, 80%, 0:04 left"))
  }

  @Test func nestedPhasesNameTheirWay() {
    let capture = ConsoleCapture()
    let clock = ManualClock()
    let display = ProgressDisplay(console: capture.console(isTerminal: true, width: 120)) { clock.now }
    let blocks = display.phase("block", of: 10)
    blocks.advance(by: 2)
    let epochs = display.phase("epoch", of: 5)
    epochs.advance()
    let batches = display.phase("batch", of: 10)
    clock.now = 10
    batches.advance(by: 5)
    // (2 + (1 + 0.5) / 5) / 10 = 23 %, in ten seconds.
    #expect(capture.text.hasPrefix("block 3/10 epoch 2/5 batch 6/10  "))
    #expect(capture.text.hasSuffix("23%  0:33 left"))
    blocks.finish()
    #expect(capture.text.hasSuffix("block 2/10  ████▊░░░░░░░░░░░░░░░░░░░ 20%  0:10 in all\n"))
  }

  @Test func whatIsOverIsNotShown() {
    let capture = ConsoleCapture()
    let clock = ManualClock()
    let display = ProgressDisplay(console: capture.console(isTerminal: false)) { clock.now }
    let networks = display.phase("network", of: 2)
    for name in ["denoising", "loss"] {
      let epochs = display.phase("epoch", of: 2, itemName: "images")
      for _ in 0..<2 {
        clock.now += 20
        let batches = display.phase(of: 1)
        batches.advance(items: 100, metrics: [name: 0.5])
        batches.finish()
        epochs.advance(metrics: ["accuracy": 0.75])
      }
      epochs.finish()
      networks.advance()
    }
    networks.finish()
    let lines = capture.text.split(separator: "\n")
    #expect(
      lines == [
        "network 1/2 epoch 1/2, 25%, 1:00 left, 5.00 images/s, denoising 0.5",
        "network 1/2 epoch 2/2, 50%, 0:40 left, 5.00 images/s, denoising 0.5, accuracy 0.75",
        "network 2/2 epoch 1/2, 75%, 0:20 left, 5.00 images/s, loss 0.5",
        "network 2/2 epoch 2/2, 100%, 0:00 left, 5.00 images/s, loss 0.5, accuracy 0.75",
        "network 2/2, 100%, 1:20 in all",
      ])
  }

  @Test func messagesStandAboveTheBar() {
    let capture = ConsoleCapture()
    let clock = ManualClock()
    let console = capture.console(isTerminal: true)
    let display = ProgressDisplay(console: console) { clock.now }
    let work = display.phase("step", of: 2)
    clock.now = 5
    work.advance()
    let bar = capture.text
    console.print("hello")
    #expect(capture.text == bar + "\r\u{1B}[Khello\n" + bar)
  }

  @Test func amountsAreShort() {
    #expect(ProgressText.duration(7.4) == "0:07")
    #expect(ProgressText.duration(754) == "12:34")
    #expect(ProgressText.duration(11_100) == "3:05:00")
    #expect(ProgressText.duration(.infinity) == "?")
    #expect(ProgressText.amount(12_345) == "12.3k")
    #expect(ProgressText.amount(999.9) == "1.00k")
    #expect(ProgressText.amount(3) == "3.00")
    #expect(ProgressText.metric(12) == "12")
    #expect(ProgressText.metric(.nan) == "nan")
    #expect(ProgressText.metric(0.000012345) == "1.234e-05")
    #expect(ProgressText.bar(0.5, width: 3, usesUnicode: true) == "█▌░")
  }
}
