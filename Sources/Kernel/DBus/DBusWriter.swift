/// Marshals values, little-endian.
struct DBusWriter {
  private(set) var bytes: [UInt8] = []

  mutating func align(_ to: Int) {
    while !bytes.count.isMultiple(of: to) { bytes.append(0) }
  }

  /// - Throws: a refusal of what the receiver would hang up for: NUL in a text, an element of another type than said.
  mutating func write(_ value: DBusValue, depth: Int = 0) throws(SystemError) {
    guard depth <= DBusType.maximumDepth else { throw SystemError.refusal("D-Bus: a value is too deep") }
    align(value.type.alignment)
    switch value {
    case .byte(let number): bytes.append(number)
    case .bool(let flag): append(UInt32(flag ? 1 : 0))
    case .int16(let number): append(UInt16(bitPattern: number))
    case .uint16(let number): append(number)
    case .int32(let number): append(UInt32(bitPattern: number))
    case .uint32(let number): append(number)
    case .int64(let number): append(UInt64(bitPattern: number))
    case .uint64(let number): append(number)
    case .double(let number): append(number.bitPattern)
    case .string(let text): try append(text)
    case .path(let text):
      guard DBusValue.isPath(text) else { throw SystemError.refusal("D-Bus: \"\(text)\" is no object path") }
      try append(text)
    case .signature(let text): try append(signature: text)
    case .array(let element, let values): try append(values, of: element, depth)
    case .structure(let members):
      for member in members { try write(member, depth: depth + 1) }
    case .entry(let key, let value):
      try write(key, depth: depth + 1)
      try write(value, depth: depth + 1)
    case .variant(let value):
      try append(signature: value.type.text)
      try write(value, depth: depth + 1)
    }
  }

  private mutating func append(_ values: [DBusValue], of element: DBusType, _ depth: Int) throws(SystemError) {
    let place = bytes.count
    append(UInt32(0))
    align(element.alignment)
    // The padding before the first element does not count.
    let start = bytes.count
    for value in values {
      guard value.type == element else { throw SystemError.refusal("D-Bus: an array has elements of several types") }
      try write(value, depth: depth + 1)
    }
    let length = UInt32(clamping: bytes.count - start)
    for index in 0..<4 { bytes[place + index] = UInt8(truncatingIfNeeded: length >> (8 * UInt32(index))) }
  }

  private mutating func append(_ text: String) throws(SystemError) {
    guard !text.utf8.contains(0) else { throw SystemError.refusal("D-Bus: a text has a NUL byte") }
    append(UInt32(clamping: text.utf8.count))
    bytes += Array(text.utf8)
    bytes.append(0)
  }

  private mutating func append(signature: String) throws(SystemError) {
    _ = try DBusType.parse(signature)
    bytes.append(UInt8(signature.utf8.count))
    bytes += Array(signature.utf8)
    bytes.append(0)
  }

  private mutating func append<Number: FixedWidthInteger>(_ number: Number) {
    for index in 0..<(Number.bitWidth / 8) { bytes.append(UInt8(truncatingIfNeeded: number >> (8 * index))) }
  }
}
