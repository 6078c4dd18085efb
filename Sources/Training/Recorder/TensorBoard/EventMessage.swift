/// The message of TensorBoard's event files, in the encoding of protocol buffers.
///
/// Field numbers are those of `event.proto`, `summary.proto` and `tensor.proto` (tensorflow/tensorboard, compat/proto).
package enum EventMessage {
  /// The first record of a file.
  static func fileVersion(wallTime: Double) -> [UInt8] {
    var event = ProtocolBuffer()
    event.append(1, double: wallTime)
    event.append(3, text: "brain.Event:2")
    return event.bytes
  }

  static func summary(of record: MetricRecord, wallTime: Double) -> [UInt8] {
    var value = ProtocolBuffer()
    value.append(1, text: record.name)
    switch record.value {
    case .scalar(let number): value.append(2, float: Float(number))
    case .histogram(let histogram): value.append(5, message: message(histogram))
    case .image(let image): value.append(4, message: message(image))
    case .text(let text):
      value.append(8, message: message(text))
      var plugin = ProtocolBuffer()
      plugin.append(1, text: "text")
      var metadata = ProtocolBuffer()
      metadata.append(1, message: plugin)
      value.append(9, message: metadata)
    }
    var summary = ProtocolBuffer()
    summary.append(1, message: value)
    var event = ProtocolBuffer()
    event.append(1, double: wallTime)
    event.append(2, integer: record.step)
    event.append(5, message: summary)
    return event.bytes
  }

  /// HistogramProto.
  private static func message(_ histogram: RecordedHistogram) -> ProtocolBuffer {
    var message = ProtocolBuffer()
    message.append(1, double: histogram.minimum)
    message.append(2, double: histogram.maximum)
    message.append(3, double: Double(histogram.count))
    message.append(4, double: histogram.sum)
    message.append(5, double: histogram.sumOfSquares)
    message.append(6, doubles: histogram.limits)
    message.append(7, doubles: histogram.counts.map(Double.init))
    return message
  }

  /// Summary.Image.
  private static func message(_ image: RecordedImage) -> ProtocolBuffer {
    var message = ProtocolBuffer()
    message.append(1, integer: image.height)
    message.append(2, integer: image.width)
    message.append(3, integer: image.channels)
    message.append(4, data: image.png)
    return message
  }

  /// TensorProto: one string.
  private static func message(_ text: String) -> ProtocolBuffer {
    var dimension = ProtocolBuffer()
    dimension.append(1, integer: 1)
    var shape = ProtocolBuffer()
    shape.append(2, message: dimension)
    var message = ProtocolBuffer()
    message.append(1, integer: 7)
    message.append(2, message: shape)
    message.append(8, text: text)
    return message
  }

  /// The step and the name of a summary; nil for other records.
  package static func stepAndName(of event: some Collection<UInt8>) -> (step: Int, name: String)? {
    let event = ProtocolBuffer.Fields(event)
    guard let summary = event.data(5), let value = ProtocolBuffer.Fields(summary).data(1),
      let name = ProtocolBuffer.Fields(value).data(1)
    else { return nil }
    return (Int(truncatingIfNeeded: event.integer(2) ?? 0), String(decoding: name, as: UTF8.self))
  }
}
