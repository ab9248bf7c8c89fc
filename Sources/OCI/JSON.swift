/// A JSON value (RFC 8259) in which nothing of the document is lost: integers are exact, members keep their order.
public enum JSON: Sendable, Equatable {
  case null
  case bool(Bool)
  /// Every integer that an `Int64` holds.
  case integer(Int64)
  /// An integer above `Int64.max`; smaller ones are `integer`.
  case unsigned(UInt64)
  /// A number with a fraction or an exponent, or an integer beyond 64 bits.
  case number(Double)
  case string(String)
  case array([JSON])
  case object([Member])

  /// One name and value of an object.
  public struct Member: Sendable, Equatable {
    public var key: String
    public var value: JSON

    public init(_ key: String, _ value: JSON) {
      self.key = key
      self.value = value
    }
  }

  /// The value of a member; `nil` when this is no object or has no such member.
  public subscript(key: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    for member in members where member.key == key { return member.value }
    return nil
  }

  /// An element; `nil` when this is no array or has no such element.
  public subscript(index: Int) -> JSON? {
    guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
    return elements[index]
  }

  /// The text of a string; `nil` for every other kind.
  public var string: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  /// The integer; `nil` for every other kind and above `Int64.max`.
  public var integer: Int64? {
    guard case .integer(let value) = self else { return nil }
    return value
  }

  /// The elements of an array; `nil` for every other kind.
  public var elements: [JSON]? {
    guard case .array(let elements) = self else { return nil }
    return elements
  }

  /// The members of an object; `nil` for every other kind.
  public var members: [Member]? {
    guard case .object(let members) = self else { return nil }
    return members
  }

  /// An array of strings.
  public static func strings(_ texts: [String]) -> JSON {
    .array(texts.map { .string($0) })
  }

  /// An object of strings, sorted by name in bytes as Go's encoder does.
  public static func strings(_ texts: [String: String]) -> JSON {
    let sorted = texts.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    return .object(sorted.map { Member($0.key, .string($0.value)) })
  }
}

/// Why a document is no JSON, and where.
public struct JSONError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Bytes before the fault.
  public let offset: Int
  /// From 1.
  public let line: Int
  /// In bytes, from 1.
  public let column: Int
  public let reason: String

  /// One line, such as `line 3, column 14: expected a value, found "}"`.
  public var description: String { "line \(line), column \(column): \(reason)" }
}
