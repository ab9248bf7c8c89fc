internal import OCI

extension Dockerfile {
  /// Reads a Dockerfile: the language of BuildKit's front end 1.20, whose reference is
  /// <https://docs.docker.com/reference/dockerfile/>. Nothing is expanded, and no file besides is looked at.
  ///
  /// - Throws: with line and column, for the first thing that is no Dockerfile.
  public static func parse(_ bytes: [UInt8]) throws(DockerfileError) -> Dockerfile {
    var reader = try NodeReader(bytes)
    let nodes = try reader.nodes()
    var file = Dockerfile()
    file.directives = reader.directives
    file.emptyContinuations = reader.emptyContinuations
    for node in nodes {
      try file.append(node)
    }
    guard !file.stages.isEmpty else {
      throw DockerfileError("there is no FROM in it: expected FROM IMAGE, or FROM scratch", line: 0)
    }
    return file
  }

  private mutating func append(_ node: Node) throws(DockerfileError) {
    let keyword = try node.knownKeyword()
    if keyword == .from {
      stages.append(try node.stage())
      return
    }
    let instruction = try node.instruction(keyword)
    if !stages.isEmpty {
      stages[stages.count - 1].instructions.append(instruction)
    } else if keyword == .arg {
      globalArguments.append(instruction)
    } else {
      throw node.error("\(keyword.name) before the first FROM: a build begins with FROM, only ARG may stand before it")
    }
  }

  /// Reads one instruction that is not of a file: what `ONBUILD` left in an image, or `--change`.
  ///
  /// - Throws: for none, for several, and for FROM.
  public static func instruction(
    onBuild text: String, escape: Character = "\\"
  ) throws(DockerfileError) -> Instruction {
    var reader = try NodeReader(Array(text.utf8), escape: escape)
    let nodes = try reader.nodes()
    guard let node = nodes.first, nodes.count == 1 else {
      throw DockerfileError("expected one instruction, found \(nodes.count)", line: 0)
    }
    let keyword = try node.knownKeyword()
    guard keyword != .from else { throw node.error("FROM cannot stand here: it begins a stage of a Dockerfile") }
    return try node.instruction(keyword)
  }
}

extension Node {
  func knownKeyword() throws(DockerfileError) -> Keyword {
    if let known = Keyword(keyword) { return known }
    let text = keyword.text
    if text.hasPrefix("//") || text.hasPrefix("/*") {
      throw error("a comment begins with # in a Dockerfile, not with \(text.prefix(2))")
    }
    let upper = text.uppercased()
    let near = nearest(to: upper, among: Keyword.allCases.map(\.name)).map { "; did you mean \($0)?" }
    throw error("unknown instruction \(text.quotedForMessage())\(near ?? "")")
  }
}
