import Tensors

/// A random matrix with orthonormal rows, or orthonormal columns where it has more rows than columns.
func orthogonalMatrix(_ rows: Int, _ columns: Int, random: inout RandomStream, dtype: DType) -> Tensor {
  let isTall = rows > columns
  var x = Tensor.normal([max(rows, columns), min(rows, columns)], key: random.next(), dtype: .float64)
  x = x / x.norm()
  for _ in 0..<60 { x = x * 1.5 - x.matmul(x.transposed().matmul(x)) * 0.5 }
  return (isTall ? x : x.transposed()).cast(to: dtype)
}
