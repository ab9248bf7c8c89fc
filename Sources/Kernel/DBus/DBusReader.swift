/// Unmarshals what a peer sent. Nothing in it is believed: every length is checked against what is there before it is used.
struct DBusReader {
  private let bytes: [UInt8]
  private let isBigEndian: Bool
  private(set) var position: Int
  /// Every value costs: an array of empty structures may not be long for free.
  private var budget = 1 << 17

  init(_ bytes: [UInt8], bigEndian: Bool, position: Int = 0) {
    self.bytes = bytes
    self.isBigEndian = bigEndian
    self.position = position
  }

  var isAtEnd: Bool { position == bytes.count }

  mutating func align(_ to: Int) throws(SystemError) {
    while !position.isMultiple(of: to) {
      guard try byte() == 0 else { throw DBusFault.malformed("padding is not zero") }
    }
  }

  mutating func read(_ type: DBusType, depth: Int = 0) throws(SystemError) -> DBusValue {
    guard depth <= DBusType.maximumDepth else { throw DBusFault.malformed("values are too deep") }
    budget -= 1
    guard budget >= 0 else { throw DBusFault.malformed("too many values") }
    try align(type.alignment)
    switch type {
    case .byte: return .byte(try byte())
    case .bool:
      let number: UInt32 = try number()
      guard number <= 1 else { throw DBusFault.malformed("a boolean is \(number)") }
      return .bool(number == 1)
    case .int16: return .int16(Int16(bitPattern: try number()))
    case .uint16: return .uint16(try number())
    case .int32: return .int32(Int32(bitPattern: try number()))
    case .uint32: return .uint32(try number())
    case .int64: return .int64(Int64(bitPattern: try number()))
    case .uint64: return .uint64(try number())
    case .double: return .double(Double(bitPattern: try number()))
    case .string: return .string(try text(length: Int(try number() as UInt32)))
    case .path:
      let path = try text(length: Int(try number() as UInt32))
      guard DBusValue.isPath(path) else { throw DBusFault.malformed("bad object path") }
      return .path(path)
    case .signature: return .signature(try signature().text)
    case .array(let element): return .array(element, try elements(element, depth))
    case .structure(let types):
      var members: [DBusValue] = []
      for type in types { members.append(try read(type, depth: depth + 1)) }
      return .structure(members)
    case .entry(let key, let value):
      return .entry(try read(key, depth: depth + 1), try read(value, depth: depth + 1))
    case .variant:
      let types = try signature().types
      guard types.count == 1, let only = types.first else { throw DBusFault.malformed("a variant is not one value") }
      return .variant(try read(only, depth: depth + 1))
    }
  }

  private mutating func elements(_ type: DBusType, _ depth: Int) throws(SystemError) -> [DBusValue] {
    let length = Int(try number() as UInt32)
    try align(type.alignment)
    guard length <= bytes.count - position else { throw DBusFault.malformed("an array is longer than its message") }
    let end = position + length
    var values: [DBusValue] = []
    while position < end { values.append(try read(type, depth: depth + 1)) }
    guard position == end else { throw DBusFault.malformed("an array ends inside a value") }
    return values
  }

  private mutating func signature() throws(SystemError) -> (text: String, types: [DBusType]) {
    let text = try text(length: Int(try byte()))
    return (text, try DBusType.parse(text))
  }

  private mutating func text(length: Int) throws(SystemError) -> String {
    guard length < bytes.count - position else { throw DBusFault.malformed("a text is longer than its message") }
    let part = bytes[position..<(position + length)]
    guard bytes[position + length] == 0, !part.contains(0), let text = String(validating: part, as: UTF8.self) else {
      throw DBusFault.malformed("a text is not UTF-8 with one NUL at its end")
    }
    position += length + 1
    return text
  }

  private mutating func byte() throws(SystemError) -> UInt8 {
    guard position < bytes.count else { throw DBusFault.malformed("it ends too early") }
    defer { position += 1 }
    return bytes[position]
  }

  private mutating func number<Number: FixedWidthInteger>() throws(SystemError) -> Number {
    let size = Number.bitWidth / 8
    guard size <= bytes.count - position else { throw DBusFault.malformed("it ends too early") }
    var number: Number = 0
    for index in 0..<size {
      let byte = bytes[position + (isBigEndian ? index : size - 1 - index)]
      number = number << 8 | Number(truncatingIfNeeded: byte)
    }
    position += size
    return number
  }
}
