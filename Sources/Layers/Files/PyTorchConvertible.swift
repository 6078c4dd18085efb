import Tensors

/// One tensor of a PyTorch file and how it follows from parameters of a layer.
public struct PyTorchTensor {
  /// Its name within the layer: "in_proj_weight".
  public let name: String
  /// Its shape in PyTorch's layout.
  public let shape: Shape
  public let parameters: [Parameter]
  /// From values of the parameters (or derivatives with respect to them) to PyTorch's layout.
  public let exported: ([Tensor]) -> Tensor
  /// From PyTorch's layout to values of the parameters.
  public let imported: (Tensor) -> [Tensor]

  public init(
    _ name: String, shape: Shape, parameters: [Parameter], exported: @escaping ([Tensor]) -> Tensor,
    imported: @escaping (Tensor) -> [Tensor]
  ) {
    self.name = name
    self.shape = shape
    self.parameters = parameters
    self.exported = exported
    self.imported = imported
  }

  /// A parameter whose axes PyTorch orders differently: its axis i is the parameter's axis `permutation[i]`.
  init(_ name: String, _ parameter: Parameter, permutation: [Int]? = nil) {
    let order = permutation ?? Array(0..<parameter.shape.rank)
    let inverse = order.indices.map { order.firstIndex(of: $0)! }
    let isIdentity = order == Array(order.indices)
    self.init(
      name, shape: Shape(order.map { parameter.shape[$0] }), parameters: [parameter],
      exported: { isIdentity ? $0[0] : $0[0].transposed(permutation: order) },
      imported: { [isIdentity ? $0 : $0.transposed(permutation: inverse)] })
  }
}

/// A module whose parameters have other names or layouts in PyTorch.
public protocol PyTorchConvertible: Module {
  /// What the parameters that the module itself holds (not its parts) are in PyTorch.
  var pyTorchTensors: [PyTorchTensor] { get }
  /// For those parts that PyTorch calls otherwise, from the property's name to PyTorch's.
  var torchPartNames: [String: String] { get }
}

extension PyTorchConvertible {
  public var torchPartNames: [String: String] { [:] }
}
