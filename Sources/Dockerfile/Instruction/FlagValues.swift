internal import OCI

/// An instruction's flags, by their names.
struct FlagValues {
  enum Kind {
    /// `--link`, `--link=false`.
    case toggle
    case text
    /// May be there more than once.
    case texts
  }

  private var values: [String: [Node.Word]] = [:]

  /// - Parameter known: what the instruction takes.
  /// - Throws: for others, for one that is there twice, and for values that are missing or no truth.
  init(of node: Node, _ known: [String: Kind]) throws(DockerfileError) {
    for word in node.flags {
      let (written, value) = word.text.cut(at: "=").map { ($0.before, Optional($0.after)) } ?? (word.text, nil)
      let name = String(written.unicodeScalars.dropFirst(2))
      guard let kind = known[name] else {
        throw node.error(
          "\(node.keyword.text.uppercased()) has no flag \(written.quotedForMessage())"
            + Self.hint(name, known), at: word)
      }
      guard kind == .texts || values[name] == nil else { throw node.error("--\(name) is there twice", at: word) }
      switch (kind, value) {
      case (.toggle, nil): values[name] = [Node.Word(text: "true", offset: word.offset)]
      case (.toggle, let value?):
        guard ["true", "false"].contains(value.lowercased()) else {
          throw node.error("expected true or false for --\(name), found \(value.quotedForMessage())", at: word)
        }
        values[name] = [Node.Word(text: value.lowercased(), offset: word.offset)]
      case (_, nil): throw node.error("expected --\(name)=VALUE", at: word)
      case (_, let value?): values[name, default: []].append(Node.Word(text: value, offset: word.offset))
      }
    }
  }

  private static func hint(_ name: String, _ known: [String: Kind]) -> String {
    if let near = nearest(to: name, among: known.keys.sorted()) { return "; did you mean --\(near)?" }
    let all = known.keys.sorted().map { "--\($0)" }.joined(separator: ", ")
    return all.isEmpty ? "; it takes none" : "; it takes \(all)"
  }

  func words(_ name: String) -> [Node.Word] { values[name] ?? [] }

  func isThere(_ name: String) -> Bool { values[name] != nil }

  func isOn(_ name: String) -> Bool { values[name]?.first?.text == "true" }

  /// Empty is as good as absent.
  func word(_ name: String) -> Node.Word? {
    guard let word = values[name]?.first, !word.text.isEmpty else { return nil }
    return word
  }

  func text(_ name: String) -> String? { word(name)?.text }
}
