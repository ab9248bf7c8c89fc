import Testing

@testable import Container

@Suite struct ProtobufTests {
  private static let sample: [UInt8] = {
    var writer = ProtobufWriter()
    writer.add(1, 6)
    writer.add(2, -1)
    writer.add(300, "text")
    writer.add(5) { inner in
      inner.add(1, "setup-namespaces")
      inner.add(2, 1 << 31)
    }
    return writer.bytes
  }()

  @Test func whatIsWrittenIsRead() throws {
    let message = try #require(ProtobufMessage(Self.sample))
    #expect(message.numbers == [1: 6, 2: UInt64.max])
    #expect(message.text(300) == "text")
    #expect(message.message(5)?.text(1) == "setup-namespaces")
    #expect(message.message(5)?.numbers[2] == 1 << 31)
  }

  /// From the format's documentation: field 1 is 150, field 2 is "testing".
  @Test func documentedBytes() {
    var writer = ProtobufWriter()
    writer.add(1, 150)
    writer.add(2, "testing")
    #expect(writer.bytes == [0x08, 0x96, 0x01, 0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67])
  }

  @Test func noWholeMessage() {
    for bytes: [UInt8] in [
      [0x08], [0x08, 0x80], [0x12, 0x02, 0x41], [0x0b], [0x00, 0x01], [0x0d, 1, 2, 3], [0x09, 1, 2, 3, 4, 5, 6, 7],
      [0x08] + [UInt8](repeating: 0xff, count: 10), [0x12] + [UInt8](repeating: 0xff, count: 9) + [0x01],
    ] {
      #expect(ProtobufMessage(bytes) == nil, "\(bytes)")
    }
  }

  /// Every cut, and every byte with every value: nothing may trap, and a cut inside of a field is no message.
  @Test func mutations() {
    for length in 0..<Self.sample.count { _ = ProtobufMessage(Array(Self.sample.prefix(length)))?.message(5) }
    for index in Self.sample.indices {
      for value in UInt8.min...UInt8.max {
        var bytes = Self.sample
        bytes[index] = value
        _ = ProtobufMessage(bytes)?.message(5)?.text(1)
      }
    }
    #expect(ProtobufMessage(Array(Self.sample.dropLast())) == nil)
  }

  @Test func aRequestIsAMessage() throws {
    var request = CriuRequest(kind: .restore, images: 7, work: 8)
    request.root = "/r"
    request.external = ["mnt[a]:/b"]
    request.inherited = [(key: "pipe:[1]", number: 9)]
    let message = try #require(ProtobufMessage(request.bytes))
    #expect(message.numbers[1] == 2)
    let options = try #require(message.message(2))
    #expect(options.numbers[1] == 7 && options.numbers[17] == 8 && options.numbers[26] == 1)
    #expect(options.text(13) == "/r" && options.text(37) == "mnt[a]:/b")
    #expect(options.message(27)?.numbers[2] == 9)
  }
}
