/// What a registry wants to see, from `WWW-Authenticate` (RFC 9110 "Authentication", distribution's token specification).
enum Challenge: Sendable, Equatable {
  case basic
  /// A token of the server at `realm`, for what the registry calls itself and what it takes the request for.
  case bearer(realm: String, service: String?, scopes: [String])

  private static let longestHeader = 8192
  private static let mostParts = 32

  /// The one to answer: a token if it may be one. `nil` if none can be answered, or read.
  static func best(of headers: [String]) -> Challenge? {
    let challenges = headers.prefix(8).flatMap { parse($0) ?? [] }
    return challenges.first { $0 != .basic } ?? challenges.first
  }

  /// - Returns: `nil` when the header breaks the grammar: half of a challenge may say something else than the whole.
  static func parse(_ header: String) -> [Challenge]? {
    guard header.utf8.count <= longestHeader else { return nil }
    var parser = HeaderParser(header)
    var challenges: [Challenge] = []
    var parts = 0
    while true {
      parser.skip(anyOf: " \t,")
      if parser.isAtEnd { return challenges }
      guard let scheme = parser.token() else { return nil }
      var parameters: [String: String] = [:]
      // A name with "=" behind it is a parameter of this challenge, one without begins the next.
      while let (name, value) = parser.parameter() {
        parts += 1
        guard parts <= mostParts, parameters.updateValue(value, forKey: name.lowercased()) == nil else { return nil }
      }
      parts += 1
      guard parts <= mostParts, parser.isAtBoundary else { return nil }
      switch scheme.lowercased() {
      case "basic": challenges.append(.basic)
      case "bearer":
        guard let realm = parameters["realm"] else { return nil }
        let scopes = (parameters["scope"] ?? "").split(separator: " ").map(String.init)
        challenges.append(.bearer(realm: realm, service: parameters["service"], scopes: scopes))
      default: break
      }
    }
  }
}

/// Tokens and quoted strings of a header (RFC 9110 section 5.6).
struct HeaderParser {
  private var rest: Substring.UTF8View

  init(_ text: String) { rest = text[...].utf8 }

  var isAtEnd: Bool { rest.isEmpty }

  /// Whether what was read ends here, and is not only the beginning of something that is no token.
  var isAtBoundary: Bool { rest.first.map { " \t,".utf8.contains($0) } ?? true || nextIsToken }

  private var nextIsToken: Bool { rest.first.map(Self.isTokenByte) ?? false }

  mutating func skip(anyOf characters: String) {
    while let byte = rest.first, characters.utf8.contains(byte) { rest.removeFirst() }
  }

  mutating func token() -> String? {
    let token = rest.prefix(while: Self.isTokenByte)
    guard !token.isEmpty else { return nil }
    rest = rest[token.endIndex...]
    return String(Substring(token))
  }

  /// `name=value` or `name="value"` after a space or a comma; nothing is taken when there is none.
  mutating func parameter() -> (name: String, value: String)? {
    var ahead = self
    ahead.skip(anyOf: " \t,")
    guard let name = ahead.token() else { return nil }
    ahead.skip(anyOf: " \t")
    guard ahead.take(UInt8(ascii: "=")) else { return nil }
    ahead.skip(anyOf: " \t")
    guard let value = ahead.quotedString() ?? ahead.token() else { return nil }
    self = ahead
    return (name, value)
  }

  mutating func quotedString() -> String? {
    var ahead = self
    guard ahead.take(UInt8(ascii: "\"")) else { return nil }
    var bytes: [UInt8] = []
    while let byte = ahead.rest.popFirst() {
      switch byte {
      case UInt8(ascii: "\""):
        self = ahead
        return String(decoding: bytes, as: UTF8.self)
      case UInt8(ascii: "\\"):
        guard let escaped = ahead.rest.popFirst() else { return nil }
        bytes.append(escaped)
      case 0..<0x20 where byte != 0x09, 0x7F: return nil
      default: bytes.append(byte)
      }
    }
    return nil
  }

  mutating func take(_ byte: UInt8) -> Bool {
    guard rest.first == byte else { return false }
    rest.removeFirst()
    return true
  }

  private static func isTokenByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"):
      true
    default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }
  }
}
