import Layers
import Testing

/// Archives made by hand: each form of a header, and what is refused.
@Suite struct TarReaderTests {
  private func listing(pieces: Int = 1 << 20, _ make: (inout RawTar) -> Void) throws -> TarListing {
    var tar = RawTar()
    make(&tar)
    tar.addEnd()
    return try TarListing.read(tar.bytes, pieces: pieces)
  }

  private func reason(limits: LayerLimits = .standard, isEnded: Bool = true, _ make: (inout RawTar) -> Void) -> String {
    var tar = RawTar()
    make(&tar)
    if isEnded { tar.addEnd() }
    do {
      return "no error: \(try TarListing.read(tar.bytes, limits: limits).paths)"
    } catch {
      return error.description
    }
  }

  @Test(arguments: [1, 7, 511, 512, 513, 4096, 1 << 20])
  func piecesOfAnySizeGiveTheSame(size: Int) throws {
    let make: (inout RawTar) -> Void = { tar in
      tar.add("d/", type: "5", mode: 0o755)
      tar.addRecords([("path", "d/" + String(repeating: "long", count: 60)), ("mtime", "-1.5")])
      tar.add("short", data: String(repeating: "x", count: 1300))
      tar.add("d/empty")
      tar.add("d/link", type: "2", target: "../x")
    }
    let whole = try listing(make)
    #expect(whole.items.count == 4)
    #expect(whole.items[1].entry.modified == TarEntry.Time(seconds: -2, nanoseconds: 500_000_000))
    #expect(whole.items[1].content.count == 1300)
    // Behind the directory's header, the records' header and block, and its own header.
    #expect(whole.items[1].entry.dataOffset == 4 * 512)
    #expect(try listing(pieces: size, make).items == whole.items)
  }

  @Test func prefixIsOnlyUstars() throws {
    let found = try listing { tar in
      tar.add(Array("name".utf8)) { $0.replaceSubrange(345..<349, with: Array("some".utf8)) }
      tar.add(Array("gnu".utf8)) { header in
        header.replaceSubrange(257..<265, with: Array("ustar  \0".utf8))
        header.replaceSubrange(345..<349, with: Array("1234".utf8))
      }
      tar.add(Array("star".utf8)) { header in
        header.replaceSubrange(345..<347, with: Array("in".utf8))
        header.replaceSubrange(476..<480, with: Array("0123".utf8))
        header.replaceSubrange(508..<512, with: Array("tar\0".utf8))
      }
    }
    #expect(found.paths == ["some/name", "gnu", "in/star"])
  }

  @Test func oldArchivesKnowDirectoriesByTheirSlash() throws {
    let found = try listing { tar in
      for name in ["dir/", "file"] {
        tar.add(Array(name.utf8), type: "\0") { $0.replaceSubrange(257..<512, with: [UInt8](repeating: 0, count: 255)) }
      }
    }
    #expect(found.items.map(\.entry.kind) == [.directory, .file])
  }

  @Test func numbersInBase256() throws {
    let found = try listing { tar in
      tar.add(Array("a".utf8)) { header in
        header.replaceSubrange(108..<116, with: [0x80, 0, 0, 0, 0x12, 0x34, 0x56, 0x78])
        header.replaceSubrange(136..<148, with: [UInt8](repeating: 0xff, count: 12))
      }
    }
    #expect(found.items[0].entry.uid == 0x1234_5678)
    #expect(found.items[0].entry.modified.seconds == -1)
  }

  @Test func signedChecksumsAreAccepted() throws {
    var tar = RawTar()
    tar.add([0xe4, 0xf6])
    var sum = 8 * 32
    for index in 0..<512 where !(148..<156).contains(index) { sum += Int(Int8(bitPattern: tar.bytes[index])) }
    tar.bytes.replaceSubrange(148..<156, with: RawTar.octal(UInt64(sum), 6) + [0, 32])
    #expect(try TarListing.read(tar.bytes).items.first?.entry.path == [0xe4, 0xf6])
    tar.bytes[0] ^= 1
    #expect(throws: LayerError.self) { try TarListing.read(tar.bytes) }
  }

  @Test func recordsTakePrecedence() throws {
    let found = try listing { tar in
      tar.add("ignored", type: "g", data: String(decoding: RawTar.record("uid", [0x39]), as: UTF8.self))
      tar.addRecords([
        ("path", Array("given".utf8)), ("uid", Array("70000".utf8)), ("gid", Array("5".utf8)), ("size", [0x33]),
        ("SCHILY.xattr.user.b", [0, 10, 61]), ("SCHILY.xattr.user.a", [1]), ("SCHILY.xattr.user.a", []),
        ("comment", Array("any".utf8)), ("gid", []),
      ])
      tar.add(Array("header".utf8), data: [1, 2, 3], size: 0, gid: 7)
      tar.add("next")
    }
    let entry = found.items[0].entry
    #expect(found.paths == ["given", "next"])
    #expect((entry.uid, entry.gid) == (70000, 7))
    #expect(found.items[0].content == [1, 2, 3])
    #expect(
      entry.attributes == [
        TarEntry.Attribute(name: Array("user.a".utf8), value: []),
        TarEntry.Attribute(name: Array("user.b".utf8), value: [0, 10, 61]),
      ])
    #expect(found.items[1].entry.attributes.isEmpty)
  }

  @Test func theEndIsWhereAnEntryEnds() throws {
    var tar = RawTar()
    tar.add("a", data: "data")
    #expect(try TarListing.read(tar.bytes).paths == ["a"])
    #expect(try TarListing.read([]).paths == [])
    #expect(try TarListing.read(tar.bytes + [UInt8](repeating: 0, count: 512)).paths == ["a"])
    // Whatever is behind two empty blocks is padding.
    #expect(try TarListing.read(tar.bytes + [UInt8](repeating: 0, count: 1024) + [1, 2, 3]).paths == ["a"])
    for length in [1, 511, 513, 515] {
      #expect(throws: LayerError.self) { try TarListing.read(Array(tar.bytes.prefix(length))) }
    }
    let lone = tar.bytes + [UInt8](repeating: 0, count: 512) + tar.bytes
    #expect(throws: LayerError.self) { try TarListing.read(lone) }
  }

  @Test func aDescriptionNeedsItsEntry() {
    #expect(reason { $0.addRecords([("path", "x")]) }.contains("ends before it"))
    #expect(reason(isEnded: false) { $0.addRecords([("path", "x")]) }.contains("in the middle"))
  }

  @Test(arguments: [
    ("10 path=ab\n", "wrong length"), ("999 path=a\n", "wrong length"), ("2 \n", "wrong length"), ("path=a\n", "wrong"),
    ("99999999999999999999 a=b\n", "wrong length"), ("7 =abc\n", "no key"), ("7 path\n", "no key"),
    ("10 uid=-1\n", "uid is no number"), ("18 uid=4294967295\n", "user id"), ("18 gid=4294967296\n", "group id"),
    ("12 size=1e9\n", "size is no number"), ("11 mtime=a\n", "no time"), ("10 path=\0\n", "zero byte"),
    ("18 SCHILY.xattr.=\n", "no valid name"),
  ])
  func recordsThatAreWrong(text: String, expected: String) {
    #expect(
      reason { tar in
        tar.add("x", type: "x", data: text)
        tar.add("a")
      }.contains(expected))
  }

  @Test func headersThatAreWrong() {
    #expect(reason { $0.add("") }.contains("no name"))
    #expect(reason { $0.add("a", type: "V") }.contains("unknown type"))
    #expect(reason { $0.add("a", type: "1") }.contains("leads nowhere"))
    #expect(reason { $0.add([97], uid: 0o7777777) { $0[109] = UInt8(ascii: "8") } }.contains("user id"))
    #expect(reason { $0.add([97]) { $0[124] = 0xff } }.contains("size is invalid"))
    #expect(
      reason { $0.add([97]) { $0.replaceSubrange(124..<136, with: [0x80] + [UInt8](repeating: 0xff, count: 11)) } }
        .contains("size is invalid"))
  }

  @Test func limitsHold() {
    let small = LayerLimits(size: 8192, entries: 2, headers: 2048, path: 100)
    #expect(reason(limits: small) { $0.add([97], size: 1 << 40) }.contains("limit of 8192 bytes"))
    #expect(reason(limits: small) { $0.add([97], type: "L", size: 1 << 32) }.contains("limit of 2048 bytes"))
    #expect(reason(limits: small) { tar in for name in ["a", "b", "c"] { tar.add(name) } }.contains("2 entries"))
    #expect(
      reason(limits: small) { tar in
        tar.add("L", type: "L", data: String(repeating: "n", count: 101))
        tar.add("a")
      }.contains("longer than 100"))
    // Descriptions that follow each other for ever.
    #expect(
      reason(limits: LayerLimits(size: 1 << 20, entries: 2, headers: 2048, path: 100)) { tar in
        for _ in 0..<9 { tar.addRecords([("comment", "x")]) }
      }
      .contains("limit of 2048 bytes"))
    #expect(reason(limits: small) { $0.add("a", data: String(repeating: "x", count: 8000)) }.contains("8192"))
  }
}
