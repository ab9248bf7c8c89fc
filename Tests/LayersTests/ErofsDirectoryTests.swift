import Glibc
import Kernel
import Testing

@testable import Layers

/// The two forms of a layer are equal, whatever the archive.
@Suite(.enabled(if: isRoot, "needs root"), .enabled(if: mountsErofs, "needs EROFS from files (Linux 6.12)"))
struct ErofsDirectoryTests {
  /// - Returns: whether both forms could hold it.
  private func compare(_ contents: [Content]) throws -> Bool {
    let workshop = try Workshop()
    let layer = try Layer(contents)
    var links: [LowerLink] = []
    let directory = Result { try workshop.directory(layer, "dir") { links = $0.lowerLinks } }
    let erofs = Result { try layer.erofs("\(workshop.path)/layer.erofs") }
    if case .success(let summary) = erofs, summary.obstacle != nil { return false }
    guard case .success(let path) = directory, case .success(let summary) = erofs else {
      // An archive that one refuses is none for the other.
      if case .success = directory {
        Issue.record(
          "only erofs refuses \(contents.map(\.entry.path).map { String(decoding: $0, as: UTF8.self) }): \(erofs)")
      }
      if case .success = erofs {
        Issue.record(
          "only dir refuses: \(directory) \(contents.map(\.entry.path).map { String(decoding: $0, as: UTF8.self) })")
      }
      return false
    }
    let place = try workshop.attach(try DetachedMount.erofs(file: "\(workshop.path)/layer.erofs"), "erofs")
    let (one, two) = (try TreeListing(place), try TreeListing(path))
    // What no entry said anything of (the root, implied directories, whiteouts) has no time here, and that of its making
    // there.
    let undated = Set(one.lines.filter { $0.value.contains(" 0.0 ") }.keys)
    #expect(one.differences(from: two, exceptTimesOf: undated) == [], "\(contents.map(\.entry))")
    #expect(summary.lowerLinks == links, "\(contents.map(\.entry))")
    #expect(summary.impliedDirectories.allSatisfy { undated.contains("/" + String(decoding: $0, as: UTF8.self)) })
    return true
  }

  @Test func oddArchives() throws {
    let list: [UInt8] =
      [2, 0, 0, 0] + [1, 0, 6, 0, 255, 255, 255, 255, 2, 0, 4, 0, 42, 0, 0, 0]
      + [4, 0, 4, 0, 255, 255, 255, 255, 0x10, 0, 7, 0, 255, 255, 255, 255, 0x20, 0, 1, 0, 255, 255, 255, 255]
    func attribute(_ name: String, _ value: [UInt8] = [1]) -> TarEntry.Attribute {
      .init(name: Array(name.utf8), value: value)
    }
    let archives: [[Content]] = [
      // Below symbolic links, absolute ones and such that leave the layer.
      [
        Content(.directory, "usr/lib", mode: 0o755), Content(.symbolicLink, "lib", target: "usr/lib"),
        Content(.file, "lib/a", data: [1]), Content(.symbolicLink, "abs", target: "/usr"), Content(.file, "abs/b"),
        Content(.symbolicLink, "up", target: "../../usr/./new/.."), Content(.file, "up/c"),
        Content(.hardLink, "abs/d", target: "lib/a"),
      ],
      // Attributes that not every file can have.
      [
        Content(.symbolicLink, "l", target: "x").with {
          $0.attributes = [attribute("user.a"), attribute("trusted.b")]
        },
        Content(.fifo, "p").with { $0.attributes = [attribute("user.a"), attribute("system.unknown")] },
        Content(.file, "f").with { $0.attributes = [attribute("none.a"), attribute("trusted.overlay.opaque")] },
        Content(.directory, "d", mode: 0o755).with { $0.attributes = [attribute("user.overlay.opaque", [0x79])] },
      ],
      // An access list that says something else than the mode.
      [
        Content(.file, "f", mode: 0o600).with { $0.attributes = [attribute("system.posix_acl_access", list)] },
        Content(.file, "g", mode: 0o4600).with { $0.attributes = [attribute("system.posix_acl_default", list)] },
      ],
      // Whiteouts of what is there, is a file, comes later, or is below a link.
      [Content(.file, "a/.wh.b"), Content(.file, "a", data: [1])],
      [Content(.file, "a/.wh.b"), Content(.symbolicLink, "a", target: "c")],
      [
        Content(.directory, "d", mode: 0o700), Content(.file, ".wh.d"), Content(.file, "d/.wh.x"),
        Content(.file, ".wh.e"),
      ],
      [Content(.file, ".wh..wh..opq"), Content(.file, "d/f")],
      [Content(.file, "d/.wh..wh..opq"), Content(.file, "d/e/.wh.f"), Content(.file, "d/e/g")],
      [
        Content(.directory, ".wh..wh.plnk", mode: 0o700), Content(.file, ".wh..wh.plnk/1.2"),
        Content(.file, ".wh..wh.aufs"),
      ],
      [Content(.file, ".wh.")], [Content(.file, "a/.wh.x/y")], [Content(.file, ".wh...")],
      [Content(.characterDevice, "zero")],
      // Hard links to files of other layers, to each other, and what else takes their names.
      [
        Content(.hardLink, "h", target: "usr/below"), Content(.hardLink, "i", target: "h"),
        Content(.symbolicLink, "l", target: "d"), Content(.hardLink, "l/x", target: "below"),
        Content(.hardLink, "gone", target: "below"), Content(.file, "gone"),
        Content(.hardLink, "d/e/lost", target: "below"), Content(.file, "d/e"), Content(.directory, "d/e", mode: 0o755),
        Content(.file, "was"), Content(.hardLink, "was", target: "below"), Content(.file, ".wh.below"),
      ],
    ]
    for contents in archives { _ = try compare(contents) }
    #expect(try compare(archives[0]))
    #expect(try archives.last.map(compare) == true)
  }

  @Test func randomArchives() throws {
    var random = SystemRandomNumberGenerator()
    var held = 0
    for _ in 0..<120 {
      let contents = (0..<Int.random(in: 1...25, using: &random)).map { _ in Self.random(using: &random) }
      if try compare(contents) { held += 1 }
    }
    // Or nothing was compared.
    #expect(held > 10)
  }

  /// An entry of few names, so that entries meet.
  private static func random(using random: inout some RandomNumberGenerator) -> Content {
    let names = [
      "a", "b", "c", "d/a", "d/b", "d/e", "d/e/a", "d", "l", "l/x", ".wh.a", ".wh.d", "d/.wh.e", "d/.wh..wh..opq",
    ]
    let path = names.randomElement(using: &random) ?? "a"
    if path.contains(".wh.") { return Content(.file, path) }
    let kinds: [TarEntry.Kind] = [.file, .file, .directory, .directory, .directory, .symbolicLink, .hardLink, .fifo]
    let kind = kinds.randomElement(using: &random) ?? .file
    let isLink = kind == .symbolicLink || kind == .hardLink
    let target =
      isLink ? ["a", "d", "d/e", "b", "nowhere", "/d", "..", "d/b"].randomElement(using: &random) ?? "a" : ""
    let data = [UInt8](repeating: 1, count: kind == .file ? Int.random(in: 0...3000, using: &random) : 0)
    return Content(kind, path, mode: .random(in: 0...0o7777, using: &random), data: data, target: target).with {
      $0.uid = .random(in: 0...9, using: &random)
      $0.modified = .init(seconds: .random(in: 0...1_000_000, using: &random), nanoseconds: 5)
    }
  }
}
