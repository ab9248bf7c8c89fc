import Testing

@testable import OCI

@Suite("Hostile documents")
struct MutationTests {
  /// 20,000 damaged configurations, the same in every run: each is read or refused with a reason, none ends the
  /// process. Many stay valid JSON, so that the decoder and the rules get their share.
  @Test("Damaged configurations are read or refused", arguments: 0..<4)
  func mutations(part: UInt64) throws {
    var random = SeededGenerator(seed: 0x5EED + part)
    let originals = try sections()
    var taken = 0
    var refused = 0
    for _ in 0..<5000 {
      var bytes = originals[Int.random(in: originals.indices, using: &random)]
      for _ in 0..<Int.random(in: 1...3, using: &random) { mutate(&bytes, &random) }
      do {
        _ = try Spec.load(bytes)
        taken += 1
      } catch {
        refused += 1
        let isReasoned = !error.faults.isEmpty && error.faults.allSatisfy { !$0.reason.isEmpty }
        let isOneLine = error.lines.allSatisfy { !$0.utf8.contains(0x0A) && $0.utf8.count < 1000 }
        if !isReasoned || !isOneLine { Issue.record("\(error)") }
      }
    }
    // Neither all of it broken, nor all of it harmless.
    #expect(taken > 200 && refused > 2000)
  }

  /// The complete configuration cut into small ones, each with one of its properties: small is fast.
  private func sections() throws -> [[UInt8]] {
    let config = try JSON.parse(Array(completeConfig.utf8))
    let common = ["ociVersion", "root"].compactMap { name in config[name].map { JSON.Member(name, $0) } }
    var sections: [JSON] = []
    for member in config.members ?? [] where !["linux", "ociVersion", "root"].contains(member.key) {
      sections.append(.object(common + [member]))
    }
    for member in config["linux"]?.members ?? [] {
      sections.append(.object(common + [JSON.Member("linux", .object([member]))]))
    }
    try #require(sections.count > 20)
    return sections.map { $0.bytes() }
  }

  private func mutate(_ bytes: inout [UInt8], _ random: inout SeededGenerator) {
    let tokens = [
      "null", "-1", "4294967296", "1e400", "\"\"", "[]", "{}", "\"\\u0000\"", "[[[[", "\"\\ud800\"", "true",
      "18446744073709551615",
      "\"..\"", "\"/\"", "0.5",
    ]
    switch Int.random(in: 0..<6, using: &random) {
    case 0:
      let index = Int.random(in: 0..<bytes.count, using: &random)
      bytes[index] = UInt8.random(in: .min ... .max, using: &random)
    case 1:
      bytes.remove(at: Int.random(in: 0..<bytes.count, using: &random))
    case 2:
      bytes.removeLast(Int.random(in: 0..<bytes.count / 2, using: &random))
    case 3:
      let index = Int.random(in: 0..<bytes.count, using: &random)
      bytes.insert(contentsOf: (tokens.randomElement(using: &random) ?? "").utf8, at: index)
    default:
      // A whole value in another's place, found by the colon before it.
      let colons = bytes.indices.filter { bytes[$0] == UInt8(ascii: ":") }
      guard let colon = colons.randomElement(using: &random) else { return }
      let stops = Array(",}]\n".utf8)
      let end = bytes[(colon + 1)...].firstIndex { stops.contains($0) } ?? bytes.endIndex
      bytes.replaceSubrange((colon + 1)..<end, with: (tokens.randomElement(using: &random) ?? "").utf8)
    }
  }

  @Test("Every value in every place of another kind is refused, or means the same as its absence")
  func everyKind() throws {
    let json = try JSON.parse(Array(completeConfig.utf8))
    var places = 0
    for replacement in [
      JSON.null, .bool(true), .integer(-2), .number(0.5), .string("\u{0}"), .array([.null]), .object([]),
    ] {
      replaceEach(json, replacement) { damaged in
        places += 1
        _ = try? Spec.load(damaged.bytes())
      }
    }
    #expect(places > 1000)
  }

  private func replaceEach(_ json: JSON, _ replacement: JSON, _ body: (JSON) -> Void) {
    body(replacement)
    switch json {
    case .array(let elements):
      for index in elements.indices {
        replaceEach(elements[index], replacement) { damaged in
          var copy = elements
          copy[index] = damaged
          body(.array(copy))
        }
      }
    case .object(let members):
      for index in members.indices {
        replaceEach(members[index].value, replacement) { damaged in
          var copy = members
          copy[index].value = damaged
          body(.object(copy))
        }
      }
    default: break
    }
  }
}
