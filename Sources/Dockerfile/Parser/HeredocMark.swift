/// `<<NAME` in an instruction: a file follows it, down to the line that is NAME.
struct HeredocMark: Equatable {
  var name: String
  /// Quotes around any part of the name keep variables in the content as they are.
  var isExpanded: Bool
  /// `<<-`: tabs at the beginning of lines do not count.
  var dropsTabs: Bool

  /// - Parameter word: such as `<<EOF`, `<<-"EOF"` or `3<<EOF`, quotes and escapes in it as they are written.
  /// - Returns: nil for any other word.
  init?(_ word: String) throws(DockerfileError) {
    var rest = word.unicodeScalars.drop { ("0"..."9").contains($0) }
    guard rest.starts(with: "<<".unicodeScalars) else { return nil }
    rest = rest.dropFirst(2)
    dropsTabs = rest.first == "-"
    if dropsTabs { rest.removeFirst() }
    let written = String(rest.drop(while: \.isSpace))
    guard !written.isEmpty, !written.unicodeScalars.contains("<") else { return nil }
    let plain = try Expander(options: .keepsUnset).words(written) { _ in nil }
    let quoted = try Expander(options: [.keepsUnset, .keepsQuotes]).words(written) { _ in nil }
    guard plain.count == 1, quoted.count == 1 else { return nil }
    name = plain[0]
    isExpanded = Self.quotes(plain[0]) == Self.quotes(quoted[0])
  }

  private static func quotes(_ text: String) -> Int {
    text.unicodeScalars.count { $0 == "'" || $0 == "\"" }
  }

  /// All of a line, in order.
  static func all(in line: String) throws(DockerfileError) -> [HeredocMark] {
    // What is no words to the language may still be some to the shell, and then has no files here.
    guard line.contains("<<"),
      let words = try? Expander(options: [.keepsUnset, .keepsQuotes, .keepsEscapes]).words(line, { _ in nil })
    else { return [] }
    var marks: [HeredocMark] = []
    for word in words {
      if let mark = try HeredocMark(word) { marks.append(mark) }
    }
    return marks
  }

  /// Whether this line ends the content.
  func isEnd(_ line: SourceLine) -> Bool {
    var text = line.text.unicodeScalars[...]
    if dropsTabs { text = text.drop { $0 == "\t" } }
    return text.elementsEqual(name.unicodeScalars)
  }

  /// What a line gives to the content.
  func content(_ line: SourceLine) -> String {
    guard dropsTabs else { return line.text + line.ending }
    return String(line.text.unicodeScalars.drop { $0 == "\t" }) + line.ending
  }
}
