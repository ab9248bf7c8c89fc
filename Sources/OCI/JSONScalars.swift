// Numbers and strings of the parser.
extension JSONParser {
  /// Longer numbers are refused: no reader keeps their digits, and converting them is work for nothing.
  private static let longestNumber = 1000

  mutating func number() throws(Failure) -> JSON {
    let start = at
    let negative = take(UInt8(ascii: "-"))
    let digits = at
    try integerPart()
    var isInteger = true
    var magnitude: UInt64? = 0
    for index in digits..<at { magnitude = next(magnitude, bytes[index]) }
    if take(UInt8(ascii: ".")) {
      isInteger = false
      try someDigits()
    }
    if let byte = peek(), byte | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      at += 1
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      try someDigits()
    }
    if isInteger, let magnitude, let value = Self.integer(magnitude, negative) { return value }
    guard at - start <= Self.longestNumber else {
      throw Failure(offset: start, reason: "a number of more than \(Self.longestNumber) characters")
    }
    guard let value = Double(String(decoding: bytes[start..<at], as: UTF8.self)), value.isFinite else {
      throw Failure(offset: start, reason: "a number out of range")
    }
    return .number(value)
  }

  private static func integer(_ magnitude: UInt64, _ negative: Bool) -> JSON? {
    if !negative {
      return magnitude <= UInt64(Int64.max) ? .integer(Int64(magnitude)) : .unsigned(magnitude)
    }
    guard magnitude <= Int64.min.magnitude else { return nil }
    return .integer(Int64(truncatingIfNeeded: 0 &- magnitude))
  }

  /// `nil` once the number does not fit.
  private func next(_ magnitude: UInt64?, _ digit: UInt8) -> UInt64? {
    guard let magnitude else { return nil }
    let (tens, tensOverflow) = magnitude.multipliedReportingOverflow(by: 10)
    let (sum, sumOverflow) = tens.addingReportingOverflow(UInt64(digit - UInt8(ascii: "0")))
    return tensOverflow || sumOverflow ? nil : sum
  }

  private mutating func integerPart() throws(Failure) {
    if take(UInt8(ascii: "0")) {
      if let byte = peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
        throw failure("a number must not begin with 0")
      }
      return
    }
    try someDigits()
  }

  private mutating func someDigits() throws(Failure) {
    let start = at
    while let byte = peek(), (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { at += 1 }
    guard at > start else { throw expected("a digit") }
  }

  // MARK: Strings

  /// A string without escapes is one copy and one check of its UTF-8; others are put together first.
  mutating func string() throws(Failure) -> String {
    at += 1
    let start = at
    try skipPlain()
    if take(UInt8(ascii: "\"")) { return try text(bytes[start..<(at - 1)], from: start) }

    var unescaped = Array(bytes[start..<at])
    while !take(UInt8(ascii: "\"")) {
      try escape(into: &unescaped)
      let run = at
      try skipPlain()
      unescaped.append(contentsOf: bytes[run..<at])
    }
    return try text(unescaped[...], from: start)
  }

  /// Stops at a quotation mark or a backslash.
  private mutating func skipPlain() throws(Failure) {
    while at < bytes.count {
      switch bytes[at] {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): return
      case 0..<0x20: throw failure("the control character \(hex(bytes[at])) must be escaped in a string")
      default: at += 1
      }
    }
    throw failure("expected a closing quotation mark, found the end")
  }

  private func text(_ slice: ArraySlice<UInt8>, from start: Int) throws(Failure) -> String {
    // Nearly every string is ASCII. The generic check costs five times as much as copying does: it looks its type's
    // metadata up for each string.
    let ascii: String? = slice.withUnsafeBufferPointer { source in
      guard source.allSatisfy({ $0 < 0x80 }) else { return nil }
      return String(unsafeUninitializedCapacity: source.count) { target in
        target.initialize(fromContentsOf: source)
      }
    }
    if let ascii { return ascii }
    if let text = String(validating: slice, as: UTF8.self) { return text }
    throw Failure(offset: start, reason: "a string that is not valid UTF-8")
  }

  private mutating func escape(into unescaped: inout [UInt8]) throws(Failure) {
    let start = at
    at += 1
    guard let kind = peek() else { throw failure("expected a closing quotation mark, found the end") }
    at += 1
    switch kind {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): unescaped.append(kind)
    case UInt8(ascii: "b"): unescaped.append(0x08)
    case UInt8(ascii: "f"): unescaped.append(0x0C)
    case UInt8(ascii: "n"): unescaped.append(0x0A)
    case UInt8(ascii: "r"): unescaped.append(0x0D)
    case UInt8(ascii: "t"): unescaped.append(0x09)
    case UInt8(ascii: "u"):
      guard let scalar = try scalar(), let encoded = UTF8.encode(scalar) else {
        throw Failure(offset: start, reason: "a lone surrogate in a string")
      }
      unescaped.append(contentsOf: encoded)
    default: throw Failure(offset: start, reason: "an unknown escape in a string")
    }
  }

  /// What `\u` stands for, a pair of surrogates together; `nil` for a lone one.
  private mutating func scalar() throws(Failure) -> UnicodeScalar? {
    let first = try fourHexDigits()
    guard (0xD800..<0xDC00).contains(first) else { return UnicodeScalar(first) }
    guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { return nil }
    let second = try fourHexDigits()
    guard (0xDC00..<0xE000).contains(second) else { return nil }
    return UnicodeScalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
  }

  private mutating func fourHexDigits() throws(Failure) -> UInt32 {
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek() else { throw expected("four hexadecimal digits") }
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: throw expected("four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      at += 1
    }
    return value
  }
}
