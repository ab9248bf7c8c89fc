internal import OCI

extension Node {
  /// `FROM [--platform=P] BASE [AS NAME]`.
  func stage() throws(DockerfileError) -> Stage {
    let flags = try FlagValues(of: self, ["platform": .text])
    guard let base = arguments.first else { throw error("FROM takes an image, found nothing") }
    guard arguments.count == 1 || arguments.count == 3 && arguments[1].text.lowercased() == "as" else {
      throw error("expected FROM IMAGE or FROM IMAGE AS NAME", at: arguments[1])
    }
    var name: String?
    if arguments.count == 3 {
      let lower = arguments[2].text.lowercased()
      guard Self.isStageName(lower) else {
        throw error(
          "\(arguments[2].text.quotedForMessage()) cannot name a stage: expected a letter, then a-z 0-9 - _ .",
          at: arguments[2])
      }
      name = lower
    }
    var stage = Stage(base: base.text, platform: flags.text("platform"), name: name, place: place, text: text)
    stage.comments = comments
    return stage
  }

  private static func isStageName(_ name: String) -> Bool {
    let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
    guard let first = name.utf8.first, letters.contains(first) else { return false }
    return name.utf8.allSatisfy {
      letters.contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || "-_.".utf8.contains($0)
    }
  }
}
