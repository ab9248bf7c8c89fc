import Glibc
import Kernel
import Layers
import Testing

/// Valid archives with something changed: a result or an error, never a crash, never more memory than the limits allow.
@Suite(.serialized) struct LayerFuzzTests {
  private static let limits = LayerLimits(size: 1 << 20, entries: 200, headers: 1 << 16, path: 1000)

  /// A bit of everything.
  private static let archive: [UInt8] = {
    var tar = RawTar()
    tar.add("./", type: "5", mode: 0o755)
    tar.add("d/", type: "5", mode: 0o1755)
    tar.add("d/file", data: String(repeating: "data", count: 300))
    tar.add("d/link", type: "2", target: "../x")
    tar.add("d/hard", type: "1", target: "d/file")
    tar.add("fifo", type: "6")
    tar.add(Array("@LongLink".utf8), type: "L", data: Array(String(repeating: "long/", count: 40).utf8) + [0])
    tar.add("short", data: "x")
    tar.add(Array("@LongLink".utf8), type: "K", data: Array(String(repeating: "t", count: 150).utf8) + [0])
    tar.add("k", type: "2", target: "t")
    tar.addRecords([
      ("path", "e/pax"), ("mtime", "-12.345678901234"), ("uid", "70"), ("SCHILY.xattr.user.a", "v"), ("size", "3"),
    ])
    tar.add("pax", data: "abc")
    tar.addRecords([("GNU.sparse.map", "0,2,98,2"), ("GNU.sparse.size", "100"), ("GNU.sparse.name", "sparse1")])
    tar.add("sparse", data: "abcd")
    tar.addRecords([("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "5000")])
    let map = Array("2\n0\n4\n4000\n4\n".utf8)
    tar.add(Array("sparse2".utf8), data: map + [UInt8](repeating: 0, count: 512 - map.count) + Array("abcdefgh".utf8))
    tar.add("d/.wh.gone")
    tar.add("o/.wh..wh..opq")
    tar.add("d/hard", data: "again")
    tar.add("d", data: "over the directory")
    tar.addEnd()
    return tar.bytes
  }()

  /// - Parameter seals: makes checksums right again, so that what was changed is looked at.
  private static func mutated(_ random: inout Generator, seals: Bool) -> [UInt8] {
    var bytes = archive
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      // Headers have most of what matters.
      let block = Int.random(in: 0..<(bytes.count / 512), using: &random) * 512
      let index = min(bytes.count - 1, block + Int.random(in: 0..<512, using: &random))
      switch Int.random(in: 0..<7, using: &random) {
      case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes[index] ^= UInt8(1 << Int.random(in: 0..<8, using: &random))
      case 2: bytes.removeSubrange(index..<min(bytes.count, index + Int.random(in: 1...600, using: &random)))
      case 3:
        let copy = Array(bytes[block..<min(bytes.count, block + 512 * Int.random(in: 1...3, using: &random))])
        bytes.insert(contentsOf: copy, at: Int.random(in: 0..<(bytes.count / 512), using: &random) * 512)
      case 4: bytes[min(bytes.count - 1, block + 156)] = Array("0123456SxgLKV7".utf8).randomElement(using: &random) ?? 0
      case 5:
        // A size, mode or id of its own.
        for place in 0..<12 where block + 124 + place < bytes.count {
          bytes[block + 124 + place] = Array("01237\u{0} -".utf8).randomElement(using: &random) ?? 0
        }
      default: bytes.removeLast(min(bytes.count - 512, Int.random(in: 1...2000, using: &random)))
      }
      if bytes.count < 1024 { break }
    }
    guard seals else { return bytes }
    for block in stride(from: 0, to: bytes.count - 511, by: 512) where bytes[block + 257] == UInt8(ascii: "u") {
      var header = Array(bytes[block..<(block + 512)])
      RawTar.seal(&header)
      bytes.replaceSubrange(block..<(block + 512), with: header)
    }
    return bytes
  }

  @Test func theReader() throws {
    var random = Generator(state: 42)
    var accepted = 0
    for round in 0..<4000 {
      let bytes = Self.mutated(&random, seals: round % 4 != 0)
      let pieces = [1 << 20, 512, 700].randomElement(using: &random) ?? 512
      // Whatever is in it, the same in all pieces.
      let first = try? TarListing.read(bytes, limits: Self.limits, pieces: pieces)
      if round % 10 == 0 { #expect(first?.items == (try? TarListing.read(bytes, limits: Self.limits))?.items) }
      if first != nil { accepted += 1 }
    }
    // Both happen.
    #expect(accepted > 100 && accepted < 3900)
  }

  @Test func theDirectory() throws {
    let scratch = try Scratch(in: "/dev/shm")
    var random = Generator(state: 99)
    var accepted = 0
    for round in 0..<600 {
      let bytes = Self.mutated(&random, seals: round % 8 != 0)
      do {
        try LayerTree.unpack(bytes, to: "out", of: scratch, limits: Self.limits)
        accepted += 1
      } catch is LayerError {}
      let directory = try Descriptor.open(scratch.path, O_RDONLY | O_DIRECTORY)
      #expect(try Set(Directories.names(in: directory.number, limit: 100)) == ["out"])
      try TreeRemoval.remove("out", at: directory.number)
    }
    #expect(accepted > 20)
  }

  /// Every prefix of an archive: complete only where an entry is.
  @Test func prefixes() {
    var complete = 0
    for length in stride(from: 0, to: Self.archive.count, by: 64) {
      if (try? TarListing.read(Array(Self.archive.prefix(length)), limits: Self.limits)) != nil { complete += 1 }
    }
    #expect(complete > 10 && complete < Self.archive.count / 64)
  }
}
