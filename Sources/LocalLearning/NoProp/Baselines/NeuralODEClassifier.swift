import Layers
import Tensors

/// A neural ordinary differential equation over the label's embedding, trained by the adjoint method (Chen et al., 2018): the other way to train
/// a continuous-time model without keeping its trajectory.
///
/// dz/dt = r (uhat(z, x, t) - z) from z_0 ~ N(0, I) at t = 0 to t = 1, the limit of the chain trained by back-propagation, with a learned rate r;
/// then a linear readout.
public struct NeuralODEClassifier<Block: TimedDenoisingBlock>: TrainableClassifier {
  public let embedding: LabelEmbedding
  public let block: Block
  /// r, a scalar.
  public let rate: Parameter
  public let readout: ClassReadout
  public let solver: ODESolver
  /// Steps from 0 to 1, and back.
  public let steps: Int

  /// - Throws: `stepCount` for less than one step; `embeddingWidth` or `embeddingRows` where the readout does not fit W.
  public init(
    embedding: LabelEmbedding, block: Block, readout: ClassReadout, solver: ODESolver = .rungeKutta4, steps: Int = 10, rate: Double = 3
  ) throws(NoPropError) {
    guard steps >= 1 else { throw .stepCount(steps) }
    try checkFit(readout, embedding)
    self.embedding = embedding
    self.block = block
    self.readout = readout
    self.solver = solver
    self.steps = steps
    self.rate = Parameter(Tensor(rate, dtype: embedding.weight.dtype))
  }

  /// dz/dt.
  public func field(features: Tensor, state: Tensor, time: Double) -> Tensor {
    let logits = block.logits(features: features, state: state, time: Tensor([time]).cast(to: state.dtype))
    return rate.value * (embedding.mixture(logits) - state)
  }

  /// z at t = 1.
  public func solve(features: Tensor, start: Tensor) -> Tensor {
    solver.integrate([start], from: 0, to: 1, steps: steps) { [field(features: features, state: $0[0], time: $1)] }[0]
  }

  public func lossAndGradients(images: Tensor, labels: Tensor, random: inout RandomStream) -> (loss: Tensor, gradients: [Tensor?]) {
    let start = normals(1, [labels.shape[0], embedding.width], embedding, &random)[0]
    let layers = random.split()
    return lossAndGradients(images: images, labels: labels, start: start, layers: layers)
  }

  /// - Parameters:
  ///   - start: z_0, (B, width).
  ///   - layers: where dropout in the features draws from; both passes draw the same.
  package func lossAndGradients(images: Tensor, labels: Tensor, start: Tensor, layers: RandomStream) -> (loss: Tensor, gradients: [Tensor?])
  {
    withContext(.training, random: layers) {
      let parameters = trainedParameters
      // The values alone: what they were computed from is recorded again when their derivative is needed.
      let features = block.features(of: images)
      evaluate(features, start)
      let end = solve(features: features, start: start)

      // The readout is differentiated as usual; its derivative at z(1) is where the adjoint starts.
      let loss = readout.crossEntropy(end, labels, embedding)
      let atEnd = loss.gradients(withRespectTo: [end] + parameters.map(\.value))
      evaluate([loss] + atEnd)
      let adjoint = adjoint(features: features, end: end, adjointAtEnd: atEnd[0], parameters: parameters)

      let again = withContext(.training, random: layers) { block.features(of: images) }
      let throughFeatures = again.gradients(withRespectTo: parameters.map(\.value), cotangent: adjoint.features)
      let gradients = parameters.indices.map { atEnd[$0 + 1] + adjoint.parameters[$0] + throughFeatures[$0] }
      return (loss, gradients)
    }
  }

  /// Integrates the state z, the adjoint a = dL/dz and the gradients back from t = 1 to t = 0:
  /// da/dt = -a df/dz, d(dL/dtheta)/dt = -a df/dtheta.
  private func adjoint(
    features: Tensor, end: Tensor, adjointAtEnd: Tensor, parameters: [Parameter]
  ) -> (features: Tensor, parameters: [Tensor]) {
    let variables = [features] + parameters.map(\.value)
    let sums = variables.map { Tensor.zeros($0.shape, dtype: $0.dtype) }
    let result = solver.integrate([end, adjointAtEnd] + sums, from: 1, to: 0, steps: steps) { state, time in
      // Partial derivatives: within a step the state itself was computed from the parameters.
      let z = state[0].stopGradient()
      let velocity = field(features: features, state: z, time: time)
      let products = velocity.gradients(withRespectTo: [z] + variables, cotangent: state[1])
      return [velocity] + products.map { -$0 }
    }
    return (result[2], Array(result[3...]))
  }

  public func logits(of images: Tensor, random: inout RandomStream) -> Tensor {
    let start = normals(1, [images.shape[0], embedding.width], embedding, &random)[0]
    let features = block.features(of: images)
    evaluate(features, start)
    return readout.logits(solve(features: features, start: start), embedding)
  }
}
