import Glibc
import Kernel
import Testing

@testable import Layers

@Suite struct LayerWriterTests {
  let workshop: Workshop

  init() throws { workshop = try Workshop() }

  /// Noise and repetition, larger than every buffer on the way.
  private static let data: [UInt8] = {
    var random = SystemRandomNumberGenerator()
    return (0..<3_000_000).map { $0 % 100_000 < 50_000 ? UInt8($0 & 63) : UInt8.random(in: 0...255, using: &random) }
  }()

  private func write(_ compression: LayerCompression, _ name: String) throws -> WrittenLayer {
    let file = try Descriptor.open("\(workshop.path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC)
    let writer = try LayerWriter(to: file.number, compression: compression)
    try writer.write([])
    var rest = Self.data[...]
    while !rest.isEmpty {
      let piece = rest.prefix(rest.count.isMultiple(of: 2) ? 700_001 : 100_000)
      try writer.write(Array(piece))
      rest = rest.dropFirst(piece.count)
    }
    return try writer.finish()
  }

  @Test(
    .enabled(if: access("/usr/bin/zstd", X_OK) == 0, "needs zstd"),
    arguments: [
      (LayerCompression.none, "cat"), (.gzip(), "gzip -dc"), (.gzip(level: 1), "gzip -dc"), (.zstd(), "zstd -dcq"),
      (.zstd(level: 12), "zstd -dcq"),
    ])
  func oneWayGivesBothDigests(_ compression: LayerCompression, _ reader: String) throws {
    let layer = try write(compression, "blob")
    let blob = "\(workshop.path)/blob"
    #expect(try bash("sha256sum < \(blob)") == "\(layer.digest.dropFirst(7))  -\n")
    #expect(try bash("stat -c %s \(blob)") == "\(layer.size)\n")
    #expect(try bash("\(reader) \(blob) | sha256sum") == "\(layer.diffID.dropFirst(7))  -\n")
    #expect(layer.diffSize == UInt64(Self.data.count))
    #expect((layer.diffID == layer.digest) == (compression == .none))
  }

  @Test func theSameBytesGiveTheSameBlob() throws {
    for compression in [LayerCompression.gzip(), .zstd()] {
      #expect(try write(compression, "a") == write(compression, "b"))
    }
    // No name, no time.
    _ = try write(.gzip(), "a")
    #expect(try readFile("\(workshop.path)/a", limit: 8 << 20).prefix(9) == [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0])
  }

  @Test func aFullDiskIsAnError() throws {
    let full = try Descriptor.open("/dev/full", O_WRONLY)
    let writer = try LayerWriter(to: full.number, compression: .none)
    #expect(throws: LayerError.self) { try writer.write([1, 2, 3]) }
  }

  @Test func levelsThatDoNotExistAreRefused() {
    #expect(throws: LayerError.self) { try LayerWriter(to: 1, compression: .gzip(level: 10)) }
    #expect(throws: LayerError.self) { try LayerWriter(to: 1, compression: .zstd(level: 100)) }
  }
}
