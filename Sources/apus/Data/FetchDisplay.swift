import Datasets
import Training

/// How far a download is, file by file, in megabytes.
final class FetchDisplay {
  private let display = ProgressDisplay()
  private var phase: ProgressPhase?
  private var file = ""
  private var shown = 0
  private var bytes = 0

  func show(_ progress: DatasetFetcher.Progress) {
    if progress.file != file {
      finish()
      file = progress.file
      shown = progress.received >> 20
      bytes = progress.received
      phase = display.phase(
        "\(progress.file) MiB", of: progress.total.map { max(($0 + (1 << 20) - 1) >> 20, 1) }, done: shown, itemName: "B")
    }
    let received = progress.received >> 20
    guard received >= shown, progress.received >= bytes else { return }
    phase?.advance(by: received - shown, items: progress.received - bytes)
    shown = received
    bytes = progress.received
  }

  func finish() {
    phase?.finish()
    phase = nil
    file = ""
  }
}
