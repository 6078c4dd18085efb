import Tensors
var stream = RandomStream(seed: 1)
let x = Tensor([1.0, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
let w = Tensor.normal([3, 4], key: stream.next())
let y = (x.matmul(w) + 1).relu()
print(y)
let (v, g) = valueAndGradient(at: w) { w in (x.matmul(w).tanh().square()).sum() }
print(PlanSummary(of: v, g))
print(v.scalar(), g)
print(x.softmax(), x[0, .ellipsis], x[.all, 1...])
var p = w
for _ in 0..<3 {
  let (v, g) = valueAndGradient(at: p) { w in (x.matmul(w).tanh().square()).sum() }
  p = p - g * 0.1
  print(v.scalar())
}
print(EngineStatistics.current)
