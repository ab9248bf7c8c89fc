// The language is defined over code points. A `Character` would join a quote with the accent after it, and a carriage
// return with its line feed.
extension Unicode.Scalar {
  /// Go's unicode.IsSpace.
  var isSpace: Bool { properties.isWhitespace }

  /// What separates the words of an instruction. A non-breaking space does not.
  var isBlank: Bool { self == " " || ("\t"..."\r").contains(self) && self != "\n" }

  /// Go's unicode.IsDigit.
  var isDigit: Bool { properties.generalCategory == .decimalNumber }

  /// Go's unicode.IsLetter.
  var isLetter: Bool {
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: true
    default: false
    }
  }
}

extension String {
  init(_ scalars: some Sequence<Unicode.Scalar>) {
    self.init()
    unicodeScalars.append(contentsOf: scalars)
  }

  /// Without white space at both ends.
  var trimmed: String {
    var rest = unicodeScalars[...]
    while rest.first?.isSpace == true { rest.removeFirst() }
    while rest.last?.isSpace == true { rest.removeLast() }
    return String(rest)
  }

  /// The text before the first such scalar, and the text after it; nil without one.
  func cut(at separator: Unicode.Scalar) -> (before: String, after: String)? {
    guard let index = unicodeScalars.firstIndex(of: separator) else { return nil }
    return (String(unicodeScalars[..<index]), String(unicodeScalars[unicodeScalars.index(after: index)...]))
  }
}
