import Foundation
import Lens
import Tensors

/// Informations of a trajectory under one way of binning: by recorded epoch, layer and network.
struct InformationPlaneEstimates {
  let epochs: [Int]
  /// Where the edges came from.
  let edges: String
  let values: [[[LayerInformation]]]
  /// The share of units with |t| > 0.9, in percent: by recorded epoch, layer and network.
  let saturation: [[[Double]]]

  enum Binning: Hashable {
    /// Equally spaced over [-1, 1].
    case unit(Int)
    /// Equally spaced from the smallest to the largest activation of the whole run, all layers but the softmax; the softmax over [0, 1].
    case runRange(Int)
  }

  init(
    _ trajectory: InformationPlaneTrajectory, task: InformationPlaneTask, binning: Binning, records: [Int]? = nil
  ) throws {
    let chosen = records ?? Array(trajectory.epochs.indices)
    epochs = chosen.map { trajectory.epochs[$0] }
    let count: Int
    let hiddenEdges: BinEdges
    switch binning {
    case .unit(let bins):
      count = bins
      hiddenEdges = try BinEdges(count: bins)
      edges = hiddenEdges.origin
    case .runRange(let bins):
      count = bins
      var (low, high) = (Float.infinity, -Float.infinity)
      for snapshot in trajectory.snapshots {
        for layer in snapshot.activations(task.inputs).dropLast() {
          let (least, largest) = (layer.min(), layer.max())
          evaluate(least, largest)
          (low, high) = (min(low, least.scalar()), max(high, largest.scalar()))
        }
      }
      hiddenEdges = try BinEdges.overRange(of: [low, high], count: bins)
      edges = hiddenEdges.origin
    }
    let outputEdges = binning == .unit(count) ? hiddenEdges : try BinEdges(count: count, over: 0...1)
    let estimators = try trajectory.labels.map {
      try BinnedInformation(labels: $0, classCount: task.classCount, inputs: task.inputNumbers)
    }
    var values: [[[LayerInformation]]] = []
    var saturation: [[[Double]]] = []
    for record in chosen {
      let layers = trajectory.snapshots[record].activations(task.inputs)
      evaluate(layers)
      var (ofLayers, shares): ([[LayerInformation]], [[Double]]) = ([], [])
      for (index, layer) in layers.enumerated() {
        let units = layer.shape[2]
        let size = layer.shape[1] * units
        let all = layer.array(of: Float.self)
        let edges = index == layers.count - 1 ? outputEdges : hiddenEdges
        ofLayers.append(
          try estimators.enumerated().map { network, estimator in
            try estimator.information(of: Array(all[network * size..<(network + 1) * size]), units: units, edges: edges)
          })
        let near = (layer.abs() .> 0.9).cast(to: .float32).mean(axes: [1, 2]) * 100
        shares.append(near.array(of: Double.self))
      }
      values.append(ofLayers)
      saturation.append(shares)
    }
    self.values = values
    self.saturation = saturation
  }

  var layerCount: Int { values[0].count }
  var networkCount: Int { values[0][0].count }

  /// I(X;T) of a layer and network along the run.
  func aboutInput(layer: Int, network: Int) -> [Double] { values.map { $0[layer][network].aboutInput } }
  func aboutLabel(layer: Int, network: Int) -> [Double] { values.map { $0[layer][network].aboutLabel } }

  /// Peak less final I(X;T) of each network, in bits, and the epoch of the peak.
  func compression(layer: Int) -> (bits: [Double], peakEpochs: [Double], peaks: [Double], finals: [Double]) {
    var (bits, epochs, peaks, finals): ([Double], [Double], [Double], [Double]) = ([], [], [], [])
    for network in 0..<networkCount {
      let path = aboutInput(layer: layer, network: network)
      let peak = path.indices.max { path[$0] < path[$1] }!
      bits.append(path[peak] - path.last!)
      epochs.append(Double(self.epochs[peak]))
      peaks.append(path[peak])
      finals.append(path.last!)
    }
    return (bits, epochs, peaks, finals)
  }

  func final(layer: Int) -> [LayerInformation] { values.last![layer] }
}
