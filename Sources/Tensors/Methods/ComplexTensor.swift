/// Complex numbers as two tensors of one shape and floating point type.
public struct ComplexTensor: Sendable {
  public var real: Tensor
  public var imaginary: Tensor

  /// - Parameter imaginary: by default zeros.
  public init(real: Tensor, imaginary: Tensor? = nil) {
    let imaginary = imaginary ?? Tensor.zeros(real.shape, dtype: real.dtype)
    guard real.shape == imaginary.shape, real.dtype == imaginary.dtype, real.dtype.isFloatingPoint else {
      trap("complex", [real, imaginary], "real and imaginary part must agree in shape and floating point type")
    }
    self.real = real
    self.imaginary = imaginary
  }

  public var shape: Shape { real.shape }
  public var dtype: DType { real.dtype }
  public var rank: Int { real.rank }

  public var conjugate: ComplexTensor { ComplexTensor(real: real, imaginary: -imaginary) }
  /// The magnitude squared.
  public var squaredMagnitude: Tensor { real.square() + imaginary.square() }
  /// The magnitude. It has no derivative at 0.
  public var magnitude: Tensor { squaredMagnitude.sqrt() }
  /// The angle to the positive real axis, in (-π, π].
  public var phase: Tensor { imaginary.atan2(real) }

  public static func + (a: ComplexTensor, b: ComplexTensor) -> ComplexTensor {
    ComplexTensor(real: a.real + b.real, imaginary: a.imaginary + b.imaginary)
  }
  public static func - (a: ComplexTensor, b: ComplexTensor) -> ComplexTensor {
    ComplexTensor(real: a.real - b.real, imaginary: a.imaginary - b.imaginary)
  }
  public static func * (a: ComplexTensor, b: ComplexTensor) -> ComplexTensor {
    ComplexTensor(real: a.real * b.real - a.imaginary * b.imaginary, imaginary: a.real * b.imaginary + a.imaginary * b.real)
  }
  public static func * (a: ComplexTensor, b: Tensor) -> ComplexTensor { ComplexTensor(real: a.real * b, imaginary: a.imaginary * b) }
  public static func * (a: ComplexTensor, b: Double) -> ComplexTensor { ComplexTensor(real: a.real * b, imaginary: a.imaginary * b) }
}

/// Which of a pair of transforms over n points carries the factor that makes them inverse to each other.
public enum FourierScaling: Sendable {
  /// The inverse is divided by n.
  case inverse
  /// Both are divided by the square root of n, which makes them unitary.
  case unitary
  /// The forward transform is divided by n.
  case forward

  fileprivate func factor(_ points: Int, isInverse: Bool) -> Double {
    switch self {
    case .inverse: isInverse ? 1 / Double(points) : 1
    case .unitary: 1 / Double(points).squareRoot()
    case .forward: isInverse ? 1 : 1 / Double(points)
    }
  }
}

// MARK: - Fourier transforms

extension ComplexTensor {
  /// The discrete Fourier transform along the given axes: X[k] = Σ x[j] exp(-2πi jk / n), scaled as asked. Transforms work in float32 or float64.
  public func fft(axes: [Int] = [-1], scaling: FourierScaling = .inverse) -> ComplexTensor { transformed(axes, isInverse: false, scaling) }

  /// The inverse of `fft`.
  public func inverseFft(axes: [Int] = [-1], scaling: FourierScaling = .inverse) -> ComplexTensor {
    transformed(axes, isInverse: true, scaling)
  }

  /// The real numbers of which this is the `realFft`.
  ///
  /// - Parameters:
  ///   - length: how many numbers along the last of `axes`; this tensor holds length / 2 + 1 there.
  ///   - axes: as given to `realFft`.
  public func inverseRealFft(length: Int, axes: [Int] = [-1], scaling: FourierScaling = .inverse) -> Tensor {
    let resolved = real.resolved(axes, "inverse real fft")
    guard let last = resolved.last, shape[last] == length / 2 + 1, length > 0 else {
      trap("inverseRealFft", [real], "\(length) real numbers come from \(length / 2 + 1) complex ones along axis \(axes.last ?? -1)")
    }
    let others = resolved.count == 1 ? self : transformed(Array(resolved.dropLast()), isInverse: true, .forward)
    let pairs = others.movingAxis(last, to: rank - 1).pairs
    let numbers = Tensor.record(InverseRealFourierTransform(extent: length), [pairs])[0].movingAxis(rank - 1, to: last)
    let points = resolved.dropLast().reduce(length) { $0 * shape[$1] }
    return numbers * scaling.factor(points, isInverse: true)
  }

  private func transformed(_ axes: [Int], isInverse: Bool, _ scaling: FourierScaling) -> ComplexTensor {
    let resolved = real.resolved(axes, isInverse ? "inverse fft" : "fft")
    guard !resolved.isEmpty else { return self }
    let order = (0..<rank).filter { !resolved.contains($0) } + resolved
    var back = order
    for (to, from) in order.enumerated() { back[from] = to }
    let operation = FourierTransform(axisCount: resolved.count, isInverse: isInverse)
    let result = ComplexTensor(pairs: Tensor.record(operation, [permuted(order).pairs])[0]).permuted(back)
    let factor = scaling.factor(resolved.reduce(1) { $0 * shape[$1] }, isInverse: isInverse)
    return factor == 1 ? result : result * factor
  }

  fileprivate func permuted(_ permutation: [Int]) -> ComplexTensor {
    ComplexTensor(real: real.transposed(permutation: permutation), imaginary: imaginary.transposed(permutation: permutation))
  }

  fileprivate func movingAxis(_ source: Int, to target: Int) -> ComplexTensor {
    ComplexTensor(real: real.movingAxis(source, to: target), imaginary: imaginary.movingAxis(source, to: target))
  }

  /// Real and imaginary parts side by side along a new last axis, in a type that transforms work in.
  fileprivate var pairs: Tensor {
    let type: DType = dtype == .float64 ? .float64 : .float32
    return Tensor.stack([real.cast(to: type), imaginary.cast(to: type)], axis: -1)
  }

  fileprivate init(pairs: Tensor) { self.init(real: pairs[.ellipsis, 0], imaginary: pairs[.ellipsis, 1]) }
}

extension Tensor {
  /// The discrete Fourier transform of real numbers along the given axes. Along the last of them, of extent n, only the n / 2 + 1 first terms are
  /// given; the others are their mirror image.
  public func realFft(axes: [Int] = [-1], scaling: FourierScaling = .inverse) -> ComplexTensor {
    let resolved = resolved(axes, "real fft")
    guard let last = resolved.last else { trap("realFft", [self], "no axis is given") }
    let type: DType = dtype == .float64 ? .float64 : .float32
    let pairs = Tensor.record(RealFourierTransform(), [cast(to: type).movingAxis(last, to: rank - 1)])[0]
    var result = ComplexTensor(pairs: pairs).movingAxis(rank - 1, to: last)
    if resolved.count > 1 { result = result.fft(axes: Array(resolved.dropLast()), scaling: .inverse) }
    let factor = scaling.factor(resolved.reduce(1) { $0 * shape[$1] }, isInverse: false)
    return factor == 1 ? result : result * factor
  }

  fileprivate func resolved(_ axes: [Int], _ name: String) -> [Int] {
    _ = resolve(axes, name)
    return axes.map { resolve($0, name) }
  }

  /// The axis at `source` moved to `target`, the others keeping their order.
  public func movingAxis(_ source: Int, to target: Int) -> Tensor {
    let (source, target) = (resolve(source, "moving axis"), resolve(target, "moving axis"))
    if source == target { return self }
    var permutation = Array(0..<rank)
    permutation.insert(permutation.remove(at: source), at: target)
    return transposed(permutation: permutation)
  }
}
