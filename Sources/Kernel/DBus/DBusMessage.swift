/// One message: a header of fields, and values.
public struct DBusMessage: Sendable, Equatable {
  /// What a message is for; others are to be ignored.
  public enum Kind: UInt8, Sendable {
    case call = 1
    case reply = 2
    case error = 3
    case signal = 4
  }

  public var kind: Kind
  public var serial: UInt32
  public var path: String?
  public var interface: String?
  public var member: String?
  public var errorName: String?
  public var replySerial: UInt32?
  public var destination: String?
  public var sender: String?
  public var body: [DBusValue] = []

  public init(_ kind: Kind, serial: UInt32) {
    self.kind = kind
    self.serial = serial
  }

  /// What comes before the fields: the fixed part, with the fields' length.
  static let prefixLength = 16
  /// The specification has 128 MiB. Answers about a unit have some hundred bytes.
  static let maximumLength = 1 << 20

  /// The message's whole length, by its first 16 bytes.
  /// - Throws: a refusal of what is no message of version 1, or is too long.
  static func length(prefix: [UInt8]) throws(SystemError) -> Int {
    let bigEndian = try isBigEndian(prefix)
    guard prefix.count >= prefixLength, prefix[3] == 1 else { throw DBusFault.malformed("not version 1") }
    var reader = DBusReader(Array(prefix.prefix(prefixLength)), bigEndian: bigEndian, position: 4)
    guard case .uint32(let body) = try reader.read(.uint32), case .uint32 = try reader.read(.uint32),
      case .uint32(let fields) = try reader.read(.uint32)
    else { throw DBusFault.malformed("no lengths") }
    let length = prefixLength + (Int(fields) + 7) / 8 * 8 + Int(body)
    guard length <= maximumLength else { throw DBusFault.malformed("it is longer than \(maximumLength) bytes") }
    return length
  }

  private static func isBigEndian(_ bytes: [UInt8]) throws(SystemError) -> Bool {
    switch bytes.first {
    case UInt8(ascii: "l"): return false
    case UInt8(ascii: "B"): return true
    default: throw DBusFault.malformed("unknown byte order")
    }
  }

  /// The bytes to send.
  public func encoded() throws(SystemError) -> [UInt8] {
    var content = DBusWriter()
    for value in body { try content.write(value) }
    var fields: [(UInt8, DBusValue)] = []
    if let path { fields.append((1, .path(path))) }
    if let interface { fields.append((2, .string(interface))) }
    if let member { fields.append((3, .string(member))) }
    if let errorName { fields.append((4, .string(errorName))) }
    if let replySerial { fields.append((5, .uint32(replySerial))) }
    if let destination { fields.append((6, .string(destination))) }
    if let sender { fields.append((7, .string(sender))) }
    if !body.isEmpty { fields.append((8, .signature(body.map(\.type.text).joined()))) }
    var writer = DBusWriter()
    for byte in [UInt8(ascii: "l"), kind.rawValue, 0, 1] { try writer.write(.byte(byte)) }
    try writer.write(.uint32(UInt32(clamping: content.bytes.count)))
    try writer.write(.uint32(serial))
    try writer.write(
      .array(.structure([.byte, .variant]), fields.map { .structure([.byte($0.0), .variant($0.1)]) }))
    writer.align(8)
    let bytes = writer.bytes + content.bytes
    guard bytes.count <= Self.maximumLength else { throw SystemError.refusal("D-Bus: the message is too long to send") }
    return bytes
  }

  /// Reads a whole message; `nil` for a kind that is to be ignored.
  public init?(decoding bytes: [UInt8]) throws(SystemError) {
    guard try Self.length(prefix: bytes) == bytes.count else { throw DBusFault.malformed("its length is another") }
    var reader = DBusReader(bytes, bigEndian: try Self.isBigEndian(bytes), position: 8)
    guard case .uint32(let serial) = try reader.read(.uint32), serial != 0 else {
      throw DBusFault.malformed("its serial is 0")
    }
    guard case .array(_, let fields) = try reader.read(.array(.structure([.byte, .variant]))) else {
      throw DBusFault.malformed("no fields")
    }
    try reader.align(8)
    guard let kind = Kind(rawValue: bytes[1]) else { return nil }
    self.init(kind, serial: serial)
    var types: [DBusType] = []
    for field in fields {
      guard case .structure(let parts) = field, parts.count == 2, case .byte(let code) = parts[0],
        case .variant(let value) = parts[1]
      else { throw DBusFault.malformed("bad field") }
      switch (code, value) {
      case (1, .path(let text)): path = text
      case (2, .string(let text)): interface = text
      case (3, .string(let text)): member = text
      case (4, .string(let text)): errorName = text
      case (5, .uint32(let number)): replySerial = number
      case (6, .string(let text)): destination = text
      case (7, .string(let text)): sender = text
      case (8, .signature(let text)): types = try DBusType.parse(text)
      case (1...8, _): throw DBusFault.malformed("field \(code) has the wrong type")
      default: break
      }
    }
    for type in types { body.append(try reader.read(type)) }
    guard reader.isAtEnd else { throw DBusFault.malformed("bytes are left after its values") }
  }
}
