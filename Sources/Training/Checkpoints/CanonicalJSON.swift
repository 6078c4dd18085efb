import Foundation

/// JSON of which equal values give equal bytes, and a comparison of two such texts in words.
enum CanonicalJSON {
  static func text(of value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  static func value<Value: Decodable>(_: Value.Type, from text: String) throws -> Value {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return try decoder.decode(Value.self, from: Data(text.utf8))
  }

  /// Where two texts differ: "batchSize is 64 there and 128 here". Empty when they say the same.
  static func differences(there: String, here: String) -> [String] {
    guard there != here else { return [] }
    var result: [String] = []
    compare(parsed(there), parsed(here), at: "", into: &result)
    return result.isEmpty ? ["the options are \(there) there and \(here) here"] : result
  }

  private static func parsed(_ text: String) -> Any? {
    try? JSONSerialization.jsonObject(with: Data(text.utf8), options: [.fragmentsAllowed])
  }

  private static func compare(_ there: Any?, _ here: Any?, at path: String, into result: inout [String]) {
    if let thereObject = there as? [String: Any], let hereObject = here as? [String: Any] {
      for key in Set(thereObject.keys).union(hereObject.keys).sorted() {
        compare(thereObject[key], hereObject[key], at: path.isEmpty ? key : "\(path).\(key)", into: &result)
      }
    } else {
      let (one, other) = (word(there), word(here))
      if one != other { result.append("\(path.isEmpty ? "the value" : path) is \(one) there and \(other) here") }
    }
  }

  private static func word(_ value: Any?) -> String {
    guard let value else { return "absent" }
    let data = try? JSONSerialization.data(withJSONObject: value, options: [.fragmentsAllowed, .sortedKeys, .withoutEscapingSlashes])
    return data.map { String(decoding: $0, as: UTF8.self) } ?? "\(value)"
  }
}
