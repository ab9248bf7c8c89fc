import Glibc
import Kernel
import Testing

@testable import Layers

@Suite struct TarWriterTests {
  let workshop: Workshop

  init() throws { workshop = try Workshop() }

  /// What Python's tarfile reads, a line for each member.
  private func read(_ contents: [Content]) throws -> [String] {
    let file = "\(workshop.path)/archive.tar"
    let descriptor = try Descriptor.open(file, O_WRONLY | O_CREAT | O_TRUNC)
    try descriptor.writeAll(try archive(contents))
    let script = """
      import tarfile, sys
      for m in tarfile.open(sys.argv[1], errorlevel=2):
        data = len(tarfile.open(sys.argv[1]).extractfile(m.name).read()) if m.isreg() else 0
        attributes = {k: v for k, v in sorted(m.pax_headers.items()) if k.startswith("SCHILY")}
        print(m.type.decode(), m.name.encode("utf-8", "surrogateescape"), oct(m.mode & 0o7777), m.uid, m.gid, m.size, m.mtime,
          m.linkname.encode("utf-8", "surrogateescape"), m.devmajor, m.devminor, data, attributes)
      """
    return try HostProgram.output("python3", ["-c", script, file]).split(separator: "\n").map(String.init)
  }

  @Test func plainEntriesNeedNoExtendedHeader() throws {
    let bytes = try archive([
      Content(.directory, "etc", mode: 0o755), Content(.file, "etc/motd", mode: 0o4711, data: Array("hello\n".utf8)),
    ])
    #expect(bytes.count == 512 * 5)
    #expect(Array(bytes[0..<5]) == Array("etc/\0".utf8))
    #expect(bytes[156] == UInt8(ascii: "5"))
    #expect(Array(bytes[512 + 100..<512 + 108]) == Array("0104711\0".utf8))
    #expect(Array(bytes[512 + 124..<512 + 136]) == Array("00000000006\0".utf8))
    #expect(Array(bytes[257..<265]) == Array("ustar\u{0}00".utf8))
  }

  @Test func everyKindIsReadByPython() throws {
    let long = String(repeating: "directory/", count: 20) + "file"
    let lines = try read([
      Content(.directory, "d", mode: 0o1777).with { $0.modified = .init(seconds: 7) },
      Content(.file, "d/f", data: [1, 2, 3]).with { ($0.uid, $0.gid) = (2_097_151, 2_097_152) },
      Content(.hardLink, "d/h", target: "d/f"),
      Content(.symbolicLink, "d/s", mode: 0o777, target: long),
      Content(.characterDevice, "d/c").with { ($0.deviceMajor, $0.deviceMinor) = (4095, 1_048_575) },
      Content(.blockDevice, "d/b").with { ($0.deviceMajor, $0.deviceMinor) = (8, 1) },
      Content(.fifo, "d/p"),
      Content(.file, long).with { $0.modified = .init(seconds: -2, nanoseconds: 250_000_000) },
      Content(.file, "grün").with { $0.modified = .init(seconds: 3, nanoseconds: 1) },
      Content(.file, "x").with { $0.attributes = [.init(name: Array("user.a".utf8), value: Array("1=\n2".utf8))] },
    ])
    #expect(
      lines == [
        "5 b'd' 0o1777 0 0 0 7 b'' 0 0 0 {}",
        "0 b'd/f' 0o644 2097151 2097152 3 0 b'' 0 0 3 {}",
        "1 b'd/h' 0o644 0 0 0 0 b'd/f' 0 0 0 {}",
        "2 b'd/s' 0o777 0 0 0 0 b'\(long)' 0 0 0 {}",
        "3 b'd/c' 0o644 0 0 0 0 b'' 4095 1048575 0 {}",
        "4 b'd/b' 0o644 0 0 0 0 b'' 8 1 0 {}",
        "6 b'd/p' 0o644 0 0 0 0 b'' 0 0 0 {}",
        "0 b'\(long)' 0o644 0 0 0 -1.75 b'' 0 0 0 {}",
        "0 b'gr\\xc3\\xbcn' 0o644 0 0 0 3.000000001 b'' 0 0 0 {}",
        "0 b'x' 0o644 0 0 0 0 b'' 0 0 0 {'SCHILY.xattr.user.a': '1=\\n2'}",
      ])
  }

  @Test func recordsCountTheirOwnLength() throws {
    // Where the length gets one digit more by being written.
    for length in 80..<120 {
      let value = [UInt8](repeating: 0x61, count: length)
      let lines = try read([
        Content(.file, "x").with { $0.attributes = [.init(name: Array("user.a".utf8), value: value)] }
      ])
      #expect(lines.first?.hasSuffix("\(String(repeating: "a", count: length))'}") == true)
    }
  }

  @Test func largeSizesGoIntoARecord() throws {
    let counter = CountingSink()
    var writer = TarWriter(counter)
    try writer.add(Content(.file, "large").with { $0.size = 8 << 30 }.entry)
    try writer.writeHole(8 << 30)
    try writer.finish()
    #expect(counter.size == 8 << 30 + 5 * 512)
    #expect(String(decoding: counter.start, as: UTF8.self).contains("19 size=8589934592\n"))
    #expect(writer.size == counter.size)
  }

  @Test func refusesWhatWouldComeBackAsSomethingElse() throws {
    let bad: [Content] = [
      Content(.file, ""), Content(.file, "a\0b"), Content(.file, "a/"), Content(.symbolicLink, "l"),
      Content(.file, "a", target: "b"), Content(.hardLink, "a", target: "b\0"),
      Content(.file, "a").with { $0.attributes = [.init(name: Array("user.a=b".utf8), value: [])] },
      Content(.characterDevice, "a").with { $0.deviceMajor = 1 << 21 },
      Content(.file, "a").with { $0.modified.nanoseconds = 1_000_000_000 },
      Content(.file, "a").with { $0.size = .max },
      Content(.file, "short").with { $0.size = 1 },
      Content(.file, "long", data: [1, 2]).with { $0.size = 1 },
    ]
    for content in bad {
      #expect(throws: LayerError.self, "\(content.entry)") { try archive([content]) }
    }
  }

  /// Whatever the entries say: what is written is what GNU tar and Python read, or nothing at all.
  @Test func anyEntriesComeBackAsTheyWere() throws {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<20 {
      let contents = (0..<40).map { Content.random(number: $0, using: &random) }
      let lines = try read(contents)
      try #require(lines.count == contents.count, "\(contents.map(\.entry))")
      for (line, content) in zip(lines, contents) {
        let entry = content.entry
        let owner = "\(entry.uid) \(entry.gid) \(entry.size) "
        #expect(line.contains(owner), "\(line)\n\(entry)")
        #expect(line.hasPrefix("\(UnicodeScalar(entry.kind.typeFlag)) "))
      }
      let listing = try bash("tar tf \(workshop.path)/archive.tar | wc -l")
      #expect(listing == "\(contents.count)\n")
    }
  }
}

/// Counts what is written, and keeps the beginning.
final class CountingSink: ByteSink {
  var size: UInt64 = 0
  var start: [UInt8] = []

  func write(_ bytes: UnsafeRawBufferPointer) throws(LayerError) {
    size += UInt64(bytes.count)
    if start.count < 4096 { start.append(contentsOf: bytes.prefix(4096)) }
  }
}

extension Content {
  static func random(number: Int, using random: inout some RandomNumberGenerator) -> Content {
    let kinds: [TarEntry.Kind] = [.file, .symbolicLink, .directory, .fifo, .characterDevice]
    let kind = kinds.randomElement(using: &random) ?? .file
    let length = [1, 5, 99, 100, 101, 155, 254].randomElement(using: &random) ?? 1
    // Any bytes but those that no name has, and newlines, which the lines of a listing end with.
    let name = (0..<length).map { _ in UInt8.random(in: 0x30...0xff, using: &random) }
    let data = kind == .file ? [UInt8](repeating: 7, count: Int.random(in: 0...1500, using: &random)) : []
    return Content(kind, "", data: data).with {
      $0.path = Array("\(number)-".utf8) + name
      if kind == .symbolicLink { $0.target = name }
      $0.uid = .random(in: 0...UInt32.max, using: &random)
      $0.gid = .random(in: 0...3_000_000, using: &random)
      $0.modified = .init(
        seconds: .random(in: -5_000_000_000...20_000_000_000, using: &random),
        nanoseconds: .random(in: 0..<1_000_000_000, using: &random))
    }
  }
}
