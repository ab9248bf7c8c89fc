import Glibc
import Kernel
import Testing

@testable import Layers

/// Bytes in memory, given in pieces as a download would come.
struct MemorySource: ByteSource, ~Copyable {
  let bytes: [UInt8]
  let piece: Int
  private var index = 0

  init(_ bytes: [UInt8], piece: Int = 1 << 20) {
    self.bytes = bytes
    self.piece = piece
  }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(piece, buffer.count, bytes.count - index)
    buffer.copyBytes(from: bytes[index..<(index + count)])
    index += count
    return count
  }
}

@Suite struct DecompressorTests {
  /// Text that compresses, and bytes that do not.
  private static let content: [UInt8] = {
    var random = Generator(state: 7)
    var bytes: [UInt8] = []
    for line in 0..<20_000 {
      bytes += Array("line \(line % 97) of \(line)\n".utf8)
      if line % 50 == 0 { for _ in 0..<300 { bytes.append(UInt8.random(in: 0...255, using: &random)) } }
    }
    return bytes
  }()

  private static func compressed(_ command: String) throws -> [UInt8] {
    let scratch = try Scratch()
    try scratch.write(content, to: "plain")
    try scratch.shell(command)
    return try scratch.read("out")
  }

  private func decompress(
    _ bytes: [UInt8], engine: GzipDecoder.Engine = .best, piece: Int = 1 << 20, room: Int = 1 << 16
  ) throws(LayerError) -> (content: [UInt8], observed: Int) {
    nonisolated(unsafe) var observed = 0
    var decompressor = Decompressor(MemorySource(bytes, piece: piece), engine: engine) { observed += $0.count }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 16)
    defer { buffer.deallocate() }
    var content: [UInt8] = []
    while true {
      let count = try decompressor.read(into: buffer)
      if count == 0 { return (content, observed) }
      content += buffer[..<count]
    }
  }

  private static let engines = GzipDecoder.Engine.allCases.filter(\.isThere)

  @Test func theFastEngineIsUsedWhereItIsInstalled() {
    let isInstalled = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64"].contains {
      access("\($0)/libisal.so.2", R_OK) == 0
    }
    #expect(GzipDecoder.Engine.best == (isInstalled ? .isal : .zlib))
  }

  @Test(arguments: engines, [(1 << 20, 1 << 20), (1, 1 << 16), (4096, 1), (7, 13), (65536, 512)])
  func gzipInPieces(engine: GzipDecoder.Engine, sizes: (piece: Int, room: Int)) throws {
    let bytes = try Self.compressed("gzip -c plain > out")
    let found = try decompress(bytes, engine: engine, piece: sizes.piece, room: sizes.room)
    #expect(found.content == Self.content)
    #expect(found.observed == bytes.count)
  }

  @Test(arguments: engines)
  func gzipOfManyMembersWithZerosBehind(engine: GzipDecoder.Engine) throws {
    let command = "split -b 10000 plain p.; for p in p.*; do gzip -c $p; done > out; : | gzip -c >> out"
    let bytes = try Self.compressed(command)
    for piece in [1 << 20, 1000, 3] {
      #expect(try decompress(bytes, engine: engine, piece: piece).content == Self.content)
      let padded = bytes + [UInt8](repeating: 0, count: 5000)
      #expect(try decompress(padded, engine: engine, piece: piece).content == Self.content)
    }
    for garbage: [UInt8] in [[1], [0, 0, 1], Array(bytes.prefix(5)), [0x1f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]] {
      #expect(throws: LayerError.self) { try decompress(bytes + garbage, engine: engine) }
    }
  }

  @Test(arguments: engines)
  func gzipHeadersWithEverything(engine: GzipDecoder.Engine) throws {
    let script = """
      import zlib, struct, sys
      data = open('plain', 'rb').read()
      head = bytes([0x1f, 0x8b, 8, 0x1e, 1, 2, 3, 4, 0, 255]) + struct.pack('<H', 5) + b'extra' + b'name\\0' + b'note\\0'
      head += struct.pack('<H', zlib.crc32(head) & 0xffff)
      c = zlib.compressobj(9, zlib.DEFLATED, -15)
      body = c.compress(data) + c.flush()
      open('out', 'wb').write(head + body + struct.pack('<II', zlib.crc32(data), len(data)))
      """
    guard Machine.hasPython else { return }
    let bytes = try Self.compressed("cat > make.py <<'END'\n\(script)\nEND\npython3 make.py")
    for piece in [1, 11, 1 << 20] {
      #expect(try decompress(bytes, engine: engine, piece: piece).content == Self.content)
    }
  }

  @Test(arguments: engines)
  func gzipThatIsDamaged(engine: GzipDecoder.Engine) throws {
    let bytes = try Self.compressed("gzip -c plain > out")
    for length in [10, 11, 100, bytes.count / 2, bytes.count - 9, bytes.count - 8, bytes.count - 1] {
      #expect { try decompress(Array(bytes.prefix(length)), engine: engine) } throws: { "\($0)".contains("truncated") }
    }
    for place in [bytes.count - 1, bytes.count - 8] {
      var wrong = bytes
      wrong[place] ^= 1
      #expect { try decompress(wrong, engine: engine) } throws: { "\($0)".contains("checksum") }
    }
    // Wherever it is: never the right content, never a crash.
    var random = Generator(state: 1)
    for _ in 0..<200 {
      var wrong = bytes
      wrong[Int.random(in: 10..<bytes.count, using: &random)] ^= UInt8(1 << Int.random(in: 0..<8, using: &random))
      #expect(throws: LayerError.self) { try decompress(wrong, engine: engine) }
    }
  }

  @Test(.enabled(if: Machine.has("zstd"), "needs zstd"), arguments: [1 << 20, 1, 999])
  func zstdOfManyFrames(piece: Int) throws {
    let frames = try Self.compressed("split -b 100000 plain p.; for p in p.*; do zstd -qc $p; done > out")
    let skipped: [UInt8] = [0x5a, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]
    let bytes = skipped + frames + skipped
    let found = try decompress(bytes, piece: piece)
    #expect(found.content == Self.content)
    #expect(found.observed == bytes.count)
    for length in [5, 13, 1000, skipped.count + frames.count - 1, bytes.count - 1] {
      #expect { try decompress(Array(bytes.prefix(length)), piece: piece) } throws: { "\($0)".contains("truncated") }
    }
    #expect(throws: LayerError.self) { try decompress(bytes + [0], piece: piece) }
    var wrong = bytes
    wrong[bytes.count / 2] ^= 0x10
    #expect(throws: LayerError.self) { try decompress(wrong, piece: piece) }
  }

  @Test func plainBytesAreReadAsTheyAre() throws {
    for bytes in [[], [1], Array(Self.content.prefix(10)), Self.content] {
      for piece in [1 << 20, 3] {
        let found = try decompress(bytes, piece: piece, room: 1000)
        #expect(found.content == bytes)
        #expect(found.observed == bytes.count)
      }
    }
  }

  @Test func formsThatNoLayerMayHaveAreNamed() {
    #expect { try decompress([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 1, 2]) } throws: { "\($0)".contains("xz") }
    #expect { try decompress(Array("BZh91AY&SY___".utf8)) } throws: { "\($0)".contains("bzip2") }
  }
}

/// Numbers that are the same in every run.
struct Generator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var value = state
    value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
    value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
    return value ^ (value >> 31)
  }
}
