// A process for tests to stop or kill. Its first argument says what it does, its second is a directory.
import Foundation
import Layers
import Tensors
import Training

/// Says a line at once.
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

let arguments = CommandLine.arguments
guard arguments.count == 3 else { fatalError("usage: checkpoint-crash-probe save|signal DIRECTORY") }
var stream = RandomStream(seed: 3)
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
case "train":
  // Trains, going on from where it was stopped; ends with the exit code 4 when it is stopped again.
  Interruption.install(announces: false)
  let model = Dense(inputs: 4, outputs: 2, random: &stream)
  let optimizer = Adam(model.trainableParameters, learningRate: 0.01)
  let loop = TrainingLoop(model: model, optimizer: optimizer, epochs: 3, seed: 5)
  loop.checkpoints = try CheckpointStore(directory: directory, options: ["probe": 2])
  loop.isResuming = true
  do {
    try loop.run(over: CountedSteps(perEpoch: 20)) { _, step in
      say("step \(step.index)")
      usleep(2000)
      var random = step.random
      let error = model(Tensor.normal([8, 4], key: random.next())) - Tensor.normal([8, 2], key: random.next())
      return ["loss": optimizer.minimize((error * error).mean())]
    }
    say("weights \(model.weight.value.array(of: Float.self)) \(optimizer.state["0.first"]?.array(of: Float.self) ?? [])")
  } catch let interrupted as Interrupted {
    say("\(interrupted)")
    exit(4)
  }
default:
  fatalError("checkpoint-crash-probe: unknown task \(arguments[1])")
}
