import Architectures
import Layers
import Tensors
import Testing

@Suite("DeepONet: the network") struct DeepONetNetworkTests {
  private static func data(_ rows: Int, _ sensors: Int, _ dimension: Int, seed: Int = 1) -> (u: Tensor, y: Tensor) {
    var random = RandomStream(seed: seed)
    let u = Tensor.normal([rows, sensors], key: random.next(), dtype: .float64)
    let y = Tensor.uniform([rows, dimension], key: random.next(), dtype: .float64)
    evaluate(u, y)
    return (u, y)
  }

  private static func network(
    _ form: DeepONet.Form, outputs: Int = 1, hasBias: Bool = true, transform: QueryTransform = .none
  ) throws -> DeepONet {
    var random = RandomStream(seed: 2)
    let network = try DeepONet(
      .init(
        sensors: 6, queryDimension: 2, branchWidths: [7, 4], trunkWidths: [5, 4], form: form, activation: .tanh, hasBias: hasBias,
        outputs: outputs), queryTransform: transform, random: &random)
    network.convert(to: .float64)
    // Biases away from 0, so that forgetting one would show.
    for parameter in network.parameters where parameter.shape.rank < 2 || form == .stacked {
      parameter.assign(parameter.value + Tensor.normal(parameter.shape, key: random.next(), standardDeviation: 0.3, dtype: .float64))
    }
    network.materialize()
    return network
  }

  @Test(arguments: DeepONet.Form.allCases, [1, 2, 4]) func `rows and grids give the same numbers`(form: DeepONet.Form, outputs: Int) throws
  {
    let network = try Self.network(form, outputs: outputs)
    let (u, y) = Self.data(5, 6, 2)
    let rows = network(u, at: y)
    let grid = network.aligned(u, at: y)
    #expect(rows.shape == [5, outputs] && grid.shape == [5, 5, outputs])
    for row in 0..<5 { #expect(largestDifference(rows[row], grid[row, row]) < 1e-12) }
    // The branch is worked out once and asked at many places.
    let encoded = network.encoded(u)
    evaluate(encoded.coefficients)
    #expect(largestDifference(encoded.aligned(at: y), grid) < 1e-12 && largestDifference(encoded(at: y), rows) < 1e-12)
  }

  @Test func `by its definition`() throws {
    let network = try Self.network(.unstacked)
    let (u, y) = Self.data(3, 6, 2)
    let (branch, trunk) = (network.branch as! Perceptron, network.trunk as! Perceptron)
    func layer(_ x: [Double], _ dense: Dense, _ isActive: Bool) -> [Double] {
      let weight = dense.weight.value.array(of: Double.self)
      let bias = dense.bias!.value.array(of: Double.self)
      return bias.indices.map { j in
        let sum = x.indices.reduce(bias[j]) { $0 + x[$1] * weight[$1 * bias.count + j] }
        return isActive ? Tensor([sum]).tanh().array(of: Double.self)[0] : sum
      }
    }
    for row in 0..<3 {
      // No activation behind the branch's last layer, one behind the trunk's.
      let b = layer(layer(u[row].array(of: Double.self), branch.layers[0], true), branch.layers[1], false)
      let t = layer(layer(y[row].array(of: Double.self), trunk.layers[0], true), trunk.layers[1], true)
      let expected = zip(b, t).reduce(network.bias!.value.array(of: Double.self)[0]) { $0 + $1.0 * $1.1 }
      #expect(abs(network(u, at: y).array(of: Double.self)[row] - expected) < 1e-10)
    }
  }

  @Test func `each stacked network sees all sensors and no other network`() throws {
    let network = try Self.network(.stacked)
    let branch = network.branch as! StackedPerceptron
    let (u, _) = Self.data(3, 6, 2)
    let whole = branch(u)
    for k in 0..<4 {
      let one = StackedPerceptron(
        weights: branch.weights.map { $0.value[k..<k + 1] }, biases: branch.biases.map { $0.value[k..<k + 1] }, activation: .tanh)
      #expect(largestDifference(one(u), whole[.all, k..<k + 1]) < 1e-12)
    }
  }

  @Test(arguments: DeepONet.Form.allCases, [true, false]) func derivatives(form: DeepONet.Form, hasBias: Bool) throws {
    let network = try Self.network(form, hasBias: hasBias)
    let (u, y) = Self.data(4, 6, 2)
    let target = Self.data(4, 1, 1, seed: 9).u
    func loss() -> Tensor { meanSquaredError(network(u, at: y), targets: target) }
    let gradients = loss().gradients(withRespectTo: network.parameters.map(\.value))
    evaluate(gradients)
    for (parameter, gradient) in zip(network.parameters, gradients) {
      let values = parameter.value.array(of: Double.self)
      let index = values.count / 3
      func value(_ shift: Double) -> Double {
        var moved = values
        moved[index] += shift
        parameter.assign(Tensor(moved, shape: parameter.shape))
        return loss().scalar(as: Double.self)
      }
      let numeric = (value(1e-6) - value(-1e-6)) / 2e-6
      parameter.assign(Tensor(values, shape: parameter.shape))
      #expect(abs(gradient.array(of: Double.self)[index] - numeric) < 1e-6 * max(1, abs(numeric)))
    }
    #expect((network.bias == nil) == !hasBias)
  }

  @Test func `derivatives by place, and values that hold whatever the weights are`() throws {
    var network = try Self.network(.unstacked)
    let (u, y) = Self.data(4, 6, 2)
    let slope = network.derivatives(u, at: y)
    evaluate(slope)
    #expect(slope.shape == [4, 2])
    let h = 1e-6
    let step = Tensor([h, 0])
    let numeric = (network(u, at: y + step) - network(u, at: y - step)) / (2 * h)
    #expect(largestDifference(slope[.all, 0..<1], numeric) < 1e-7)

    network.outputTransform = { queries, values in values * queries[.all, 0..<1] }
    #expect(largestDifference(network(u, at: y * Tensor([0.0, 1])), .zeros([4, 1], dtype: .float64)) == 0)
    let periodic = try Self.network(.unstacked, transform: .periodic(axes: [0], period: 1))
    #expect(largestDifference(periodic(u, at: y), periodic(u, at: y + Tensor([1.0, 0]))) < 1e-9)
    #expect(largestDifference(periodic(u, at: y), periodic(u, at: y + Tensor([0.3, 0]))) > 1e-3)
  }

  @Test func `baselines`() throws {
    var random = RandomStream(seed: 3)
    let (u, y) = Self.data(4, 6, 2)
    let (single, places) = (u.cast(to: .float32), y.cast(to: .float32))
    let plain = ConcatenatingNetwork(sensors: 6, queryDimension: 2, widths: [9, 9], random: &random)
    #expect(plain(single, at: places).shape == [4, 1] && plain.parameterCount == 9 * 9 + 10 * 9 + 10)
    let residual = ConcatenatingNetwork.residual(sensors: 6, queryDimension: 2, width: 8, random: &random)
    #expect(residual(single, at: places).shape == [4, 1])
    for cell in SequenceOperatorNetwork.Cell.allCases {
      let sequence = SequenceOperatorNetwork(sensors: 6, places: 5, cell: cell, random: &random)
      let loss = sequence(single).square().mean()
      let gradients = loss.gradients(withRespectTo: sequence.parameters.map(\.value))
      evaluate(gradients)
      #expect(sequence(single).shape == [4, 5] && gradients.allSatisfy { $0.abs().max().scalar(as: Double.self) > 0 })
    }
  }

  @Test func `networks that do not fit are refused`() throws {
    func refused(_ configuration: DeepONet.Configuration) -> DeepONetError? {
      var random = RandomStream(seed: 1)
      do {
        _ = try DeepONet(configuration, random: &random)
        return nil
      } catch {
        return error
      }
    }
    #expect(refused(.init(sensors: 3, branchWidths: [4, 5], trunkWidths: [4, 6])) == .widths(branch: 5, trunk: 6))
    for configuration: DeepONet.Configuration in [
      .init(sensors: 0), .init(sensors: 3, queryDimension: 0), .init(sensors: 3, branchWidths: []), .init(sensors: 3, trunkWidths: [0]),
      .init(sensors: 3, outputs: 3), .init(sensors: 3, outputs: 0),
    ] {
      #expect(refused(configuration) != nil)
    }
  }

  /// Twenty functions' antiderivatives: the effect in small.
  @Test func `learns the antiderivative better than a plain network`() throws {
    let family = FunctionOperator.ordinary(.antiderivative, try GaussianRandomField(length: 0.5, gridCount: 100), sensors: 20)
    var random = RandomStream(seed: 4)
    let training = try family.triples(200, places: 1, random: &random)
    let test = try family.triples(200, places: 1, random: &random)
    func error(_ network: some OperatorNetwork) -> Double {
      let optimizer = Adam(network.parameters, learningRate: 2e-3)
      for _ in 0..<800 {
        evaluate(optimizer.minimize(meanSquaredError(network(training.functions, at: training.queries), targets: training.values)))
      }
      return meanSquaredError(network(test.functions, at: test.queries), targets: test.values).scalar(as: Double.self)
    }
    let own = error(try DeepONet(.init(sensors: 20), random: &random))
    let plain = error(ConcatenatingNetwork(sensors: 20, queryDimension: 1, random: &random))
    #expect(own < 0.3 * plain, "DeepONet \(own), plain \(plain)")
  }
}
