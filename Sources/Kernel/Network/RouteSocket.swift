internal import CLinux
internal import Glibc

/// A conversation with the kernel about network devices (rtnetlink(7)). A socket belongs to the network namespace in
/// which it was made.
struct RouteSocket: ~Copyable {
  private let descriptor: Descriptor
  private var sequence: UInt32 = 0

  /// - Parameter namespace: an open network namespace; `nil` is the caller's own.
  init(in namespace: CInt? = nil) throws(SystemError) {
    let own = try Descriptor.open("/proc/self/ns/net", O_RDONLY)
    let number = clinux_route_socket(own.number, namespace ?? -1)
    guard number >= 0 else { throw SystemError("open route socket") }
    descriptor = Descriptor(adopting: number)
  }

  /// Sends a request and hears its answer.
  ///
  /// - Parameter body: the fixed part of the message and its attributes.
  /// - Returns: the messages before the acknowledgement.
  mutating func ask(
    _ type: UInt16, flags: UInt16 = 0, _ body: [UInt8], step: String, subject: String
  ) throws(SystemError) -> [RouteMessage] {
    sequence += 1
    var request: [UInt8] = []
    request.append(native: UInt32(16 + body.count))
    request.append(native: type)
    request.append(native: flags | Self.request | Self.acknowledge)
    request.append(native: sequence)
    request.append(native: UInt32(0))
    request += body
    let number = descriptor.number
    guard retrying({ Glibc.send(number, request, request.count, 0) }) == request.count else {
      throw SystemError(step, subject)
    }
    var messages: [RouteMessage] = []
    while true {
      for message in try receive(step, subject) where message.sequence == sequence {
        switch message.type {
        case Self.done: return messages
        case Self.error:
          let code = message.body.native(Int32.self, at: 0) ?? -EPROTO
          guard code == 0 else { throw SystemError(step, subject, errno: Errno(-code)) }
          return messages
        default:
          // A host has thousands of addresses at most.
          guard messages.count < 1 << 16 else { throw SystemError(step, subject, errno: Errno(EOVERFLOW)) }
          messages.append(message)
        }
      }
    }
  }

  private func receive(_ step: String, _ subject: String) throws(SystemError) -> [RouteMessage] {
    let number = descriptor.number
    var count = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: 65536) { buffer, filled in
      count = retrying { recv(number, buffer.baseAddress, buffer.count, 0) }
      filled = max(0, count)
    }
    guard count > 0 else { throw SystemError(step, subject) }
    return RouteMessage.all(in: bytes)
  }

  private static let request: UInt16 = 0x1
  private static let acknowledge: UInt16 = 0x4
  private static let error: UInt16 = 2
  private static let done: UInt16 = 3
}

/// One message of rtnetlink: `struct nlmsghdr`, a fixed part that depends on the type, attributes.
struct RouteMessage {
  let type: UInt16
  let sequence: UInt32
  let body: [UInt8]

  /// Splits what was received; a message that its length does not fit ends it.
  static func all(in bytes: [UInt8]) -> [RouteMessage] {
    var messages: [RouteMessage] = []
    var offset = 0
    while let length = bytes.native(UInt32.self, at: offset).map(Int.init), length >= 16,
      offset + length <= bytes.count, let type = bytes.native(UInt16.self, at: offset + 4),
      let sequence = bytes.native(UInt32.self, at: offset + 8)
    {
      messages.append(
        RouteMessage(type: type, sequence: sequence, body: Array(bytes[(offset + 16)..<(offset + length)])))
      offset += (length + 3) & ~3
    }
    return messages
  }

  /// The attributes behind a fixed part of so many bytes, by type.
  func attributes(after fixed: Int) -> [UInt16: [UInt8]] {
    var found: [UInt16: [UInt8]] = [:]
    var offset = fixed
    while let length = body.native(UInt16.self, at: offset).map(Int.init), length >= 4,
      offset + length <= body.count, let type = body.native(UInt16.self, at: offset + 2)
    {
      // The upper two bits say how the value is written.
      found[type & 0x3fff] = Array(body[(offset + 4)..<(offset + length)])
      offset += (length + 3) & ~3
    }
    return found
  }
}

extension [UInt8] {
  /// Appends a number in the machine's byte order.
  mutating func append<Number: FixedWidthInteger>(native number: Number) {
    Swift.withUnsafeBytes(of: number) { append(contentsOf: $0) }
  }

  /// Appends an attribute, padded to four bytes.
  mutating func append(attribute type: UInt16, _ value: [UInt8]) {
    append(native: UInt16(4 + value.count))
    append(native: type)
    append(contentsOf: value)
    while count % 4 != 0 { append(0) }
  }

  /// A number in the machine's byte order; `nil` beyond the end.
  func native<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Number.Type, at offset: Int) -> Number? {
    guard offset >= 0, offset + MemoryLayout<Number>.size <= count else { return nil }
    return withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
  }
}
