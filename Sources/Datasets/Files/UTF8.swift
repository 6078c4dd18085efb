/// The place of the first byte that is no UTF-8; nil where all is.
func firstInvalidUTF8(_ bytes: [UInt8]) -> Int? {
  if String(validating: bytes, as: UTF8.self) != nil { return nil }
  var decoder = UTF8()
  var iterator = bytes.makeIterator()
  var place = 0
  while case .scalarValue(let scalar) = decoder.decode(&iterator) { place += UTF8.width(scalar) }
  return min(place, bytes.count - 1)
}
