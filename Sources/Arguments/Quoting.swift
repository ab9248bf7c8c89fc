/// The text in quotes, in the manner of Go's %q, which is how runc shows what users wrote.
package func quoted(_ text: some StringProtocol) -> String { "\"" + escaped(text, quotes: true) + "\"" }

/// The text with everything escaped that could break a line or steer a terminal.
package func printable(_ text: some StringProtocol) -> String { escaped(text, quotes: false) }

private func escaped(_ text: some StringProtocol, quotes: Bool) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"" where quotes, "\\" where quotes:
      result += "\\"
      result.unicodeScalars.append(scalar)
    case "\n": result += "\\n"
    case "\r": result += "\\r"
    case "\t": result += "\\t"
    case "\u{7}": result += "\\a"
    case "\u{8}": result += "\\b"
    case "\u{B}": result += "\\v"
    case "\u{C}": result += "\\f"
    case " "..."~": result.unicodeScalars.append(scalar)
    case _ where scalar.isASCII: result += "\\x" + hexadecimal(scalar.value, digits: 2)
    case _ where isPrintable(scalar): result.unicodeScalars.append(scalar)
    case _ where scalar.value <= 0xffff: result += "\\u" + hexadecimal(scalar.value, digits: 4)
    default: result += "\\U" + hexadecimal(scalar.value, digits: 8)
    }
  }
  return result
}

/// Go's strconv.IsPrint: letters, marks, numbers, punctuation and symbols; no space but the ASCII one, no format
/// characters (which could reverse the line).
private func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
  switch scalar.properties.generalCategory {
  case .control, .format, .surrogate, .privateUse, .unassigned, .spaceSeparator, .lineSeparator, .paragraphSeparator:
    false
  default: true
  }
}

func hexadecimal(_ value: UInt32, digits: Int) -> String {
  let text = String(value, radix: 16)
  return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
}
