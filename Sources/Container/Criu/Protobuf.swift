/// Writes a message of Protocol Buffers: of their wire format, only numbers and blocks of bytes.
struct ProtobufWriter {
  private(set) var bytes: [UInt8] = []

  mutating func add(_ field: UInt64, _ number: Int) {
    varint(field << 3)
    // Negative ones as the format has them, in ten bytes.
    varint(UInt64(bitPattern: Int64(number)))
  }

  mutating func add(_ field: UInt64, _ flag: Bool) { if flag { add(field, 1) } }

  mutating func add(_ field: UInt64, _ text: String) { add(field, Array(text.utf8)) }

  mutating func add(_ field: UInt64, _ block: [UInt8]) {
    varint(field << 3 | 2)
    varint(UInt64(block.count))
    bytes += block
  }

  mutating func add(_ field: UInt64, _ build: (inout ProtobufWriter) -> Void) {
    var inner = ProtobufWriter()
    build(&inner)
    add(field, inner.bytes)
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest > 0x7f {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

/// The fields of a message of Protocol Buffers; of one that is repeated, the last.
struct ProtobufMessage: Equatable {
  private(set) var numbers: [UInt64: UInt64] = [:]
  private(set) var blocks: [UInt64: [UInt8]] = [:]

  /// `nil` for everything that is no whole message.
  init?(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      guard let key = Self.varint(&rest), key >> 3 > 0 else { return nil }
      switch key & 7 {
      case 0:
        guard let value = Self.varint(&rest) else { return nil }
        numbers[key >> 3] = value
      case 1, 5:
        let length = key & 7 == 1 ? 8 : 4
        guard rest.count >= length else { return nil }
        rest = rest.dropFirst(length)
      case 2:
        guard let length = Self.varint(&rest), length <= UInt64(rest.count) else { return nil }
        blocks[key >> 3] = Array(rest.prefix(Int(length)))
        rest = rest.dropFirst(Int(length))
      default: return nil
      }
    }
  }

  func text(_ field: UInt64) -> String? { blocks[field].map { String(decoding: $0, as: UTF8.self) } }

  func message(_ field: UInt64) -> ProtobufMessage? { blocks[field].flatMap { ProtobufMessage($0) } }

  private static func varint(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard let byte = rest.popFirst() else { return nil }
      // The tenth byte has room for one bit.
      if shift == 63, byte > 1 { return nil }
      value |= UInt64(byte & 0x7f) << shift
      if byte & 0x80 == 0 { return value }
    }
    return nil
  }
}
