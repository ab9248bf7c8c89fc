extension JSON {
  /// The most bytes that a document may have by default: engines write 5 to 100 KB.
  public static let defaultLimit = 8 << 20
  /// How deep arrays and objects may be nested; config.json needs 7.
  public static let deepest = 64

  /// Reads one document, strictly as RFC 8259 has it.
  ///
  /// Refused besides what is no JSON: a byte order mark, bytes that are no UTF-8, lone surrogates, a name that comes
  /// twice in one object (readers differ in which of the two counts, which is a way past checks), more than `limit`
  /// bytes, more than `deepest` levels.
  public static func parse(_ bytes: [UInt8], limit: Int = defaultLimit) throws(JSONError) -> JSON {
    guard bytes.count <= limit else {
      throw JSONError(offset: limit, line: 1, column: 1, reason: "more than \(limit) bytes")
    }
    var parser = JSONParser(bytes)
    do {
      return try parser.document()
    } catch {
      throw parser.located(error)
    }
  }
}

/// A recursive descent over bytes; `JSON.deepest` bounds the recursion.
struct JSONParser {
  /// The fault without the line, which is only counted when there is one.
  struct Failure: Error {
    let offset: Int
    let reason: String
  }

  let bytes: [UInt8]
  var at = 0
  var depth = 0

  init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  mutating func document() throws(Failure) -> JSON {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw failure("a byte order mark is not allowed") }
    skipSpace()
    let value = try value()
    skipSpace()
    guard at == bytes.count else { throw expected("the end of the document") }
    return value
  }

  mutating func value() throws(Failure) -> JSON {
    guard let byte = peek() else { throw expected("a value") }
    switch byte {
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "{"): return try nested { parser throws(Failure) in try parser.object() }
    case UInt8(ascii: "["): return try nested { parser throws(Failure) in try parser.array() }
    case UInt8(ascii: "t"): return try literal("true", .bool(true))
    case UInt8(ascii: "f"): return try literal("false", .bool(false))
    case UInt8(ascii: "n"): return try literal("null", .null)
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    default: throw expected("a value")
    }
  }

  // MARK: Arrays and objects

  private mutating func nested(_ body: (inout JSONParser) throws(Failure) -> JSON) throws(Failure) -> JSON {
    guard depth < JSON.deepest else { throw failure("nested deeper than \(JSON.deepest) levels") }
    depth += 1
    at += 1
    skipSpace()
    let value = try body(&self)
    depth -= 1
    return value
  }

  private mutating func array() throws(Failure) -> JSON {
    var elements: [JSON] = []
    if take(UInt8(ascii: "]")) { return .array(elements) }
    while true {
      skipSpace()
      elements.append(try value())
      skipSpace()
      if take(UInt8(ascii: "]")) { return .array(elements) }
      guard take(UInt8(ascii: ",")) else { throw expected("\",\" or \"]\"") }
    }
  }

  private mutating func object() throws(Failure) -> JSON {
    var members: [JSON.Member] = []
    var names = Names()
    if take(UInt8(ascii: "}")) { return .object(members) }
    while true {
      skipSpace()
      let start = at
      guard peek() == UInt8(ascii: "\"") else { throw expected("a name in quotation marks") }
      let key = try string()
      guard names.insert(key, after: members) else {
        throw Failure(offset: start, reason: "the name \(quoted(key)) comes twice in one object")
      }
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw expected("\":\"") }
      skipSpace()
      members.append(JSON.Member(key, try value()))
      skipSpace()
      if take(UInt8(ascii: "}")) { return .object(members) }
      guard take(UInt8(ascii: ",")) else { throw expected("\",\" or \"}\"") }
    }
  }

  /// The names of one object. Few are compared one by one, which costs no allocation; many are hashed, so that a
  /// hostile object does not cost its square. Swift compares by canonical equivalence: two spellings of one text are
  /// a repetition too, as they would be in the dictionaries that the names end up in.
  private struct Names {
    private var hashed: Set<String> = []

    mutating func insert(_ key: String, after members: [JSON.Member]) -> Bool {
      if members.count < 16 {
        for member in members where member.key == key { return false }
        return true
      }
      if hashed.isEmpty {
        for member in members { hashed.insert(member.key) }
      }
      return hashed.insert(key).inserted
    }
  }

  // MARK: Bytes

  func peek() -> UInt8? {
    at < bytes.count ? bytes[at] : nil
  }

  mutating func take(_ byte: UInt8) -> Bool {
    guard at < bytes.count, bytes[at] == byte else { return false }
    at += 1
    return true
  }

  private mutating func skipSpace() {
    while at < bytes.count {
      switch bytes[at] {
      case 0x20, 0x09, 0x0A, 0x0D: at += 1
      default: return
      }
    }
  }

  private mutating func literal(_ name: StaticString, _ value: JSON) throws(Failure) -> JSON {
    let count = name.utf8CodeUnitCount
    let matches = name.withUTF8Buffer { bytes.dropFirst(at).prefix(count).elementsEqual($0) }
    guard matches else { throw expected("a value") }
    at += count
    return value
  }

  // MARK: Faults

  func failure(_ reason: String) -> Failure {
    Failure(offset: at, reason: reason)
  }

  func expected(_ what: String) -> Failure {
    guard let byte = peek() else { return failure("expected \(what), found the end") }
    guard (0x21...0x7E).contains(byte) else { return failure("expected \(what), found the byte \(hex(byte))") }
    return failure("expected \(what), found \(quoted(String(UnicodeScalar(byte))))")
  }

  func hex(_ byte: UInt8) -> String {
    "0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
  }

  func located(_ failure: Failure) -> JSONError {
    var line = 1
    var start = 0
    for index in 0..<min(failure.offset, bytes.count) where bytes[index] == 0x0A {
      line += 1
      start = index + 1
    }
    return JSONError(offset: failure.offset, line: line, column: failure.offset - start + 1, reason: failure.reason)
  }
}
