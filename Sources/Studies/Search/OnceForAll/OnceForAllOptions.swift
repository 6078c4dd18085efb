import Foundation
import Search

/// Which space of networks is searched.
public enum OnceForAllSpace: String, SupernetSpace, Codable, CaseIterable {
  /// FMB-5: five blocks for small pictures, 221,130 networks.
  case fiveBlocks = "five-blocks"
  case mobileNetV3 = "mobilenet-v3"
  case proxylessNAS = "proxyless-nas"
  case resNet50D = "resnet-50d"

  package func configuration(channels: Int, classes: Int) -> SupernetConfiguration {
    switch self {
    case .fiveBlocks: .fiveBlocks(inputChannels: channels, classCount: classes)
    case .mobileNetV3: .mobileNetV3(classCount: classes)
    case .proxylessNAS: .proxylessNAS(classCount: classes)
    case .resNet50D: .resNet50D(classCount: classes)
    }
  }

  package var channels: Int? { self == .fiveBlocks ? nil : 3 }
}

/// What can be set about the study of Once-for-All.
public struct OnceForAllOptions: SupernetOptions {
  public var space = OnceForAllSpace.fiveBlocks
  public var seeds = 1
  public var trainingExamples = 6000
  public var validationExamples = 2000
  public var testExamples = 10_000
  public var batchSize = 64
  public var augmentation = PictureVariation.shift
  public var fullEpochs = 6
  public var kernelEpochs = 1
  public var depthEpochs = 2
  public var widthEpochs = 3
  public var shortEpochs = 0
  public var warmUpEpochs = 0.0
  public var fullRate = 0.1
  public var kernelRate = 0.03
  public var depthRate = 0.02
  public var widthRate = 0.02
  public var shortRate = 0.08
  public var distillation = 1.0
  public var smoothing = 0.1
  public var dropout = 0.1
  public var weightDecay = 3e-5
  public var calibrationImages = 1000
  public var references = 8
  public var uniformNetworks = 3
  public var standsAlone = true
  public var predictorNetworks = 300
  public var predictorEpochs = 150
  public var population = 100
  public var iterations = 500
  public var multiplyAddLimit = 120_000
  public var latencyLimit = 0.0
  public var latencyTable = ""
  public var latencyRuns = 20
  public var randomNetworks = 30
  public var fineTuningEpochs = 0

  public static let fields: [Field] = spaceFields + pictureFields + phaseFields + lossFields + judgementFields + deploymentFields

  private static let phaseFields: [Field] = [
    Field("fullEpochs", \.fullEpochs, "epochs of the largest network alone", in: 1...100_000),
    Field("kernelEpochs", \.kernelEpochs, "epochs with elastic kernels", in: 0...100_000),
    Field("depthEpochs", \.depthEpochs, "epochs with elastic depth as well", in: 0...100_000),
    Field("widthEpochs", \.widthEpochs, "epochs with elastic width as well", in: 0...100_000),
    Field("shortEpochs", \.shortEpochs, "epochs with the next smaller depth, and width, alone; 0 leaves these phases out", in: 0...100_000),
    Field("warmUpEpochs", \.warmUpEpochs, "of the kernel, depth and width phases", in: 0...1000),
    Field("fullRate", \.fullRate, "peak learning rate of the largest network", in: 1e-6...100),
    Field("kernelRate", \.kernelRate, "of the kernel phase", in: 1e-6...100),
    Field("depthRate", \.depthRate, "of the depth phase", in: 1e-6...100),
    Field("widthRate", \.widthRate, "of the width phase", in: 1e-6...100),
    Field("shortRate", \.shortRate, "of the short phases", in: 1e-6...100),
    Field("distillation", \.distillation, "weight of the largest network's prediction beside the labels", in: 0...100),
    Field("uniformNetworks", \.uniformNetworks, "networks a step of training without phases; 0 leaves it out", in: 0...64),
    Field("standsAlone", \.standsAlone, "trains smallest and middle network alone as well"),
  ]

  private static let deploymentFields: [Field] = [
    Field("predictorNetworks", \.predictorNetworks, "networks measured for the predictor; 0 leaves the search out", in: 0...1_000_000),
    Field("predictorEpochs", \.predictorEpochs, "passes over them", in: 1...100_000),
    Field("population", \.population, "of the evolution", in: 4...100_000),
    Field("iterations", \.iterations, "of the evolution", in: 1...1_000_000),
    Field("multiplyAddLimit", \.multiplyAddLimit, "bound of the search, in multiply-adds", in: 1...100_000_000_000),
    Field("latencyLimit", \.latencyLimit, "bound of the search, in ms on this machine; 0 takes the middle network's", in: 0...1e6),
    Field("latencyTable", \.latencyTable, "a table that was measured before (latency.json of a run); none measures one"),
    Field("randomNetworks", \.randomNetworks, "random networks near the bound, to compare the found one with", in: 0...10_000),
    Field("fineTuningEpochs", \.fineTuningEpochs, "epochs of the found network by itself", in: 0...10_000),
  ]

  public func validate() throws(OptionError) {
    if predictorNetworks > 0 && predictorNetworks < 10 {
      throw OptionError(field: "predictorNetworks", value: String(predictorNetworks), expected: "0, or at least 10")
    }
  }

  var shrinking: ProgressiveShrinking {
    typealias Phase = ProgressiveShrinking.Phase
    var phases = [
      Phase("full", epochs: fullEpochs, learningRate: fullRate),
      Phase("kernel", kernels: 9, networksPerStep: 1, epochs: kernelEpochs, warmUpEpochs: warmUpEpochs, learningRate: kernelRate),
    ]
    if shortEpochs > 0 {
      phases.append(Phase("depth-a", kernels: 9, depths: 2, networksPerStep: 2, epochs: shortEpochs, learningRate: shortRate))
    }
    phases.append(
      Phase("depth", kernels: 9, depths: 9, networksPerStep: 2, epochs: depthEpochs, warmUpEpochs: warmUpEpochs, learningRate: depthRate))
    if shortEpochs > 0 {
      phases.append(
        Phase(
          "width-a", kernels: 9, depths: 9, widths: 2, networksPerStep: 4, epochs: shortEpochs, learningRate: shortRate, sortingStage: 0))
    }
    phases.append(
      Phase(
        "width", kernels: 9, depths: 9, widths: 9, networksPerStep: 4, epochs: widthEpochs, warmUpEpochs: warmUpEpochs,
        learningRate: widthRate, sortingStage: shortEpochs > 0 ? 1 : 0))
    return ProgressiveShrinking(phases: phases, distillation: distillation, smoothing: smoothing)
  }

  /// Drawn gratings, one seed: seconds.
  static let quick: OnceForAllOptions = {
    var options = OnceForAllOptions()
    options.takeFewPictures()
    options.fullEpochs = 8
    options.uniformNetworks = 2
    options.standsAlone = false
    options.predictorNetworks = 40
    options.population = 40
    options.iterations = 40
    options.randomNetworks = 8
    return options
  }()

  /// FMB-5 on small pictures, three seeds.
  static let reduced: OnceForAllOptions = {
    var options = OnceForAllOptions()
    options.seeds = 3
    return options
  }()

  /// The MobileNetV3 space on ImageNet: rates are for 2048 pictures a step.
  static let paper: OnceForAllOptions = {
    var options = OnceForAllOptions()
    options.takeImageNet()
    options.space = .mobileNetV3
    options.batchSize = 2048
    options.fullEpochs = 180
    options.kernelEpochs = 120
    options.depthEpochs = 120
    options.widthEpochs = 120
    options.shortEpochs = 25
    options.warmUpEpochs = 5
    options.fullRate = 2.6
    options.kernelRate = 0.96
    options.depthRate = 0.24
    options.widthRate = 0.24
    options.calibrationImages = 2000
    options.uniformNetworks = 4
    options.predictorNetworks = 16_000
    options.multiplyAddLimit = 230_000_000
    options.fineTuningEpochs = 25
    return options
  }()
}
