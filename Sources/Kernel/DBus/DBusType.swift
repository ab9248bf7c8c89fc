/// A complete type of the D-Bus specification, "Type System"; `h` (descriptors) is not known here.
public indirect enum DBusType: Sendable, Equatable {
  case byte, bool, int16, uint16, int32, uint32, int64, uint64, double, string, path, signature, variant
  case array(DBusType)
  case structure([DBusType])
  /// Only as the element of an array.
  case entry(DBusType, DBusType)

  /// How deep values may lie in each other, variants counted: what others send is read by recursion.
  static let maximumDepth = 64

  /// The types of a whole signature.
  /// - Throws: a refusal if it is malformed, too long or too deep.
  public static func parse(_ signature: String) throws(SystemError) -> [DBusType] {
    let bytes = Array(signature.utf8)
    guard bytes.count <= 255 else { throw DBusFault.malformed("signature is longer than 255 bytes") }
    var position = 0
    var types: [DBusType] = []
    while position < bytes.count { types.append(try one(bytes, &position, depth: 0, inArray: false)) }
    return types
  }

  private static func one(
    _ bytes: [UInt8], _ position: inout Int, depth: Int, inArray: Bool
  ) throws(SystemError) -> DBusType {
    guard position < bytes.count, depth <= maximumDepth else { throw DBusFault.malformed("bad signature") }
    let code = bytes[position]
    position += 1
    if let basic = basic(code) { return basic }
    switch code {
    case UInt8(ascii: "v"): return .variant
    case UInt8(ascii: "a"): return .array(try one(bytes, &position, depth: depth + 1, inArray: true))
    case UInt8(ascii: "("):
      var members: [DBusType] = []
      while position < bytes.count, bytes[position] != UInt8(ascii: ")") {
        members.append(try one(bytes, &position, depth: depth + 1, inArray: false))
      }
      guard position < bytes.count, !members.isEmpty else { throw DBusFault.malformed("bad structure in signature") }
      position += 1
      return .structure(members)
    case UInt8(ascii: "{"):
      guard inArray, position < bytes.count, let key = basic(bytes[position]) else {
        throw DBusFault.malformed("bad dictionary in signature")
      }
      position += 1
      let value = try one(bytes, &position, depth: depth + 1, inArray: false)
      guard position < bytes.count, bytes[position] == UInt8(ascii: "}") else {
        throw DBusFault.malformed("bad dictionary in signature")
      }
      position += 1
      return .entry(key, value)
    default: throw DBusFault.malformed("unknown type in signature")
    }
  }

  private static func basic(_ code: UInt8) -> DBusType? {
    switch code {
    case UInt8(ascii: "y"): .byte
    case UInt8(ascii: "b"): .bool
    case UInt8(ascii: "n"): .int16
    case UInt8(ascii: "q"): .uint16
    case UInt8(ascii: "i"): .int32
    case UInt8(ascii: "u"): .uint32
    case UInt8(ascii: "x"): .int64
    case UInt8(ascii: "t"): .uint64
    case UInt8(ascii: "d"): .double
    case UInt8(ascii: "s"): .string
    case UInt8(ascii: "o"): .path
    case UInt8(ascii: "g"): .signature
    default: nil
    }
  }

  /// The type as a signature says it.
  public var text: String {
    switch self {
    case .byte: "y"
    case .bool: "b"
    case .int16: "n"
    case .uint16: "q"
    case .int32: "i"
    case .uint32: "u"
    case .int64: "x"
    case .uint64: "t"
    case .double: "d"
    case .string: "s"
    case .path: "o"
    case .signature: "g"
    case .variant: "v"
    case .array(let element): "a" + element.text
    case .structure(let members): "(" + members.map(\.text).joined() + ")"
    case .entry(let key, let value): "{" + key.text + value.text + "}"
    }
  }

  /// Where a value of the type may begin.
  var alignment: Int {
    switch self {
    case .byte, .signature, .variant: 1
    case .int16, .uint16: 2
    case .bool, .int32, .uint32, .string, .path, .array: 4
    case .int64, .uint64, .double, .structure, .entry: 8
    }
  }
}

/// What is wrong with bytes that claim to be D-Bus.
enum DBusFault {
  static func malformed(_ what: String) -> SystemError { SystemError.refusal("D-Bus: malformed message: \(what)") }
}
