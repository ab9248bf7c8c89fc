internal import OCI

/// A line of comma-separated values (RFC 4180): a field in double quotes may have commas, and quotes doubled.
enum CommaList {
  static func fields(_ text: String) throws(DockerfileError) -> [String] {
    var fields: [String] = []
    var rest = text.unicodeScalars[...]
    while true {
      let field = rest.first == "\"" ? try quoted(&rest, text) : try plain(&rest, text)
      fields.append(field)
      guard let separator = rest.popFirst() else { return fields }
      guard separator == "," else { throw wrong(text) }
    }
  }

  private static func plain(
    _ rest: inout Substring.UnicodeScalarView, _ text: String
  ) throws(DockerfileError) -> String {
    let field = rest.prefix { $0 != "," }
    guard !field.contains("\"") else { throw wrong(text) }
    rest = rest[field.endIndex...]
    return String(field)
  }

  private static func quoted(
    _ rest: inout Substring.UnicodeScalarView, _ text: String
  ) throws(DockerfileError) -> String {
    rest.removeFirst()
    var field: [Unicode.Scalar] = []
    while let scalar = rest.popFirst() {
      if scalar == "\"" {
        guard rest.first == "\"" else { return String(field) }
        rest.removeFirst()
      }
      field.append(scalar)
    }
    throw wrong(text)
  }

  private static func wrong(_ text: String) -> DockerfileError {
    DockerfileError(
      "\(text.quotedForMessage()): a \" may stand around a whole field only, and doubled within one", line: 0)
  }
}
