internal import OCI

/// Reads a file into its instructions: directives, comments, continued lines, heredocs.
struct NodeReader {
  private let lines: [SourceLine]
  private var next = 0
  private var reader = DirectiveReader()
  private var comments: [String] = []
  /// Fixed from the start where the text is none of a file's.
  private let fixedEscape: Character?

  /// Where there are blank lines in the middle of an instruction, the first one of each.
  private(set) var emptyContinuations: [Int] = []

  /// The most instructions that a file may have: what is made of one, such as a layer, costs more than its text.
  static let mostNodes = 10_000

  init(_ bytes: [UInt8], escape: Character? = nil) throws(DockerfileError) {
    lines = try SourceLine.split(bytes)
    fixedEscape = escape
    if escape != nil { reader.finish() }
    // `#!/usr/bin/env …`, before any directive: some make their Dockerfiles programs.
    if lines.first?.text.hasPrefix("#!") == true { next = 1 }
  }

  var directives: Directives { reader.directives }

  private var escape: Unicode.Scalar {
    (fixedEscape ?? directives.escape).unicodeScalars.first ?? "\\"
  }

  mutating func nodes() throws(DockerfileError) -> [Node] {
    var nodes: [Node] = []
    while next < lines.count {
      let line = lines[next]
      next += 1
      let text = line.scalars.drop(while: \.isSpace)
      if text.first == "#" {
        try note(comment: String(text.dropFirst()).trimmed, line)
        continue
      }
      reader.finish()
      if text.isEmpty {
        comments = []
        continue
      }
      guard nodes.count < Self.mostNodes else {
        throw DockerfileError("more than \(Self.mostNodes) instructions", line: line.number)
      }
      nodes.append(try node(from: line, text))
      comments = []
    }
    return nodes
  }

  private mutating func note(comment: String, _ line: SourceLine) throws(DockerfileError) {
    if try reader.read(comment, line: line) { return }
    if comment.isEmpty { comments = [] } else { comments.append(comment) }
  }

  /// - Parameter text: what the first line has, without white space at its beginning.
  private mutating func node(from first: SourceLine, _ text: ArraySlice<Unicode.Scalar>) throws(DockerfileError) -> Node
  {
    var joined = LogicalLine()
    var (line, part, hasEmpty) = (first, text, false)
    while true {
      try line.checkEncoding()
      let (kept, isContinued) = continued(part)
      joined.append(kept, of: line)
      guard isContinued else { break }
      var following: SourceLine?
      while following == nil, next < lines.count {
        let candidate = lines[next]
        next += 1
        switch candidate.text.unicodeScalars.first(where: { !$0.isSpace }) {
        case "#": continue
        case nil:
          if !hasEmpty { emptyContinuations.append(candidate.number) }
          hasEmpty = true
        default: following = candidate
        }
      }
      guard let following else { break }
      (line, part) = (following, following.scalars[...])
    }
    let builder = NodeBuilder(line: joined, escape: escape, place: SourceRange(first.number, next))
    var node = try builder.node()
    node.comments = comments
    try readHeredocs(&node)
    node.place.last = next
    return node
  }

  /// The line's part of the text, and whether the text goes on in the next line: an escape character ends the line, but
  /// for blanks, and is not escaped itself.
  private func continued(_ part: ArraySlice<Unicode.Scalar>) -> (ArraySlice<Unicode.Scalar>, Bool) {
    guard let last = part.lastIndex(where: { $0 != " " && $0 != "\t" }), part[last] == escape else {
      return (part, false)
    }
    if last > part.startIndex, part[last - 1] == escape { return (part, false) }
    return (part[..<last], true)
  }

  private mutating func readHeredocs(_ node: inout Node) throws(DockerfileError) {
    let holder = node.trigger.first ?? node
    guard let keyword = Keyword(holder.keyword), keyword.takesHeredocs, !holder.isJSON else { return }
    let marks: [HeredocMark]
    do {
      marks = try HeredocMark.all(in: node.line.text(node.line.scalars.indices))
    } catch {
      throw node.error(error.reason)
    }
    for mark in marks {
      var content = ""
      var isEnded = false
      while next < lines.count, !isEnded {
        let line = lines[next]
        next += 1
        try line.checkEncoding()
        isEnded = mark.isEnd(line)
        if !isEnded { content += mark.content(line) }
      }
      guard isEnded else {
        throw node.error("no line after this one is \(mark.name.quotedForMessage()), which would end its heredoc")
      }
      node.heredocs.append(Heredoc(name: mark.name, content: content, isExpanded: mark.isExpanded))
    }
    if !node.trigger.isEmpty { node.trigger[0].heredocs = node.heredocs }
  }
}
