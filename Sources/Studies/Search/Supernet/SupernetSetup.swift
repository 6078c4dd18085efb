import Layers
import Search
import Tensors

/// What every study of supernets begins with: pictures, the space of networks, and those of them that every way of training is judged by.
package struct SupernetSetup<Options: SupernetOptions> {
  let options: Options
  let run: StudyRun
  let data: SupernetData
  package let design: SupernetDesign

  /// - Throws: `FileAccessError`, `FileFormatError`, `StudyError`, `SearchSpaceError`
  package init(_ options: Options, _ run: StudyRun) throws {
    self.options = options
    self.run = run
    data = try SupernetData(
      run.data, .init(training: options.trainingExamples, validation: options.validationExamples, test: options.testExamples),
      seed: run.seed)
    design = try SupernetDesign(options.space.configuration(channels: data.channels, classes: data.classCount))
  }

  /// Measures on the test pictures.
  var evaluator: SubnetEvaluator { data.evaluator(calibrationImages: options.calibrationImages) }
  /// Measures on those set apart for choosing.
  var validator: SubnetEvaluator { data.evaluator(calibrationImages: options.calibrationImages, onValidation: true) }
}

extension SupernetOptions {
  /// Supernet, largest and smallest network, for `summary`.
  func studyNetworks(zeroesLastScale: Bool = false) throws -> [StudyNetwork] {
    let design = try SupernetDesign(space.configuration(channels: space.channels ?? 1, classes: 10))
    var random = RandomStream(seed: 1)
    let supernet = Supernet(design, zeroesLastScale: zeroesLastScale, random: &random)
    return [
      StudyNetwork("supernet", supernet), StudyNetwork("largest network", supernet.materialized(design.space.maximum)),
      StudyNetwork("smallest network", supernet.materialized(design.space.minimum)),
    ]
  }
}
