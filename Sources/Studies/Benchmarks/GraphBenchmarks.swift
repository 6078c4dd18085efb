import Datasets
import Graphs
import Layers
import Tensors

/// Rows for sheaf diffusion beside graph convolutions, on a graph of the size of Texas.
extension Benchmarks {
  static let graphs: [Benchmark] = [
    Benchmark("sheaf-diagonal", "a step of Diag-NSD, 183 nodes, 1,703 features, d = 3, 2 layers, h = 16, Adam") { graphStep(.diagonal) },
    Benchmark("sheaf-orthogonal", "the same of O(d)-NSD by Householder's reflections") { graphStep(.orthogonal) },
    Benchmark("sheaf-general", "the same of Gen-NSD") { graphStep(.general) },
    Benchmark("sheaf-gcn", "a step of a GCN with 2 layers and 32 units on the same graph") { graphStep(.gcn) },
    Benchmark("sheaf-mlp", "a step of a perceptron with 32 units on the same nodes") { graphStep(.mlp) },
  ]

  private static func graphStep(_ method: SheafOptions.Method) -> () -> Float {
    var random = RandomStream(seed: 0)
    let data = GraphData.communities(nodes: 183, classes: 5, meanDegree: 3, homophily: 0.1, features: 1703, seed: 1)
    let labels = Tensor(data.labels.map(Int64.init))
    let classifier: NodeClassifier
    do {
      let graph = try UndirectedGraph(nodeCount: data.nodeCount, edges: data.edges)
      classifier = try SheafTraining.classifier(
        method, SheafSettings(.reduced), on: graph, inputs: data.featureCount, classes: 5, random: &random)
    } catch {
      preconditionFailure("benchmark: \(error)")
    }
    evaluate([data.features, labels] + classifier.module.parameters.map(\.value))
    let optimizer = Adam(classifier.groups, learningRate: 0.02)
    return {
      withContext(.training, random: random.split()) {
        do {
          return optimizer.minimize(try classifier.logits(data.features).softmaxCrossEntropy(labels: labels).mean()).scalar()
        } catch {
          preconditionFailure("benchmark: \(error)")
        }
      }
    }
  }
}
