internal import OCI

/// `$NAME` and the forms of `${NAME…}`.
extension ExpansionRun {
  mutating func variable(_ lookup: Lookup) throws(Failure) -> [Unicode.Scalar] {
    let result = try substitution(lookup)
    try spend(result.count)
    return result
  }

  private mutating func substitution(_ lookup: Lookup) throws(Failure) -> [Unicode.Scalar] {
    _ = take("$")
    guard take("{") else {
      let name = name()
      guard !name.isEmpty else { return ["$"] }
      let value = value(name, lookup)
      if value == nil, keepsUnset { return Array("$\(name)".unicodeScalars) }
      return Array((value ?? "").unicodeScalars)
    }
    let name = name()
    guard !name.isEmpty else { throw Failure(reason: "expected a variable's name after ${") }
    guard let modifier = take() else { throw Failure(reason: "a ${ without its }") }
    switch modifier {
    case "}":
      let value = value(name, lookup)
      if value == nil, keepsUnset { return Array("${\(name)}".unicodeScalars) }
      return Array((value ?? "").unicodeScalars)
    case "/": return try replaced(name, lookup)
    case "#", "%": return try shortened(name, atEnd: modifier == "%", lookup)
    case ":":
      guard let second = take() else { throw Failure(reason: "a ${ without its }") }
      return try chosen(name, second, emptyIsUnset: true, lookup)
    default: return try chosen(name, modifier, emptyIsUnset: false, lookup)
    }
  }

  /// `-` a default, `+` a replacement, `?` a demand.
  private mutating func chosen(
    _ name: String, _ modifier: Unicode.Scalar, emptyIsUnset: Bool, _ lookup: Lookup
  ) throws(Failure) -> [Unicode.Scalar] {
    let written = (emptyIsUnset ? ":" : "") + String([modifier])
    guard modifier == "-" || modifier == "+" || modifier == "?" else {
      throw Failure(reason: "\(written.quotedForMessage()) in ${\(name)…}: expected }, -, +, ?, :-, :+, :?, #, % or /")
    }
    let word = try part(until: "}", keepsEscapes: false, lookup)
    let value = value(name, lookup)
    if value == nil, keepsUnset { return Array("${\(name)\(written)".unicodeScalars) + word + ["}"] }
    let isSet = emptyIsUnset ? value?.isEmpty == false : value != nil
    switch modifier {
    case "-": return isSet ? Array((value ?? "").unicodeScalars) : word
    case "+": return isSet ? word : []
    default:
      guard isSet else {
        let reason = value == nil ? "is not allowed to be unset" : "is not allowed to be empty"
        throw Failure(reason: "\(name): \(word.isEmpty ? reason : String(word).quotedForMessage())")
      }
      return Array((value ?? "").unicodeScalars)
    }
  }

  /// `#` and `%`: without what matches at the beginning or the end, the least of it; twice, the most of it.
  private mutating func shortened(_ name: String, atEnd: Bool, _ lookup: Lookup) throws(Failure) -> [Unicode.Scalar] {
    let modifier: Unicode.Scalar = atEnd ? "%" : "#"
    var word = try part(until: "}", keepsEscapes: true, lookup)[...]
    let value = value(name, lookup)
    if value == nil, keepsUnset { return Array("${\(name)\(modifier)".unicodeScalars) + word + ["}"] }
    let isGreedy = word.first == modifier
    if isGreedy { word = word.dropFirst() }
    let pattern = try ShellPattern(word)
    let scalars = Array((value ?? "").unicodeScalars)
    let count =
      atEnd
      ? try pattern.reversed.prefix(of: scalars.reversed(), longest: isGreedy)
      : try pattern.prefix(of: scalars, longest: isGreedy)
    guard let count else { return scalars }
    return atEnd ? scalars.dropLast(count) : Array(scalars.dropFirst(count))
  }

  /// `/PATTERN/TEXT`: the first match, or all of them after `//`.
  private mutating func replaced(_ name: String, _ lookup: Lookup) throws(Failure) -> [Unicode.Scalar] {
    let isAll = take("/")
    let word = try part(until: "/", keepsEscapes: true, lookup)
    let replacement = try part(until: "}", keepsEscapes: true, lookup)
    let value = value(name, lookup)
    if value == nil, keepsUnset {
      return Array("${\(name)\(isAll ? "//" : "/")".unicodeScalars) + word + ["/"] + replacement + ["}"]
    }
    let scalars = Array((value ?? "").unicodeScalars)
    let matches = try ShellPattern(word[...]).matches(in: scalars, all: isAll)
    var result: [Unicode.Scalar] = []
    var end = 0
    for match in matches {
      try spend(match.lowerBound - end + replacement.count)
      result += scalars[end..<match.lowerBound]
      result += replacement
      end = match.upperBound
    }
    return result + scalars[end...]
  }

  private mutating func part(
    until stop: Unicode.Scalar, keepsEscapes: Bool, _ lookup: Lookup
  ) throws(Failure) -> [Unicode.Scalar] {
    var words = WordCollector()
    return try expand(until: stop, keepsEscapes: keepsEscapes, lookup, &words)
  }
}
