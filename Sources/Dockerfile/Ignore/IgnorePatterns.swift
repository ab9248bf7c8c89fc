internal import OCI

/// What of a context is left out: the patterns of a `.dockerignore` or of `--exclude`. The last one that matches a path
/// or a directory above it decides (moby/patternmatcher, MatchesOrParentMatches).
public struct IgnorePatterns: Sendable, Equatable {
  struct Rule: Sendable, Equatable {
    var pattern: PathPattern
    /// `!`: what matches is taken all the same.
    var isException: Bool
  }

  /// The largest file, in bytes.
  static let largestFile = 256 << 10

  let rules: [Rule]

  /// Whether there is a pattern with `!`.
  public var hasExceptions: Bool { rules.contains(where: \.isException) }

  /// Reads a `.dockerignore`.
  ///
  /// - Throws: with the line of the pattern that is none.
  public init(parsing bytes: [UInt8]) throws(DockerfileError) {
    guard bytes.count <= Self.largestFile else {
      throw DockerfileError("it has \(bytes.count) bytes, the most is \(Self.largestFile)", line: 0)
    }
    var rules: [Rule] = []
    for line in try SourceLine.split(bytes) where line.text.utf8.first != UInt8(ascii: "#") {
      try line.checkEncoding()
      do {
        if let rule = try Self.rule(line.text) { rules.append(rule) }
      } catch {
        throw DockerfileError(error.reason, line: line.number, column: 1, excerpt: line.text)
      }
    }
    self.rules = rules
  }

  /// The patterns of a list, such as that of `--exclude`.
  public init(_ patterns: [String]) throws(DockerfileError) {
    var rules: [Rule] = []
    for pattern in patterns {
      if let rule = try Self.rule(pattern) { rules.append(rule) }
    }
    self.rules = rules
  }

  /// - Returns: nil for white space alone.
  private static func rule(_ line: String) throws(DockerfileError) -> Rule? {
    var text = line.trimmed
    guard !text.isEmpty else { return nil }
    let isException = text.utf8.first == UInt8(ascii: "!")
    if isException { text = String(text.unicodeScalars.dropFirst()).trimmed }
    guard !text.isEmpty else { throw DockerfileError("a ! without a pattern after it", line: 0) }
    text = text.cleanedPath
    if text.utf8.first == UInt8(ascii: "/"), text.utf8.count > 1 { text.unicodeScalars.removeFirst() }
    return Rule(pattern: try PathPattern(text, .anyDepth), isException: isException)
  }

  /// - Parameter path: below the context's root, without a slash at its beginning.
  public func ignores(_ path: String) -> Bool {
    let scalars = Array(path.cleanedPath.unicodeScalars)
    // The root itself is not left out, whatever the patterns say.
    guard scalars != ["."] else { return false }
    var isIgnored = false
    // A rule that could only say what holds already need not be asked.
    for rule in rules where rule.isException == isIgnored {
      let result = rule.pattern.matcher.run(scalars)
      if result.isMatch || result.hasMatchingParent { isIgnored = !isIgnored }
    }
    return isIgnored
  }

  /// Whether a walk has to look into a directory: something below it may have to be taken. Without this, a context with
  /// `node_modules` in its `.dockerignore` would be walked in full.
  public func mayContainIncluded(below directory: String) -> Bool {
    guard ignores(directory) else { return true }
    let scalars = Array(directory.cleanedPath.unicodeScalars)
    return rules.contains { rule in
      guard rule.isException else { return false }
      let result = rule.pattern.matcher.run(scalars)
      return result.isMatch || result.hasMatchingParent || result.canMatchBelow
    }
  }
}
