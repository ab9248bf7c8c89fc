extension JSON {
  /// The document as bytes, compact, or with each element on a line of its own behind `indent` for each level.
  ///
  /// Layout and escapes are those of Go's `encoding/json`, whose output engines compare and people diff: `": "` when
  /// indented, `[]` and `{}` when empty, `<`, `>`, `&`, U+2028 and U+2029 escaped, no newline at the end.
  public func bytes(indent: String? = nil) -> [UInt8] {
    var serializer = JSONSerializer(indent: indent.map { Array($0.utf8) })
    serializer.put(self, level: 0)
    return serializer.out
  }

  /// The same as text.
  public func text(indent: String? = nil) -> String {
    String(decoding: bytes(indent: indent), as: UTF8.self)
  }
}

struct JSONSerializer {
  let indent: [UInt8]?
  private(set) var out: [UInt8] = []

  init(indent: [UInt8]? = nil) {
    self.indent = indent
  }

  mutating func put(_ value: JSON, level: Int) {
    switch value {
    case .null: put("null")
    case .bool(let flag): put(flag ? "true" : "false")
    case .integer(let number): put(number.description)
    case .unsigned(let number): put(number.description)
    // JSON has no word for infinity and NaN; the parser never makes them.
    case .number(let number): put(number.isFinite ? number.description : "null")
    case .string(let text): put(quoted: text)
    case .array(let elements):
      list("[", "]", elements.count, level) { serializer, index in
        serializer.put(elements[index], level: level + 1)
      }
    case .object(let members):
      list("{", "}", members.count, level) { serializer, index in
        serializer.put(quoted: members[index].key)
        serializer.put(serializer.indent == nil ? ":" : ": ")
        serializer.put(members[index].value, level: level + 1)
      }
    }
  }

  private mutating func list(
    _ open: String, _ close: String, _ count: Int, _ level: Int, _ body: (inout JSONSerializer, Int) -> Void
  ) {
    put(open)
    for index in 0..<count {
      if index > 0 { put(",") }
      newline(level + 1)
      body(&self, index)
    }
    if count > 0 { newline(level) }
    put(close)
  }

  private mutating func newline(_ level: Int) {
    guard let indent else { return }
    out.append(0x0A)
    for _ in 0..<level { out.append(contentsOf: indent) }
  }

  private mutating func put(_ text: String) {
    out.append(contentsOf: text.utf8)
  }

  mutating func put(quoted text: String) {
    out.append(UInt8(ascii: "\""))
    var tail: (UInt8, UInt8) = (0, 0)
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\""): put("\\\"")
      case UInt8(ascii: "\\"): put("\\\\")
      case 0x08: put("\\b")
      case 0x0C: put("\\f")
      case 0x0A: put("\\n")
      case 0x0D: put("\\r")
      case 0x09: put("\\t")
      case 0..<0x20, UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "&"): put(escape: byte)
      // U+2028 and U+2029 are E2 80 A8 and E2 80 A9.
      case 0xA8 where tail == (0xE2, 0x80), 0xA9 where tail == (0xE2, 0x80):
        out.removeLast(2)
        put(byte == 0xA8 ? "\\u2028" : "\\u2029")
      default: out.append(byte)
      }
      tail = (tail.1, byte)
    }
    out.append(UInt8(ascii: "\""))
  }

  private mutating func put(escape byte: UInt8) {
    let digits = Array("0123456789abcdef".utf8)
    put("\\u00")
    out.append(digits[Int(byte >> 4)])
    out.append(digits[Int(byte & 15)])
  }
}
