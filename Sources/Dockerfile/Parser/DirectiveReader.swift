internal import OCI

/// Reads the comments at the top of a file that are parser directives. The first line that is none ends them.
struct DirectiveReader {
  private(set) var directives = Directives()
  private var seen: Set<String> = []
  private(set) var isDone = false

  mutating func finish() { isDone = true }

  /// - Parameter comment: a comment's text after the `#`.
  /// - Returns: whether it is a directive.
  mutating func read(_ comment: String, line: SourceLine) throws(DockerfileError) -> Bool {
    guard !isDone, let (name, value) = Self.assignment(comment), ["syntax", "escape", "check"].contains(name) else {
      isDone = true
      return false
    }
    guard seen.insert(name).inserted else {
      throw Self.error("the parser directive \(name) may be there once only, this is the second", line)
    }
    switch name {
    case "syntax": directives.syntax = value.cut(at: " ")?.before ?? value
    case "escape":
      guard value == "\\" || value == "`" else {
        throw Self.error("expected \\ or ` for escape, found \(value.quotedForMessage())", line)
      }
      directives.escape = Character(value)
    default:
      do {
        try directives.apply(checks: value)
      } catch {
        throw Self.error(error.reason, line)
      }
    }
    return true
  }

  /// `NAME = VALUE`, the name in lower case.
  static func assignment(_ comment: String) -> (name: String, value: String)? {
    guard let (before, after) = comment.cut(at: "=") else { return nil }
    let (name, value) = (before.trimmed, after.trimmed)
    guard let first = name.utf8.first, !value.isEmpty, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first | 0x20),
      name.utf8.allSatisfy({
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
      })
    else { return nil }
    return (name.lowercased(), value)
  }

  private static func error(_ reason: String, _ line: SourceLine) -> DockerfileError {
    DockerfileError(reason, line: line.number, column: 1, excerpt: line.text)
  }
}

extension Directives {
  /// `skip=NAME,NAME;error=true;experimental=NAME`; `all` stands for all names. What follows a space is a remark.
  mutating func apply(checks text: String) throws(DockerfileError) {
    for part in (text.cut(at: " ")?.before ?? text).split(separator: ";", maxSplits: 2) {
      guard let (name, value) = String(part).cut(at: "=") else {
        throw DockerfileError(
          "expected skip=…, error=… or experimental=…, found \(String(part).quotedForMessage())",
          line: 0)
      }
      let names = value.split(separator: ",").map { String($0).trimmed }
      switch name.trimmed {
      case "skip": skippedChecks += names
      case "experimental": experimentalChecks += names
      case "error":
        guard let value = Bool(goText: value.trimmed) else {
          throw DockerfileError("expected true or false for error, found \(value.quotedForMessage())", line: 0)
        }
        checksAreErrors = value
      default:
        throw DockerfileError("expected skip, error or experimental, found \(name.quotedForMessage())", line: 0)
      }
    }
  }
}

extension Bool {
  /// As Go's strconv.ParseBool reads it.
  init?(goText text: String) {
    switch text {
    case "1", "t", "T", "true", "TRUE", "True": self = true
    case "0", "f", "F", "false", "FALSE", "False": self = false
    default: return nil
    }
  }
}
