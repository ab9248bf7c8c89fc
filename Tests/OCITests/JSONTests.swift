import Testing

@testable import OCI

private func parse(_ text: String) throws(JSONError) -> JSON {
  try JSON.parse(Array(text.utf8))
}

@Suite("JSON parser")
struct JSONParserTests {
  @Test(
    "Documents that RFC 8259 has",
    arguments: [
      ("null", JSON.null), (" \t\r\ntrue ", .bool(true)), ("false", .bool(false)),
      ("0", .integer(0)), ("-0", .integer(0)), ("-1", .integer(-1)), ("9223372036854775807", .integer(.max)),
      ("-9223372036854775808", .integer(.min)), ("9223372036854775808", .unsigned(1 << 63)),
      ("18446744073709551615", .unsigned(.max)), ("18446744073709551616", .number(18_446_744_073_709_551_616)),
      ("-9223372036854775809", .number(-0x1p63)),
      ("1.5", .number(1.5)), ("-0.0", .number(-0.0)), ("1e3", .number(1000)), ("1E+2", .number(100)),
      ("25e-1", .number(2.5)), ("1e-400", .number(0)),
      (#""""#, .string("")), (#""a/b\/c""#, .string("a/b/c")), (#""\"\\\b\f\n\r\t""#, .string("\"\\\u{8}\u{C}\n\r\t")),
      (#""\u0041\u00e9\uD83D\uDE00""#, .string("Aé😀")), (#""x\u0000y""#, .string("x\u{0}y")),
      ("\"é😀\u{7F}\u{2028}\"", .string("é😀\u{7F}\u{2028}")), (#""\uFFFF""#, .string("\u{FFFF}")),
      ("[]", .array([])), ("[ ]", .array([])),
      ("[1, [2],\n{}]", .array([.integer(1), .array([.integer(2)]), .object([])])),
      ("{ }", .object([])),
      (#"{"b":1,"a":{"b":null}}"#, .object([.init("b", .integer(1)), .init("a", .object([.init("b", .null)]))])),
      (#"{"":0}"#, .object([.init("", .integer(0))])),
    ])
  func accepts(text: String, expected: JSON) throws {
    #expect(try parse(text) == expected)
  }

  @Test(
    "Documents that it has not",
    arguments: [
      "", " ", "nul", "nulll", "True", "tru", "NaN", "Infinity", "-", "+1", "01", "-01", "1.", ".5", "1.e1", "1e",
      "1e+",
      "0x10", "1_000", "--1", "1 2", "'a'", "\"", "\"\\", "\"\\u", "\"\\u12\"", "\"\\u12G4\"", "\"\\x41\"", "\"\\'\"",
      "\"\\U0041\"",
      "\"a\nb\"", "\"a\tb\"", "\"\u{1}\"", #""\uD800""#, #""\uDC00""#, #""\uD800\u0041""#, #""\uD800\uD800""#,
      #""\uD83D\n""#, #""\uD800x""#,
      "[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1:2]", "[\"a\"", "[}", "{", "}", "{]", "{\"a\"", "{\"a\":",
      "{\"a\":1",
      "{\"a\":1,", "{\"a\":1,}", "{,}", "{a:1}", "{1:1}", "{null:1}", "{\"a\" 1}", "{\"a\":1 \"b\":2}", "{\"a\"::1}",
      "{\"a\":1}}", "[]]", "[] []", "// x\n1", "/* */1", "1 // x", "{\"a\":1}#", "\u{FEFF}1", "\u{A0}1", "[1,\u{0C}2]",
      "1e999", "-1e999", "\u{0}", "[1]\u{0}", "[1,\u{2028}2]",
    ])
  func refuses(text: String) {
    #expect(throws: JSONError.self) { try parse(text) }
  }

  @Test(
    "Bytes that are no UTF-8",
    arguments: [
      [0x80], [0xC3], [0xC0, 0xAF], [0xC1, 0x81], [0xE0, 0x80, 0xAF], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF],
      [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xE2, 0x82], [0xFF], [0xF8, 0x88, 0x80, 0x80, 0x80],
    ] as [[UInt8]])
  func refusesInvalidUTF8(bytes: [UInt8]) {
    let error = #expect(throws: JSONError.self) { try JSON.parse([0x5B, 0x22, 0x61] + bytes + [0x22, 0x5D]) }
    #expect(error?.reason == "a string that is not valid UTF-8")
    #expect(throws: JSONError.self) { try JSON.parse([0x22, 0x5C, 0x6E] + bytes + [0x22]) }
  }

  @Test(
    "Errors say where and why",
    arguments: [
      ("{\n  \"a\": }", "line 2, column 8: expected a value, found \"}\"", 9),
      ("[1,\n\n 2 3]", "line 3, column 4: expected \",\" or \"]\", found \"3\"", 8),
      ("{\"a\":1,\n \"a\":2}", "line 2, column 2: the name \"a\" comes twice in one object", 9),
      ("[\"x\u{7}\"]", "line 1, column 4: the control character 0x07 must be escaped in a string", 3),
      ("[\"\\ud800\"]", "line 1, column 3: a lone surrogate in a string", 2),
      ("", "line 1, column 1: expected a value, found the end", 0),
      ("\u{FEFF}{}", "line 1, column 1: a byte order mark is not allowed", 0),
      ("[\u{1B}]", "line 1, column 2: expected a value, found the byte 0x1B", 1),
      ("1e999", "line 1, column 1: a number out of range", 0),
    ])
  func errors(text: String, description: String, offset: Int) {
    let error = #expect(throws: JSONError.self) { try parse(text) }
    #expect(error?.description == description)
    #expect(error?.offset == offset)
  }

  @Test("Nesting ends at 64 levels, and no stack is needed to say so")
  func depth() throws {
    func nested(_ levels: Int) -> String {
      String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
    }
    #expect(throws: Never.self) { try parse(nested(64)) }
    #expect(throws: JSONError.self) { try parse(nested(65)) }
    let error = #expect(throws: JSONError.self) { try parse(String(repeating: "{\"a\":[", count: 1_000_000)) }
    #expect(error?.reason == "nested deeper than 64 levels")
    // Siblings do not add up.
    #expect(throws: Never.self) { try parse("[" + String(repeating: "[[]],", count: 100) + "0]") }
  }

  @Test("The size is bounded before anything is read")
  func limit() {
    let error = #expect(throws: JSONError.self) { try JSON.parse(Array("[1,2]".utf8), limit: 4) }
    #expect(error?.reason == "more than 4 bytes")
    #expect(throws: Never.self) { try JSON.parse(Array("[1,2]".utf8), limit: 5) }
    #expect(throws: JSONError.self) { try parse(String(repeating: "1", count: 2000)) }
  }

  @Test("Repeated names are found among few, among many, escaped, and at any depth")
  func repeatedNames() throws {
    let many = (0..<5000).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
    let object = try parse("{\(many)}")
    #expect(object.members?.count == 5000)
    #expect(object["k4999"] == .integer(4999))
    for repeated in ["k0", "k15", "k16", "k4999"] {
      let error = #expect(throws: JSONError.self) { try parse("{\(many),\"\(repeated)\":0}") }
      #expect(error?.reason == "the name \"\(repeated)\" comes twice in one object")
    }
    #expect(throws: JSONError.self) { try parse(#"[{"x":{"a":1,"\u0061":2}}]"#) }
    // Two spellings of one text would be one key of a dictionary.
    #expect(throws: JSONError.self) { try parse(#"{"\u00e9":1,"e\u0301":2}"#) }
    #expect(throws: Never.self) { try parse(#"[{"a":1},{"a":2}]"#) }
  }
}

@Suite("JSON serializer")
struct JSONSerializerTests {
  @Test("Layout is Go's")
  func layout() throws {
    let json = try parse(#"{"a":[1,{"b":null}],"c":{},"d":[],"e":-1.5,"f":true,"g":18446744073709551615}"#)
    #expect(json.text() == #"{"a":[1,{"b":null}],"c":{},"d":[],"e":-1.5,"f":true,"g":18446744073709551615}"#)
    let expected = """
      {
        "a": [
          1,
          {
            "b": null
          }
        ],
        "c": {},
        "d": [],
        "e": -1.5,
        "f": true,
        "g": 18446744073709551615
      }
      """
    #expect(json.text(indent: "  ") == expected)
    #expect(JSON.array([.integer(1)]).text(indent: "\t") == "[\n\t1\n]")
  }

  @Test(
    "Escapes are Go's",
    arguments: [
      ("\"\\/", #""\"\\/""#), ("\n\r\t\u{8}\u{C}", #""\n\r\t\b\f""#), ("\u{0}\u{1F}\u{7F}", "\"\\u0000\\u001f\u{7F}\""),
      ("<a&b>", #""\u003ca\u0026b\u003e""#), ("\u{2027}\u{2028}\u{2029}\u{202A}", "\"\u{2027}\\u2028\\u2029\u{202A}\""),
      ("é😀\u{A8}", "\"é😀\u{A8}\""),
    ])
  func escapes(text: String, expected: String) {
    // Compared as bytes: Swift's == would take other spellings too.
    #expect(Array(JSON.string(text).text().utf8) == Array(expected.utf8))
  }

  @Test("What is written is read as the same, compact and indented")
  func roundTrip() throws {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<500 {
      let json = randomJSON(depth: 5, &random)
      for indent in [nil, "", "  ", "\t"] {
        #expect(try JSON.parse(json.bytes(indent: indent)) == json)
      }
    }
  }

  private func randomJSON(depth: Int, _ random: inout SeededGenerator) -> JSON {
    let texts = ["", "a", "\"\\", "\u{0}\n", "é😀", "<\u{2028}>", "\u{FFFF}", "0"]
    switch Int.random(in: 0..<(depth > 0 ? 9 : 7), using: &random) {
    case 0: return .null
    case 1: return .bool(.random(using: &random))
    case 2: return .integer(.random(in: .min ... .max, using: &random))
    case 3: return .unsigned(.random(in: (1 << 63)...(.max), using: &random))
    case 4: return .number(Double.random(in: -1e30...1e30, using: &random))
    case 5: return .number(Double(Int.random(in: -5...5, using: &random)))
    case 6: return .string(texts.randomElement(using: &random) ?? "")
    case 7:
      return .array((0..<Int.random(in: 0...4, using: &random)).map { _ in randomJSON(depth: depth - 1, &random) })
    default:
      let count = Int.random(in: 0...20, using: &random)
      return .object((0..<count).map { .init("k\($0)", randomJSON(depth: depth - 1, &random)) })
    }
  }
}

/// SplitMix64: the same numbers in every run.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
