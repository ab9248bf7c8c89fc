internal import OCI

/// Makes a node of an instruction's line.
struct NodeBuilder {
  let line: LogicalLine
  let escape: Unicode.Scalar
  let place: SourceRange

  private var scanner: WordScanner { WordScanner(line: line, escape: escape) }

  func node() throws(DockerfileError) -> Node {
    try node(line.range, isTrigger: false)
  }

  private func node(_ range: Range<Int>, isTrigger: Bool) throws(DockerfileError) -> Node {
    let end = line.scalars[range].firstIndex(where: \.isBlank) ?? range.upperBound
    let keyword = Node.Word(text: line.text(range.lowerBound..<end), offset: range.lowerBound)
    let (flags, rest) = scanner.flags(end..<range.upperBound)
    var node = Node(keyword: keyword, flags: flags, range: range, line: line, place: place)
    let arguments = line.trimmed(rest..<range.upperBound)
    guard let known = Keyword(keyword) else { return node }
    // An image would carry it, and no build could take it; and the text could nest without end.
    guard known != .onbuild || !isTrigger else { throw node.error("an ONBUILD trigger cannot be ONBUILD itself") }
    guard !arguments.isEmpty else { return node }
    try read(known.form, arguments, into: &node)
    return node
  }

  private func read(_ form: Keyword.Form, _ range: Range<Int>, into node: inout Node) throws(DockerfileError) {
    switch form {
    case .line: node.arguments = [whole(range)]
    case .words: node.arguments = scanner.words(range)
    case .names: node.arguments = scanner.quotedWords(range)
    case .pairs: node.arguments = try pairs(range, node)
    case .arrayOrLine:
      if try !readArray(range, into: &node) { node.arguments = [whole(range)] }
    case .arrayOrWords:
      if try !readArray(range, into: &node) { node.arguments = scanner.words(range) }
    case .kindAndCommand:
      let end = line.scalars[range].firstIndex(where: \.isSpace) ?? range.upperBound
      let command = line.trimmed(end..<range.upperBound)
      if !command.isEmpty { try read(.arrayOrLine, command, into: &node) }
      node.arguments.insert(whole(range.lowerBound..<end), at: 0)
    case .instruction: node.trigger = [try self.node(range, isTrigger: true)]
    }
  }

  private func whole(_ range: Range<Int>) -> Node.Word {
    Node.Word(text: line.text(range), offset: range.lowerBound)
  }

  /// - Returns: false for what is no JSON array, which is then a text.
  private func readArray(_ range: Range<Int>, into node: inout Node) throws(DockerfileError) -> Bool {
    guard line.scalars[range.lowerBound] == "[",
      let elements = (try? JSON.parse(Array(line.text(range).utf8)))?.elements
    else { return false }
    for element in elements {
      guard let text = element.string else {
        let name = node.keyword.text.uppercased()
        throw line.error("\(name) in its JSON form takes an array of strings and nothing else", at: range.lowerBound)
      }
      node.arguments.append(Node.Word(text: text, offset: range.lowerBound))
    }
    node.isJSON = true
    return true
  }

  private func pairs(_ range: Range<Int>, _ node: Node) throws(DockerfileError) -> [Node.Word] {
    let words = scanner.quotedWords(range)
    guard let first = words.first else { return [] }
    guard first.text.unicodeScalars.contains("=") else {
      let end = line.scalars[range].firstIndex(where: \.isBlank) ?? range.upperBound
      let value = line.scalars[end..<range.upperBound].firstIndex { !$0.isBlank } ?? range.upperBound
      guard value < range.upperBound else {
        throw node.error("\(node.keyword.text.uppercased()) takes KEY=VALUE, found no value", at: first)
      }
      return [
        whole(range.lowerBound..<end), whole(value..<range.upperBound), Node.Word(text: "", offset: end),
      ]
    }
    var pairs: [Node.Word] = []
    for word in words {
      guard let (key, value) = word.text.cut(at: "=") else {
        throw node.error("expected KEY=VALUE, found \(word.text.quotedForMessage()) without =", at: word)
      }
      pairs.append(Node.Word(text: key, offset: word.offset))
      pairs.append(Node.Word(text: value, offset: word.offset))
      pairs.append(Node.Word(text: "=", offset: word.offset))
    }
    return pairs
  }
}
