import Glibc
import Kernel
import Testing

@testable import Layers

/// The form `erofs` of a layer, mounted, against the tree that GNU tar makes of the same archive.
@Suite(.enabled(if: isRoot, "needs root"), .enabled(if: mountsErofs, "needs EROFS from files (Linux 6.12)"))
struct ErofsTests {
  let workshop: Workshop

  init() throws { workshop = try Workshop() }

  private func compare(_ layer: Layer, _ name: String = "layer") throws {
    let mounted = try workshop.mount(layer, name).path
    let extracted = try workshop.extract(layer, name + "-tar")
    let differences = try TreeListing(mounted).differences(from: TreeListing(extracted))
    #expect(differences == [])
    // The archive is there, byte for byte.
    let digest = try bash(
      "tail -c +4097 \(workshop.path)/\(name).erofs | head -c \(layer.bytes.count) | cmp - \(workshop.path)/\(name)-tar.tar"
    )
    #expect(digest == "")
  }

  static let root = Content(.directory, "./", mode: 0o755)

  @Test func everyKindOfFile() throws {
    let capability: [UInt8] = [1, 0, 0, 2, 0, 0x20] + [UInt8](repeating: 0, count: 14)
    let list: [UInt8] =
      [2, 0, 0, 0] + [1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 42, 0, 0, 0]
      + [4, 0, 4, 0, 255, 255, 255, 255, 0x10, 0, 6, 0, 255, 255, 255, 255, 0x20, 0, 4, 0, 255, 255, 255, 255]
    try compare(
      try Layer([
        Self.root.with { $0.modified = .init(seconds: 1_700_000_000, nanoseconds: 1) },
        Content(.directory, "d", mode: 0o1777).with { $0.modified = .init(seconds: 7, nanoseconds: 999_999_999) },
        Content(.file, "d/f", mode: 0o6755, data: [1, 2, 3]).with { ($0.uid, $0.gid) = (1000, 4_000_000_000) },
        Content(.hardLink, "h", target: "d/f"),
        Content(.hardLink, "d/i", target: "./d//f"),
        Content(.file, "empty"),
        Content(.file, "block", data: [UInt8](repeating: 5, count: 512)),
        Content(.file, "page", data: (0..<4097).map { UInt8($0 & 0xff) }),
        Content(.symbolicLink, "s", mode: 0o777, target: "d/f"),
        Content(.symbolicLink, "long", mode: 0o777, target: String(repeating: "a/", count: 250)),
        Content(.symbolicLink, "longest", mode: 0o777, target: String(repeating: "b/", count: 2000)),
        Content(.characterDevice, "c", mode: 0o600).with { ($0.deviceMajor, $0.deviceMinor) = (4095, 1_048_575) },
        Content(.blockDevice, "b", mode: 0o660).with { ($0.deviceMajor, $0.deviceMinor) = (8, 257) },
        Content(.fifo, "p", mode: 0o622),
        Content(.file, "old").with { $0.modified = .init(seconds: -2, nanoseconds: 250_000_000) },
        Content(.file, "grün").with { $0.modified = .init(seconds: 8_000_000_000, nanoseconds: 1) },
        Content(.file, "x", mode: 0o664, data: [9]).with {
          $0.attributes = [
            .init(name: Array("user.a".utf8), value: Array("1".utf8)),
            .init(name: Array("user.empty".utf8), value: []),
            .init(name: Array("trusted.t".utf8), value: [UInt8](repeating: 3, count: 2000)),
            .init(name: Array("security.capability".utf8), value: capability),
            .init(name: Array("system.posix_acl_access".utf8), value: list),
          ]
        },
        Content(.directory, "acl", mode: 0o755).with {
          $0.attributes = [.init(name: Array("system.posix_acl_default".utf8), value: list)]
        },
        Content(.symbolicLink, "attributed", mode: 0o777, target: "nowhere").with {
          $0.attributes = [.init(name: Array("trusted.l".utf8), value: Array("on a link".utf8))]
        },
        Content(.file, String(repeating: "n", count: 255)),
        Content(.directory, "!before-the-dot", mode: 0o755), Content(.file, "..."), Content(.file, "-"),
      ]))
  }

  @Test func theSameBytesAgain() throws {
    let layer = try Layer((0..<50).map { Content(.file, "d\($0 % 7)/f\($0)", data: [UInt8](repeating: 1, count: $0)) })
    _ = try layer.erofs("\(workshop.path)/a")
    _ = try layer.erofs("\(workshop.path)/b")
    #expect(try bash("cmp \(workshop.path)/a \(workshop.path)/b") == "")
  }

  @Test func aDirectoryOfManyNames() throws {
    var random = SystemRandomNumberGenerator()
    var contents = [Self.root, Content(.directory, "many", mode: 0o755)]
    // Names of all lengths, so that blocks end at every place; few of them in order.
    let count = 20_000
    for number in 0..<count {
      let filler = String(repeating: "x", count: Int.random(in: 0...240, using: &random))
      contents.append(Content(.file, "many/\(String(number, radix: 7))\(filler)"))
    }
    let layer = try Layer(contents.shuffled(using: &random))
    let place = try workshop.mount(layer, "layer").path
    let directory = try Descriptor.open(place + "/many", O_RDONLY | O_DIRECTORY)
    let listed = try Directories.names(in: directory.number, limit: count + 1)
    #expect(
      Set(listed) == Set(contents.dropFirst(2).map { String(decoding: $0.entry.path.dropFirst(5), as: UTF8.self) }))
    #expect(listed.count == count)
    for name in listed { try #require(faccessat(directory.number, name, F_OK, 0) == 0, "\(name)") }
    #expect(faccessat(directory.number, "absent", F_OK, 0) != 0)
  }

  @Test func aHundredThousandNames() throws {
    let count = 100_000
    let layer = try Layer((0..<count).map { Content(.file, "d/file-\($0)") })
    let place = try workshop.mount(layer, "layer").path
    #expect(try bash("ls -U \(place)/d | wc -l") == "\(count)\n")
    #expect(
      try bash("ls -U \(place)/d | sort | sha256sum") == bash("seq -f file-%.0f 0 \(count - 1) | sort | sha256sum"))
  }

  @Test func deepTrees() throws {
    let path = (0..<600).map { "d\($0)" }.joined(separator: "/")
    let layer = try Layer([Content(.file, path + "/f", data: Array("deep".utf8))])
    let (place, implied) = try workshop.mount(layer, "layer")
    #expect(try bash("cat \(place)/\(path)/f") == "deep")
    #expect(implied.count == 600)
    #expect(implied.contains("d0/d1"))
  }

  @Test func theLastOfTwoEntriesCounts() throws {
    try compare(
      try Layer([
        Self.root,
        Content(.file, "f", data: [1]), Content(.hardLink, "h", target: "f"), Content(.file, "f", data: [2, 2]),
        Content(.directory, "d", mode: 0o700), Content(.file, "d/kept", data: [3]),
        Content(.directory, "d", mode: 0o711).with { $0.uid = 5 },
        Content(.file, "becomes-directory"), Content(.directory, "other", mode: 0o755),
        Content(.symbolicLink, "l", mode: 0o777, target: "f"), Content(.file, "l", data: [4]),
      ]))
  }

  @Test func aFileInTheWayOfADirectory() throws {
    let layer = try Layer([
      Content(.directory, "d", mode: 0o755), Content(.file, "d/f", data: [1]), Content(.hardLink, "h", target: "d/f"),
      Content(.file, "d", data: [2]), Content(.file, "e"), Content(.directory, "e", mode: 0o755), Content(.file, "e/g"),
    ])
    let place = try workshop.mount(layer, "layer").path
    #expect(
      try bash("stat -c '%F %h' \(place)/d \(place)/h \(place)/e/g")
        == "regular file 1\nregular file 1\nregular empty file 1\n")
  }

  @Test func impliedDirectoriesAreReported() throws {
    let layer = try Layer([
      Content(.file, "a/b/f"), Content(.directory, "a", mode: 0o700), Content(.file, "c/g"),
    ])
    let (place, implied) = try workshop.mount(layer, "layer")
    #expect(implied == ["a/b", "c"])
    #expect(try bash("stat -c '%a %u' \(place)/a \(place)/a/b \(place)/c") == "700 0\n755 0\n755 0\n")
  }

  /// What this form cannot hold, another one can: no error.
  @Test func unsuitableLayersSaySo() throws {
    let layers: [(String, [Content])] = [
      (
        "too long",
        [
          Content(.file, "f").with {
            $0.attributes = [.init(name: Array("user.x".utf8), value: [UInt8](repeating: 0, count: 65536))]
          }
        ]
      )
    ]
    for (number, (reason, contents)) in layers.enumerated() {
      let outcome = try Layer(contents).erofs("\(workshop.path)/\(number)")
      #expect(outcome.obstacle?.contains(reason) == true, "\(outcome)")
      // And is nothing that anybody could mount.
      #expect(throws: SystemError.self) { _ = try DetachedMount.erofs(file: "\(workshop.path)/\(number)") }
    }
  }

  @Test func badLayersAreRefused() throws {
    let bad: [[Content]] = [
      [Content(.file, "../f")], [Content(.file, "a/../../f")],
      [Content(.file, "f"), Content(.file, "f/g")],
      [Content(.directory, "d"), Content(.hardLink, "h", target: "d")],
      [Content(.file, String(repeating: "n", count: 256))],
      [Content(.file, String(repeating: "n/", count: 2048) + "n")],
      [Content(.characterDevice, "c").with { $0.deviceMajor = 4096 }],
      [Content(.file, "/.")],
    ]
    for (number, contents) in bad.enumerated() {
      #expect(throws: LayerError.self, "\(contents)") { try Layer(contents).erofs("\(workshop.path)/\(number)") }
    }
  }

  @Test func aHostIsAskedWhereLayersAreKept() throws {
    #expect(ErofsProbe.isMountable(in: workshop.path))
    // A file system that EROFS cannot read from says so, and a directory that is none.
    let memory = try workshop.attach(try DetachedMount.tmpfs(size: 1 << 20), "memory")
    let mounted = { _ = try DetachedMount.erofs(file: "\(memory)/layer") }
    _ = try Layer([]).erofs("\(memory)/layer")
    #expect(ErofsProbe.isMountable(in: memory) == ((try? mounted()) != nil))
    #expect(!ErofsProbe.isMountable(in: workshop.path + "/absent"))
    #expect(try bash("ls \(workshop.path)") == "memory\n")
  }
}
