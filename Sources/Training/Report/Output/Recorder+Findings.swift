import Tensors

extension Recorder {
  /// Records what a study found: its measurements as numbers, the pictures of its image grids as images, for the programs that read a run's events.
  public func record(_ findings: Findings) {
    for metric in findings.metrics where metric.value.mean.isFinite {
      record("findings/\(metric.name)", metric.value.mean, unit: metric.unit.rawValue.isEmpty ? nil : metric.unit.rawValue, step: 0)
    }
    for figure in findings.figures {
      guard case .images(let grid) = figure.content else { continue }
      for (row, line) in grid.rows.enumerated() {
        for (column, picture) in line.pictures.enumerated() {
          let name = [line.label.isEmpty ? "row \(row + 1)" : line.label, picture.label.isEmpty ? "\(column + 1)" : picture.label]
          let tensor = Tensor(picture.values, shape: [picture.height, picture.width, picture.channels])
          record("\(figure.name)/\(name.joined(separator: "/")) (\(row + 1).\(column + 1))", image: RecordedImage(tensor), step: 0)
        }
      }
    }
  }
}
