import Tensors

/// -mean_i sum_c q_ic log softmax(z_i / T)_c with q = softmax(teacher / T), through which nothing flows back.
///
/// - Parameters:
///   - logits: (batch, classes).
///   - teacher: (batch, classes), logits.
public func softCrossEntropy(_ logits: Tensor, teacher: Tensor, temperature: Double = 1) -> Tensor {
  let targets = (teacher.stopGradient() / temperature).softmax()
  return -(targets * (logits / temperature).logSoftmax()).sum(axes: [-1]).mean()
}

/// The mean entropy of softmax(logits / T): what a soft cross entropy cannot fall below. The difference is the KL divergence.
public func meanEntropy(_ logits: Tensor, temperature: Double = 1) -> Tensor {
  let logarithms = (logits / temperature).logSoftmax()
  return -(logarithms.exp() * logarithms).sum(axes: [-1]).mean()
}
