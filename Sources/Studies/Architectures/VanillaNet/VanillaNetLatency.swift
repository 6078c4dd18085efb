import Architectures
import Layers
import Tensors

/// Times of inferences, taken in turn so that whatever else the machine does falls on all alike.
struct VanillaNetLatency {
  /// Rounds of which the median is taken.
  let runs: Int

  /// The median in milliseconds of one inference of each network on a batch of noise.
  /// - Parameter shape: (batch, height, width, channels).
  func milliseconds(_ networks: [any Layer], shape: [Int]) -> [Double] {
    var random = RandomStream(seed: 1)
    let images = Tensor.normal(Shape(shape), key: random.next())
    evaluate([images] + networks.flatMap { $0.namedParameters.map(\.parameter.value) })
    let clock = ContinuousClock()
    func once(_ network: any Layer) -> Double {
      clock.measure { evaluate(withContext(.inference) { network(images) }) } / .milliseconds(1)
    }
    for network in networks { for _ in 0..<3 { _ = once(network) } }
    var times = [[Double]](repeating: [], count: networks.count)
    for _ in 0..<runs {
      for (index, network) in networks.enumerated() { times[index].append(once(network)) }
    }
    return times.map { $0.sorted()[$0.count / 2] }
  }

  /// Networks of equally many multiply-adds and other depths: chains of 1 x 1 convolutions of one width on maps of 10 x 10.
  func milliseconds(depths: [Int], multiplyAdds: Int, batch: Int) throws -> [Double] {
    let networks = try depths.map { depth -> any Layer in
      func configuration(_ width: Int) -> VanillaNetConfiguration {
        VanillaNetConfiguration(
          widths: Array(repeating: width, count: depth - 1), strides: Array(repeating: 1, count: depth - 2), stemKernel: 2, seriesTerms: 1,
          layout: .shallow)
      }
      func distance(_ width: Int) throws -> Int { abs(try configuration(width).deployedMultiplyAdds(height: 20, width: 20) - multiplyAdds) }
      let width = try (1...512).min { try distance($0) < distance($1) }!
      var random = RandomStream(seed: depth)
      return try VanillaNet(configuration(width), random: &random).deployed()
    }
    return milliseconds(networks, shape: [batch, 20, 20, 3])
  }
}

extension VanillaNetConfiguration {
  fileprivate init(widths: [Int], strides: [Int], stemKernel: Int, seriesTerms: Int, layout: Layout) {
    self.init(classes: 10, widths: widths, strides: strides, stemKernel: stemKernel, seriesTerms: seriesTerms, layout: layout)
  }
}
