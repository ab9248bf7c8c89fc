import Glibc
import Kernel
import Testing

@testable import Layers

/// Upper directories that a container filled to hurt whoever reads them.
@Suite(.enabled(if: isRoot, "needs root"))
struct HostileUpperTests {
  private func archive(_ upper: String, limits: LayerLimits = .standard) throws -> TarListing {
    let collector = ByteCollector()
    let opened = try OpenDirectory(upper)
    try LayerDiff.archive(upper: opened.number, over: nil, limits: limits, to: collector)
    return try TarListing.read(collector.bytes)
  }

  @Test func linksAreNotFollowed() throws {
    let workshop = try Workshop()
    let upper = try workshop.directory("upper")
    try bash("cd \(upper); ln -s / root; ln -s /etc/passwd f; mkdir d; ln -s ../../.. d/up; ln -s /proc/self/fd proc")
    let listing = try archive(upper)
    #expect(listing.paths == ["d/", "d/up", "f", "proc", "root"])
    #expect(listing["f"]?.content == [])
    // Nor is the directory itself one.
    #expect(throws: SystemError.self) { try ExtendedAttributes.names(of: Array("a/b".utf8CString), in: 0) }
  }

  @Test func mountsAreNotEntered() throws {
    let workshop = try Workshop()
    let upper = try workshop.directory("upper")
    _ = try workshop.attach(try DetachedMount.tmpfs(size: 1 << 20), "upper/mounted")
    #expect(throws: LayerError.self) { try archive(upper) }
  }

  @Test func pipesAndDevicesAreNotOpened() throws {
    let workshop = try Workshop()
    let upper = try workshop.directory("upper")
    try bash("cd \(upper); mkfifo -m 0 p; mknod c c 5 1; mknod b b 7 0; mkdir -m 0 d; touch d/f; chmod 0 d/f")
    #expect(try archive(upper).paths == ["b", "c", "d/", "d/f", "p"])
  }

  @Test func namesThatAreNoText() throws {
    let workshop = try Workshop()
    let upper = try workshop.directory("upper")
    let names: [[UInt8]] = [[0xff, 0xfe], [0x0a], [0x1b, 0x5b, 0x4a], [0x20], Array("=".utf8), [0x80, 0x2e]]
    for name in names {
      let path = (Array(upper.utf8) + [0x2f] + name + [0]).map { CChar(bitPattern: $0) }
      try #require(mkdir(path, 0o700) == 0)
    }
    let found = try archive(upper).items.map { $0.entry.path.dropLast() }
    #expect(Set(found) == Set(names.map { $0[...] }))
    #expect(found == found.sorted { $0.lexicographicallyPrecedes($1) })
  }

  @Test func deepTreesHoldFewDescriptors() throws {
    let workshop = try Workshop()
    let upper = try workshop.directory("upper")
    // Deep, with a name on the way back that needs the upper directories once more.
    try bash("cd \(upper); for i in $(seq 500); do mkdir d z; touch y; cd d; done")
    let listing = try archive(upper)
    #expect(listing.items.count == 1500)
    #expect(listing.paths.suffix(2) == ["y", "z/"])
  }

  @Test func pathsLongerThanAnyReadersAreRefused() throws {
    let workshop = try Workshop()
    let upper = try workshop.directory("upper")
    try bash(
      """
      cd \(upper); name=$(printf %0200d 0); for i in $(seq 30); do mkdir $name; cd -P $name 2>/dev/null || cd ./$name; done
      """)
    #expect(throws: LayerError.self) { try archive(upper) }
  }

  @Test func manyNames() throws {
    let workshop = try Workshop()
    let upper = try workshop.directory("upper")
    try bash("cd \(upper); seq -f 'a-file-of-many-%.0f' 30000 | xargs touch")
    let paths = try archive(upper).paths
    #expect(paths.count == 30000)
    #expect(paths == paths.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    var limits = LayerLimits.standard
    limits.entries = 1000
    #expect(throws: LayerError.self) { try archive(upper, limits: limits) }
  }

  @Test func moreBytesThanALayerMayHave() throws {
    let workshop = try Workshop()
    let upper = try workshop.directory("upper")
    try bash("truncate -s 4E \(upper)/large || truncate -s 10T \(upper)/large")
    // At once: not after terabytes of zeros.
    #expect(throws: LayerError.self) { try archive(upper) }
  }

  @Test func whatALayerCannotSayIsRefused() throws {
    let scripts = [
      "touch .wh.file", "mkdir .wh.d", "mkdir d; touch d/.wh..wh..opq",
      "mkdir d; setfattr -n trusted.overlay.redirect -v /x d", "touch f; setfattr -n trusted.overlay.metacopy f",
      "touch f; setfattr -n trusted.overlay.nlink -v U+1 f",
    ]
    for script in scripts {
      let workshop = try Workshop()
      let upper = try workshop.directory("upper")
      try bash("cd \(upper); \(script)")
      #expect(throws: LayerError.self, "\(script)") { try archive(upper) }
    }
  }

  /// An export is no layer: there, such a name is a name.
  @Test func exportsMayHaveNamesOfWhiteouts() throws {
    let workshop = try Workshop()
    let upper = try workshop.directory("upper")
    try bash("touch \(upper)/.wh.file")
    let opened = try OpenDirectory(upper)
    let collector = ByteCollector()
    #expect(throws: LayerError.self) { try LayerDiff.flatten(root: opened.number, to: collector) }
    let export = ByteCollector()
    try LayerDiff.flatten(root: opened.number, isLayer: false, to: export)
    #expect(try TarListing.read(export.bytes).paths == [".wh.file"])
  }

  @Test func overlaysBooksAreLeftOut() throws {
    let workshop = try Workshop()
    let upper = try workshop.directory("upper")
    try bash(
      """
      cd \(upper); touch f; for n in trusted.overlay.origin trusted.overlay.impure trusted.overlay.overlay.opaque \
        user.overlay.opaque trusted.overlay.protattr; do setfattr -n $n -v y f; done; setfattr -n trusted.mine -v y f
      """)
    let names = try archive(upper)["f"]?.entry.attributes.map { String(decoding: $0.name, as: UTF8.self) }
    #expect(names == ["trusted.mine"])
  }

  /// Whiteouts as userxattr overlays have them, and the other namespace means nothing.
  @Test func markedWhiteouts() throws {
    let workshop = try Workshop()
    let upper = try workshop.directory("upper")
    try bash(
      """
      cd \(upper); mkdir x y; touch x/gone x/here y/plain
      setfattr -n user.overlay.opaque -v x x; setfattr -n user.overlay.whiteout -v y x/gone
      setfattr -n user.overlay.whiteout -v y y/plain; mknod z c 0 0
      """)
    func paths(_ namespace: OverlayNamespace) throws -> [String] {
      let collector = ByteCollector()
      let opened = try OpenDirectory(upper)
      try LayerDiff.archive(upper: opened.number, over: nil, namespace: namespace, to: collector)
      return try TarListing.read(collector.bytes).paths
    }
    #expect(try paths(.user) == ["x/", "x/.wh.gone", "x/here", "y/", "y/plain", ".wh.z"])
    #expect(try paths(.trusted) == ["x/", "x/gone", "x/here", "y/", "y/plain", ".wh.z"])
  }

  @Test func filesThatChangeMeanwhile() throws {
    let workshop = try Workshop()
    let upper = try workshop.directory("upper")
    try bash("cd \(upper); truncate -s 20M f; touch g")
    let opened = try OpenDirectory(upper)
    // Shorter after the first data: the header has said its size already.
    let cutter = ActingSink { truncate("\(upper)/f", 5) }
    #expect(throws: LayerError.self) { try LayerDiff.archive(upper: opened.number, over: nil, to: cutter) }
    // Gone before it was looked at.
    try bash("truncate -s 20M \(upper)/f")
    let remover = ActingSink { unlink("\(upper)/g") }
    try LayerDiff.archive(upper: opened.number, over: nil, to: remover)
    #expect(remover.size < 21 << 20)
  }
}

/// Does something when the first large piece comes.
final class ActingSink: ByteSink {
  private var act: (() -> CInt)?
  private(set) var size = 0

  init(_ act: @escaping () -> CInt) { self.act = act }

  func write(_ bytes: UnsafeRawBufferPointer) throws(LayerError) {
    size += bytes.count
    if bytes.count > 10_000 {
      _ = act?()
      act = nil
    }
  }
}
