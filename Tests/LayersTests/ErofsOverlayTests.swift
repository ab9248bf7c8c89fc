import Glibc
import Kernel
import Testing

@testable import Layers

/// Layers in the form `erofs` as lower layers of an overlay: what the form says is what overlayfs does.
@Suite(.enabled(if: isRoot, "needs root"), .enabled(if: mountsErofs, "needs EROFS from files (Linux 6.12)"))
struct ErofsOverlayTests {
  let workshop: Workshop

  init() throws { workshop = try Workshop() }

  private let base: [Content] = [
    Content(.directory, "./", mode: 0o755),
    Content(.directory, "etc", mode: 0o755), Content(.file, "etc/kept", data: Array("kept".utf8)),
    Content(.file, "etc/gone", data: Array("gone".utf8)),
    Content(.directory, "replaced", mode: 0o755), Content(.file, "replaced/old", data: Array("old".utf8)),
    Content(.directory, "opaque", mode: 0o755), Content(.file, "opaque/old"),
    Content(.directory, "opaque/sub", mode: 0o755), Content(.file, "opaque/sub/old"),
    Content(.file, "removed"), Content(.directory, "tree", mode: 0o755), Content(.file, "tree/leaf"),
    Content(.file, "setuid", mode: 0o4755, data: [1]), Content(.file, "program", mode: 0o755, data: [2]),
  ]

  private let top: [Content] = [
    Content(.directory, "etc", mode: 0o750), Content(.file, "etc/.wh.gone"), Content(.file, "etc/new"),
    Content(.file, ".wh.removed"), Content(.file, ".wh.tree"),
    // A whiteout of what the layer has itself: only the lower one's is hidden, whichever comes first.
    Content(.file, ".wh.replaced"), Content(.directory, "replaced", mode: 0o755), Content(.file, "replaced/new"),
    Content(.directory, "opaque", mode: 0o755), Content(.file, "opaque/sub/new"), Content(.file, "opaque/.wh..wh..opq"),
    // Nothing can be below these: overlayfs would list them.
    Content(.file, "opaque/.wh.old"), Content(.file, "opaque/sub/.wh.old"),
  ]

  private func stack(_ form: (Layer, String) throws -> String) throws -> (merged: String, upper: String) {
    try workshop.overlay([try form(Layer(base), "base"), try form(Layer(top), "top")], "merged")
  }

  @Test func whiteoutsAndOpaqueDirectoriesHide() throws {
    let (merged, _) = try stack { try workshop.mount($0, $1).path }
    #expect(
      try bash("cd \(merged); find . -mindepth 1 | sort") == """
        ./etc
        ./etc/kept
        ./etc/new
        ./opaque
        ./opaque/sub
        ./opaque/sub/new
        ./program
        ./replaced
        ./replaced/new
        ./setuid

        """)
    #expect(try bash("stat -c %a \(merged)/etc \(merged)/setuid") == "750\n4755\n")
    // And what is listed is there.
    #expect(try bash("find \(merged) -exec stat -c %n {} + | wc -l") == "11\n")
  }

  @Test func bothFormsLookTheSameInAStack() throws {
    let erofs = try stack { try workshop.mount($0, $1).path }.merged
    let other = try Workshop()
    let layers = [try other.directory(Layer(base), "base"), try other.directory(Layer(top), "top")]
    let merged = try other.overlay(layers, "merged").merged
    // Directories that nobody said anything of have the time at which they were made.
    try bash("touch -d @0 \(merged)/opaque/sub \(erofs)/opaque/sub \(merged) \(erofs)")
    #expect(try TreeListing(erofs, links: false).differences(from: TreeListing(merged, links: false)) == [])
  }

  @Test func writesGoToTheUpper() throws {
    let (merged, upper) = try stack { try workshop.mount($0, $1).path }
    try bash(
      """
      cd \(merged); echo more >> etc/kept; rm setuid; chmod 700 program; mv etc/new moved; rm -r opaque; mkdir opaque
      """)
    #expect(try bash("cat \(merged)/etc/kept \(upper)/etc/kept") == "keptmore\nkeptmore\n")
    #expect(try bash("stat -c '%F %t,%T' \(upper)/setuid") == "character special file 0,0\n")
    #expect(try bash("stat -c %a \(merged)/program; ls \(merged)/opaque") == "700\n")
    // The archive was only read.
    #expect(try bash("tail -c +4097 \(workshop.path)/base.erofs | head -c 512 | head -c 2") == "./")
  }

  /// A device in a layer works where the overlay's own mount allows it, and a setuid program too.
  @Test func theLowerMountsFlagsAreNotTheOverlays() throws {
    let layer = try Layer([
      Content(.characterDevice, "null", mode: 0o666).with { ($0.deviceMajor, $0.deviceMinor) = (1, 3) }
    ])
    let lower = try workshop.mount(layer, "lower").path
    let merged = try workshop.overlay([lower], "merged").merged
    #expect(throws: SystemError.self) { _ = try Descriptor.open(lower + "/null", O_WRONLY) }
    _ = try Descriptor.open(merged + "/null", O_WRONLY)
    let options = try bash("grep ' \(lower) ' /proc/self/mountinfo")
    for option in ["ro,", "nosuid", "nodev", "noatime", "\(workshop.path)/lower.erofs"] {
      #expect(options.contains(option), "\(option): \(options)")
    }
    // File-backed: no loop device holds it.
    #expect(!options.contains("/dev/loop"))
  }
}
