import Testing

@testable import Kernel

/// The D-Bus codec against the specification's layout, and against peers that lie.
@Suite struct DBusCodecTests {
  static let values: [DBusValue] = [
    .byte(7), .bool(true), .int16(-2), .uint16(65535), .int32(-5), .uint32(9), .int64(.min), .uint64(.max),
    .double(0.5), .string("h\u{e9}"), .path("/a/b_1"), .signature("a{sv}"),
    .array(.uint32, [.uint32(1), .uint32(2)]), .array(.uint64, []),
    .structure([.byte(1), .structure([.uint64(2), .string("")])]),
    .array(.entry(.string, .variant), [.entry(.string("k"), .variant(.array(.byte, [.byte(1)])))]),
    .variant(.variant(.structure([.string("x"), .variant(.bool(false))]))),
  ]

  static var message: DBusMessage {
    var message = DBusMessage(.call, serial: 3)
    message.path = "/org/freedesktop/systemd1"
    message.interface = "org.freedesktop.systemd1.Manager"
    message.member = "StartTransientUnit"
    message.destination = "org.freedesktop.systemd1"
    message.body = values
    return message
  }

  @Test func messagesComeBack() throws {
    let bytes = try Self.message.encoded()
    #expect(try DBusMessage(decoding: bytes) == Self.message)
    #expect(try DBusMessage.length(prefix: Array(bytes.prefix(16))) == bytes.count)
    var error = DBusMessage(.error, serial: 1)
    error.errorName = "a.b"
    error.replySerial = 9
    error.sender = ":1.2"
    #expect(try DBusMessage(decoding: error.encoded()) == error)
  }

  /// The bytes of a Hello, laid out by hand from the specification, "Message Format".
  @Test func layout() throws {
    var hello = DBusMessage(.call, serial: 1)
    hello.path = "/a"
    hello.member = "Hi"
    hello.body = [.byte(5), .uint32(6)]
    let expected: [UInt8] =
      [0x6c, 1, 0, 1, 8, 0, 0, 0, 1, 0, 0, 0, 40, 0, 0, 0]
      + [1, 1, 0x6f, 0, 2, 0, 0, 0, 0x2f, 0x61, 0, 0, 0, 0, 0, 0]
      + [3, 1, 0x73, 0, 2, 0, 0, 0, 0x48, 0x69, 0, 0, 0, 0, 0, 0]
      + [8, 1, 0x67, 0, 2, 0x79, 0x75, 0] + [5, 0, 0, 0, 6, 0, 0, 0]
    #expect(try hello.encoded() == expected)
  }

  @Test func readsBigEndian() throws {
    let bytes: [UInt8] =
      [0x42, 2, 0, 1, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 15]
      + [5, 1, 0x75, 0, 0, 0, 1, 2, 8, 1, 0x67, 0, 1, 0x75, 0, 0] + [0, 0, 0, 9]
    let message = try DBusMessage(decoding: bytes)
    #expect(message?.kind == .reply)
    #expect(message?.replySerial == 258)
    #expect(message?.body == [.uint32(9)])
  }

  @Test func everyTruncationIsRefused() throws {
    let bytes = try Self.message.encoded()
    for count in 0..<bytes.count {
      #expect(throws: SystemError.self) { try DBusMessage(decoding: Array(bytes.prefix(count))) }
      var reader = DBusReader(Array(bytes.prefix(count)), bigEndian: false)
      _ = try? reader.read(.array(.variant))
    }
  }

  /// Whatever a byte is turned into, reading ends with a message or a refusal, and what was read can be sent.
  @Test func mutationsDoNoHarm() throws {
    let bytes = try Self.message.encoded()
    var refused = 0
    for index in bytes.indices {
      for value in [0, 1, 0x7f, 0x80, 0xff, bytes[index] &+ 1, bytes[index] ^ 0x20] as [UInt8] {
        var mutant = bytes
        mutant[index] = value
        do {
          guard let message = try DBusMessage(decoding: mutant) else { continue }
          _ = try message.encoded()
        } catch { refused += 1 }
      }
    }
    #expect(refused > bytes.count)
  }

  @Test func noiseDoesNoHarm() {
    var seed: UInt64 = 0x9e37_79b9_7f4a_7c15
    for _ in 0..<4000 {
      var bytes: [UInt8] = []
      for _ in 0..<96 {
        seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        bytes.append(UInt8(truncatingIfNeeded: seed >> 33) & (seed >> 60 < 8 ? 3 : 0xff))
      }
      for type in [DBusType.variant, .array(.variant), .array(.string), .array(.entry(.string, .variant))] {
        var reader = DBusReader(bytes, bigEndian: seed & 1 == 0)
        _ = try? reader.read(type)
      }
    }
  }

  @Test(arguments: ["a", "(", "()", "(u", "{sv}", "a{vs}", "a{s}", "a{svs}", "z", "h", ")", "u)"])
  func refusesSignatures(_ signature: String) {
    #expect(throws: SystemError.self) { try DBusType.parse(signature) }
  }

  @Test func depthIsBounded() throws {
    #expect(throws: SystemError.self) { try DBusType.parse(String(repeating: "a", count: 70) + "u") }
    #expect(try DBusType.parse(String(repeating: "a", count: 60) + "u").count == 1)
    var value = DBusValue.byte(1)
    for _ in 0..<80 { value = .variant(value) }
    var writer = DBusWriter()
    #expect(throws: SystemError.self) { try writer.write(value) }
    // Variants in variants, which no signature bounds: "v" and its NUL, over and over.
    let nested = [UInt8](repeating: 0, count: 0) + (0..<500).flatMap { _ in [1, 0x76, 0] as [UInt8] }
    var reader = DBusReader(nested, bigEndian: false)
    let error = #expect(throws: SystemError.self) { try reader.read(.variant) }
    #expect(error?.description.contains("too deep") == true)
  }

  @Test func textsAreChecked() throws {
    var writer = DBusWriter()
    #expect(throws: SystemError.self) { try writer.write(.string("a\0b")) }
    for path in ["", "a", "/a/", "//", "/a-b"] {
      #expect(throws: SystemError.self) { try writer.write(.path(path)) }
    }
    // Invalid UTF-8; a NUL inside; no NUL at the end.
    for text in [[1, 0, 0, 0, 0xff, 0], [2, 0, 0, 0, 0x61, 0, 0], [1, 0, 0, 0, 0x61, 1]] as [[UInt8]] {
      var reader = DBusReader(text, bigEndian: false)
      #expect(throws: SystemError.self) { try reader.read(.string) }
    }
    var boolean = DBusReader([2, 0, 0, 0], bigEndian: false)
    #expect(throws: SystemError.self) { try boolean.read(.bool) }
    var padded = DBusReader([1, 9, 0, 0, 1, 0, 0, 0], bigEndian: false)
    #expect(throws: SystemError.self) { try padded.read(.structure([.byte, .uint32])) }
  }

  @Test func longMessagesAreRefusedByTheirHeader() {
    let prefix: [UInt8] = [0x6c, 1, 0, 1, 0xff, 0xff, 0xff, 0x7f, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]
    #expect(throws: SystemError.self) { try DBusMessage.length(prefix: prefix) }
  }
}
