@testable import Dockerfile

extension Node {
  /// The tree in the notation of moby/buildkit's parser.
  var dump: String {
    var text = keyword.text.lowercased()
    if !flags.isEmpty { text += " [" + flags.map { Self.quoted($0.text) }.joined(separator: " ") + "]" }
    for argument in arguments { text += " " + Self.quoted(argument.text) }
    for node in trigger { text += " (" + node.dump + ")" }
    return text
  }

  /// As Go's strconv.Quote writes it.
  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\\(scalar)"
      case "\n": quoted += "\\n"
      case "\t": quoted += "\\t"
      case "\r": quoted += "\\r"
      case "\u{8}": quoted += "\\b"
      case "\u{C}": quoted += "\\f"
      case "\0": quoted += "\\x00"
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
