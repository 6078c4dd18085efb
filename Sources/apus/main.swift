import Tensors
#if canImport(Glibc)
import Glibc
#endif
func now() -> Double { var t = timespec(); clock_gettime(CLOCK_MONOTONIC, &t); return Double(t.tv_sec) * 1e3 + Double(t.tv_nsec) * 1e-6 }
func bench(_ name: String, _ step: () -> Void) {
  for _ in 0..<5 { step() }
  let s0 = EngineStatistics.current
  var times: [Double] = []
  let start = now()
  while now() - start < 2000 && times.count < 100000 { let t = now(); step(); times.append(now() - t) }
  times.sort()
  if CommandLine.arguments.contains("profile") { for k in profileKernels({ for _ in 0..<20 { step() } }).prefix(30) { print(k.kernel, k.count, k.seconds / 20 * 1e3, "ms", Int(k.gigaflopsPerSecond), "GF", Int(k.gigabytesPerSecond), "GB/s") } }
  let s = EngineStatistics.current
  let n = Double(times.count)
  print(name, "median", times[times.count / 2], "min", times[0], "n", times.count, "trace us/step", Double(s.traceNanoseconds - s0.traceNanoseconds) / n / 1e3, "run us/step", Double(s.runNanoseconds - s0.runNanoseconds) / n / 1e3, "nodes/step", Double(s.tracedNodes - s0.tracedNodes) / n, "compiled", s.compiledPlans - s0.compiledPlans, "peakMB", Double(s.lastPeakBytes) / 1e6)
}
nonisolated(unsafe) var stream = RandomStream(seed: 1)
func weights(_ shape: Shape, fan: Int) -> Tensor { let w = Tensor.normal(shape, key: stream.next(), standardDeviation: (2.0 / Double(fan)).squareRoot()); evaluate(w); return w }
final class Model {
  var p: [Tensor] = []
  var m: [Tensor] = []
  var forward: (([Tensor], Tensor) -> Tensor)!
  func step(_ x: Tensor, _ labels: Tensor) {
    let loss = forward(p, x).softmaxCrossEntropy(labels: labels).mean()
    let g = gradients(of: loss, withRespectTo: p)
    var pending: [Tensor] = []
    for i in p.indices {
      let v = m[i] * 0.9 + g[i]
      let w = p[i] - v * 0.1e-2
      m[i] = v; p[i] = w
      pending.append(v); pending.append(w)
    }
    pending.append(loss)
    evaluate(pending)
    _ = loss.scalar(as: Float.self)
  }
  func add(_ shape: Shape, fan: Int) { p.append(weights(shape, fan: fan)); m.append(Tensor.zeros(shape)); }
}
func data(_ shape: Shape, _ classes: Int) -> (Tensor, Tensor) {
  let x = Tensor.normal(shape, key: stream.next())
  let y = Tensor.integers([shape[0]], in: 0..<classes, key: stream.next())
  evaluate(x, y)
  return (x, y)
}
func mlp(_ name: String, _ sizes: [Int], _ batch: Int) {
  let model = Model()
  for i in 0..<(sizes.count - 1) { model.add([sizes[i], sizes[i + 1]], fan: sizes[i]); model.add([sizes[i + 1]], fan: 1000) }
  model.forward = { p, x in
    var h = x
    for i in stride(from: 0, to: p.count, by: 2) { h = h.matmul(p[i]) + p[i + 1]; if i + 2 < p.count { h = h.relu() } }
    return h
  }
  let (x, y) = data([batch, sizes[0]], sizes.last!)
  bench(name) { model.step(x, y) }
}
let only = CommandLine.arguments.count > 1 ? CommandLine.arguments[1] : ""
func want(_ n: String) -> Bool { only == "" || only == n }
if want("mlp-tiny") { mlp("mlp-tiny", [32, 64, 64, 10], 32) }
if want("mlp") { mlp("mlp", [784, 512, 512, 10], 128) }
if want("cnn") {
  let model = Model()
  model.add([32, 3, 3, 1], fan: 9); model.add([32], fan: 1000)
  model.add([64, 3, 3, 32], fan: 288); model.add([64], fan: 1000)
  model.add([3136, 128], fan: 3136); model.add([128], fan: 1000)
  model.add([128, 10], fan: 128); model.add([10], fan: 1000)
  model.forward = { p, x in
    var h = (x.convolution(p[0], padding: [(1, 1), (1, 1)]) + p[1]).relu().maxPooled(window: [2, 2])
    h = (h.convolution(p[2], padding: [(1, 1), (1, 1)]) + p[3]).relu().maxPooled(window: [2, 2])
    h = (h.reshaped(to: [-1, 3136]).matmul(p[4]) + p[5]).relu()
    return h.matmul(p[6]) + p[7]
  }
  let (x, y) = data([128, 28, 28, 1], 10)
  if CommandLine.arguments.count > 2 {
    let loss = model.forward(model.p, x).softmaxCrossEntropy(labels: y).mean()
    print(PlanSummary(of: [loss] + gradients(of: loss, withRespectTo: model.p)))
  }
  bench("cnn") { model.step(x, y) }
}
if want("small-ops") {
  let a = weights([64], fan: 2)
  bench("small-ops") {
    var x = a
    for i in 0..<40 { x = x * 1.01; x = x + a; x = x.tanh(); x = x - x.mean(); x = x.relu(); _ = i }
    evaluate(x)
    _ = x.array(of: Float.self)
  }
}
