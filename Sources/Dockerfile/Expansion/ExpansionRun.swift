internal import OCI

/// One text on its way through the expander.
struct ExpansionRun {
  struct Failure: Error { var reason: String }

  typealias Lookup = (String) -> String?

  private let expander: Expander
  private let input: [Unicode.Scalar]
  private var at = 0
  private var depth = 0
  /// How much variables may still put in, counting what is thrown away again, too.
  private var budget = Expander.largest
  private(set) var used: [String] = []
  private(set) var undefined: [String] = []
  private var isKnown: Set<String> = []

  init(_ text: String, _ expander: Expander) {
    self.expander = expander
    input = Array(text.unicodeScalars)
  }

  var peek: Unicode.Scalar? { at < input.count ? input[at] : nil }

  mutating func take() -> Unicode.Scalar? {
    guard at < input.count else { return nil }
    defer { at += 1 }
    return input[at]
  }

  mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    guard peek == scalar else { return false }
    at += 1
    return true
  }

  var keepsUnset: Bool { expander.options.contains(.keepsUnset) }

  /// Expands up to this scalar, which is taken as well, or to the end.
  mutating func expand(
    until stop: Unicode.Scalar?, keepsEscapes: Bool, _ lookup: Lookup, _ words: inout WordCollector
  ) throws(Failure) -> [Unicode.Scalar] {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Expander.deepest else { throw Failure(reason: "more than \(Expander.deepest) ${ in each other") }
    var result: [Unicode.Scalar] = []
    while let scalar = peek {
      if scalar == stop {
        at += 1
        return result
      }
      let start = result.count
      switch scalar {
      case "$":
        result += try variable(lookup)
        for scalar in result[start...] { words.append(scalar) }
      case "'" where !expander.options.contains(.ignoresQuotes):
        result += try singleQuoted()
        words.append(quoted: result[start...])
      case "\"" where !expander.options.contains(.ignoresQuotes):
        result += try doubleQuoted(keepsEscapes: keepsEscapes, lookup)
        words.append(quoted: result[start...])
      case "<":
        result += heredocMark()
        words.append(quoted: result[start...])
      case expander.escape:
        at += 1
        if keepsEscapes { result.append(scalar) }
        if let escaped = take() { result.append(escaped) }
        words.append(quoted: result[start...])
      default:
        at += 1
        result.append(scalar)
        words.append(scalar)
      }
    }
    guard let stop else { return result }
    throw Failure(reason: stop == "}" ? "a ${ without its }" : "a ${NAME/PATTERN/ without its second /")
  }

  mutating func spend(_ count: Int) throws(Failure) {
    budget -= count
    guard budget >= 0 else { throw Failure(reason: "it expands to more than \(Expander.largest) characters") }
  }

  /// Nothing between single quotes means anything.
  private mutating func singleQuoted() throws(Failure) -> [Unicode.Scalar] {
    let start = at
    guard let end = input[(start + 1)...].firstIndex(of: "'") else {
      throw Failure(reason: "a ' without its counterpart")
    }
    at = end + 1
    return Array(expander.options.contains(.keepsQuotes) ? input[start...end] : input[(start + 1)..<end])
  }

  /// Between double quotes there are variables, and the escape character in front of a quote, a `$` and itself.
  private mutating func doubleQuoted(keepsEscapes: Bool, _ lookup: Lookup) throws(Failure) -> [Unicode.Scalar] {
    let quotes: [Unicode.Scalar] = expander.options.contains(.keepsQuotes) ? ["\""] : []
    var result = quotes
    at += 1
    while let scalar = peek {
      switch scalar {
      case "\"":
        at += 1
        return result + quotes
      case "$": result += try variable(lookup)
      case expander.escape:
        at += 1
        let isEscape = peek == "\"" || peek == "$" || peek == expander.escape
        if keepsEscapes || !isEscape { result.append(scalar) }
        if isEscape, let escaped = take() { result.append(escaped) }
      default:
        at += 1
        result.append(scalar)
      }
    }
    throw Failure(reason: "a \" without its counterpart")
  }

  /// `<<`, and blanks after it: `<< EOF` is one word.
  private mutating func heredocMark() -> [Unicode.Scalar] {
    let start = at
    at += 1
    if take("<") {
      while peek == " " || peek == "\t" || peek == "\r" { at += 1 }
    }
    return Array(input[start..<at])
  }

  /// A name of letters, digits and `_`; digits alone; or one of the shell's special parameters.
  mutating func name() -> String {
    let start = at
    guard let first = peek else { return "" }
    if first.isDigit {
      while peek?.isDigit == true { at += 1 }
    } else if "@*#?-$!".unicodeScalars.contains(first) {
      at += 1
    } else {
      while let scalar = peek, scalar.isLetter || scalar.isDigit || scalar == "_" { at += 1 }
    }
    return String(input[start..<at])
  }

  /// A variable's value, and a note that it was wanted.
  mutating func value(_ name: String, _ lookup: Lookup) -> String? {
    let value = lookup(name)
    if isKnown.insert(name).inserted {
      if value == nil { undefined.append(name) } else { used.append(name) }
    }
    return value
  }
}
