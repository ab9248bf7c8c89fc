internal import OCI

/// A pattern for paths: `*`, `?`, `[a-z]`, and `\` in front of what is meant as it is (Go's filepath.Match).
public struct PathPattern: Sendable, Equatable {
  /// Who reads the pattern.
  public enum Dialect: Sendable {
    /// The sources of COPY and ADD: `**` is no more than `*`.
    case sources
    /// `.dockerignore`, `--exclude` and `--parents`: `**` is any number of directories (moby/patternmatcher).
    case anyDepth
  }

  /// The longest pattern, in code points: no path is longer.
  static let longest = 4096

  /// As it was given.
  public let text: String
  let matcher: PathMatcher

  /// - Throws: for a pattern that is not well formed.
  public init(_ text: String, _ dialect: Dialect = .sources) throws(DockerfileError) {
    let scalars = Array(text.unicodeScalars)
    guard scalars.count <= Self.longest else {
      throw DockerfileError("a pattern of \(scalars.count) characters, the most is \(Self.longest)", line: 0)
    }
    do {
      let tokens = try PathToken.parse(scalars)
      matcher = dialect == .sources ? PathMatcher(sources: tokens) : PathMatcher(anyDepth: tokens)
    } catch {
      throw DockerfileError("\(text.quotedForMessage()) is no pattern: \(error.reason)", line: 0)
    }
    self.text = text
  }

  /// Whether the path as a whole matches.
  public func matches(_ path: String) -> Bool {
    matcher.run(Array(path.unicodeScalars)).isMatch
  }

  /// Whether the path or a directory above it matches.
  public func matchesOrHasMatchingParent(_ path: String) -> Bool {
    let result = matcher.run(Array(path.unicodeScalars))
    return result.isMatch || result.hasMatchingParent
  }

  /// Whether there can be matches below this directory; empty is the root.
  public func canMatch(below directory: String) -> Bool {
    directory.isEmpty || matcher.run(Array(directory.unicodeScalars)).canMatchBelow
  }

  /// Whether a source of COPY is to be looked for rather than taken by its name.
  public static func isWildcard(_ text: String) -> Bool {
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      switch scalar {
      case "*", "?", "[": return true
      case "\\": _ = rest.popFirst()
      default: break
      }
    }
    return false
  }
}
