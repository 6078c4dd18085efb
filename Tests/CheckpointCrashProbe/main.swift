// A process for tests to stop or kill. Its first argument says what it does, its second is a directory.
import Foundation
import Tensors
import Training

/// Says a line at once.
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

let arguments = CommandLine.arguments
guard arguments.count == 3 else { fatalError("usage: checkpoint-crash-probe save|signal DIRECTORY") }
let directory = URL(fileURLWithPath: arguments[2])

switch arguments[1] {
case "save":
  // Goes on from the newest checkpoint and writes one after the other. Every element equals the step.
  let store = try CheckpointStore(directory: directory, options: ["probe": 1])
  var step = try store.newest([Int].self)?.checkpoint.step ?? 0
  say("ready")
  while true {
    step += 1
    let weights = Tensor([Float](repeating: Float(step), count: 20_000), shape: [100, 200])
    try store.save(Checkpoint(step: step, tensors: ["weights": weights], state: [step, step]), isBest: step % 3 == 0)
  }
case "signal":
  // Says that it saw the first signal, and goes on all the same.
  Interruption.install(announces: false)
  say("ready")
  var isSeen = false
  while true {
    usleep(1000)
    if let signal = Interruption.signal, !isSeen {
      isSeen = true
      say("signal \(signal)")
    }
  }
default:
  fatalError("checkpoint-crash-probe: unknown task \(arguments[1])")
}
