import Foundation

extension VanillaNet {
  /// The name of a tensor in the files of the published code, from its name here: `stages.0.convolution.first.weight` is
  /// `stages.0.conv1.0.weight`. For `load(_:layout:)` and `state(layout:)` with `.pyTorch(renaming:)`.
  public static func officialName(_ name: String) -> String {
    var parts = name.components(separatedBy: ".")
    let isStem = parts.first == "stem"
    if parts.first == "head" {
      parts.replaceSubrange(
        0..<2, with: ["first": ["cls1", "2"], "firstNorm": ["cls1", "3"], "second": ["cls2", "0"]][parts[1]] ?? [parts[1]])
      return parts.joined(separator: ".")
    }
    guard let place = parts.firstIndex(where: { $0 == "convolution" || $0 == "activation" }), parts.count > place + 1 else { return name }
    if parts[place] == "convolution" {
      let (first, second) = isStem ? ("stem1", "stem2") : ("conv1", "conv2")
      let names = ["first": [first, "0"], "firstNorm": [first, "1"], "second": [second, "0"], "secondNorm": [second, "1"]]
      parts.replaceSubrange(place...(place + 1), with: names[parts[place + 1]] ?? [])
    } else {
      let own = isStem ? ["stem2", "2"] : ["act"]
      parts.replaceSubrange(place...(place + 1), with: parts[place + 1] == "norm" ? own + ["bn"] : own)
    }
    return (isStem ? Array(parts.dropFirst()) : parts).joined(separator: ".")
  }
}

extension DeployedVanillaNet {
  /// The name of a tensor in the merged files of the published code, from its name here.
  public static func officialName(_ name: String) -> String {
    if name.hasPrefix("head.") { return "cls.2" + name.dropFirst(4) }
    if name.hasPrefix("stem.") {
      return name.replacing("stem.convolution", with: "stem.0").replacing("stem.activation", with: "stem.1")
    }
    return name.replacing(".convolution.", with: ".conv.").replacing(".activation.", with: ".act.")
  }
}
