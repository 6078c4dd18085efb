/// The product of a cotangent with the Jacobian of `value`: for each variable, the sum over the elements of `value` of the cotangent times their
/// derivative. One reverse pass.
public func vectorJacobianProduct(of value: Tensor, variables: [Tensor], cotangent: Tensor) -> [Tensor] {
  value.gradients(withRespectTo: variables, cotangent: cotangent)
}

/// The derivative of `value` in the direction `tangents` of the space of `variables`: a Jacobian-vector product, by two reverse passes.
///
/// The product of a cotangent with the Jacobian is linear in the cotangent; differentiating that once more, along the tangents, gives the
/// product from the other side.
/// - Parameter tangents: one a variable, of its shape.
/// - Returns: a tensor of the value's shape.
public func jacobianVectorProduct(of value: Tensor, variables: [Tensor], tangents: [Tensor]) -> Tensor {
  requireVectors("jacobianVectorProduct", variables, tangents)
  let cotangent = Tensor.zeros(value.shape, dtype: value.dtype).asVariable()
  let products = value.gradients(withRespectTo: variables, cotangent: cotangent)
  let along = innerProduct(products, tangents, dtype: value.dtype)
  return along.gradients(withRespectTo: [cotangent])[0]
}

/// The product of the matrix of second derivatives of a scalar with a vector, without the matrix: the derivative of the gradient's inner product with the
/// vector (Pearlmutter, 1994).
///
/// - Parameter vectors: one a variable, of its shape; together they are the vector.
/// - Returns: one tensor a variable.
public func hessianVectorProduct(of value: Tensor, variables: [Tensor], vectors: [Tensor]) -> [Tensor] {
  requireVectors("hessianVectorProduct", variables, vectors)
  let along = innerProduct(value.gradients(withRespectTo: variables), vectors.map { $0.stopGradient() }, dtype: value.dtype)
  return along.gradients(withRespectTo: variables)
}

/// All derivatives of `value` with respect to one variable: (value's axes..., variable's axes...). One reverse pass an element of `value`, so meant for
/// small ones.
public func jacobian(of value: Tensor, withRespectTo variable: Tensor) -> Tensor {
  let shape = Shape(value.shape.dimensions + variable.shape.dimensions)
  guard shape.elementCount > 0 else { return Tensor.zeros(shape, dtype: variable.dtype) }
  let flat = value.flattened()
  let rows = (0..<value.elementCount).map { flat[$0].gradients(withRespectTo: [variable])[0] }
  return Tensor.stack(rows).reshaped(to: shape)
}

/// The matrix of second derivatives of a scalar with respect to one variable: (variable's axes..., variable's axes...).
public func hessian(of value: Tensor, withRespectTo variable: Tensor) -> Tensor {
  jacobian(of: value.gradients(withRespectTo: [variable])[0], withRespectTo: variable)
}

private func requireVectors(_ name: String, _ variables: [Tensor], _ vectors: [Tensor]) {
  guard variables.count == vectors.count, zip(variables, vectors).allSatisfy({ $0.shape == $1.shape }) else {
    trap(name, variables + vectors, "one vector a variable is needed, of its shape")
  }
}

private func innerProduct(_ left: [Tensor], _ right: [Tensor], dtype: DType) -> Tensor {
  zip(left, right).reduce(Tensor(0, dtype: dtype)) { $0 + ($1.0 * $1.1).sum().cast(to: dtype) }
}
