import Glibc
import Kernel
import Testing

@testable import Layers

/// Archives and lists of what was changed in real overlays.
@Suite(.enabled(if: isRoot, "needs root"))
struct LayerDiffTests {
  private static let base = """
    mkdir -p etc/ssl usr/bin var/log empty tree/deep; echo a > etc/a; echo b > etc/b; echo c > etc/ssl/c
    echo sh > usr/bin/sh; chmod 755 usr/bin/sh; ln -s sh usr/bin/link; echo 1 > tree/one; echo 2 > tree/deep/two
    echo h > var/h; ln var/h var/i; mkfifo var/pipe
    """

  @Test func nothingChanged() throws {
    let root = try Changed([Self.base], change: ":")
    #expect(try root.archive().paths == [])
    #expect(try root.changes() == [])
    // Two blocks of zeros: what umoci and docker call the empty layer.
    #expect(root.bytes == [UInt8](repeating: 0, count: 1024))
  }

  @Test func everyChange() throws {
    let root = try Changed(
      [Self.base, "mkdir -p etc; echo a2 > etc/a; echo n > etc/n"],
      change: """
        echo more >> etc/a; rm etc/b; echo new > etc/new; chmod 4711 usr/bin/sh; ln etc/new etc/linked
        mkdir -p var/new/dir; rm -r tree; ln -s nowhere usr/broken; mknod var/null c 1 3; mkfifo var/other
        setfattr -n user.x -v y etc/n; rm usr/bin/link; mkdir usr/bin/link; touch usr/bin/link/in
        setcap cap_net_raw+ep usr/bin/sh 2>/dev/null || setfattr -n security.capability \
          -v 0x0100000200200000000000000000000000000000 usr/bin/sh
        """)
    let archive = try root.archive()
    #expect(
      archive.paths == [
        "etc/", "etc/a", "etc/.wh.b", "etc/linked", "etc/n", "etc/new", ".wh.tree", "usr/", "usr/bin/",
        "usr/bin/link/", "usr/bin/link/in", "usr/bin/sh", "usr/broken", "var/", "var/new/", "var/new/dir/", "var/null",
        "var/other",
      ])
    #expect(archive["etc/new"]?.entry.kind == .hardLink)
    #expect(archive["etc/new"]?.entry.target == Array("etc/linked".utf8))
    #expect(archive["etc/a"]?.content == Array("a2\nmore\n".utf8))
    #expect(archive["usr/bin/sh"]?.entry.mode == 0o4711)
    #expect(
      archive["usr/bin/sh"]?.entry.attributes.map { String(decoding: $0.name, as: UTF8.self) } == [
        "security.capability"
      ])
    #expect(archive["etc/n"]?.entry.attributes.count == 1)
    #expect(archive["var/null"]?.entry.deviceMajor == 1 && archive["var/null"]?.entry.deviceMinor == 3)
    try root.expectToComeBack()
    #expect(
      try root.changes() == [
        "C /etc", "C /etc/a", "D /etc/b", "A /etc/linked", "C /etc/n", "A /etc/new", "D /tree", "C /usr", "C /usr/bin",
        "C /usr/bin/link", "A /usr/bin/link/in", "C /usr/bin/sh", "A /usr/broken", "C /var", "A /var/new",
        "A /var/new/dir", "A /var/null", "A /var/other",
      ])
  }

  /// overlayfs notes on a directory that came after a whiteout that it is opaque, needed or not.
  @Test func directoriesInPlaceOfOthers() throws {
    let root = try Changed(
      [Self.base, "mkdir -p tree; echo 3 > tree/three; rm -rf x"],
      change: """
        rm -r tree; mkdir tree; echo again > tree/one; mkdir tree/deep; echo n > tree/deep/n
        rm etc/a; mkdir etc/a; touch etc/a/x; rm -r empty; mkdir -m 700 empty
        mkdir -p new/dir; rm -r new/dir; mkdir new/dir; touch new/dir/x
        """)
    let archive = try root.archive()
    #expect(
      archive.paths == [
        "empty/", "empty/.wh..wh..opq", "etc/", "etc/a/", "etc/a/x", "new/", "new/dir/", "new/dir/x", "tree/",
        "tree/.wh..wh..opq", "tree/deep/", "tree/deep/n", "tree/one",
      ])
    try root.expectToComeBack()
    #expect(
      try root.changes() == [
        "C /empty", "C /etc", "C /etc/a", "A /etc/a/x", "A /new", "A /new/dir", "A /new/dir/x", "C /tree",
        "D /tree/three", "C /tree/deep", "D /tree/deep/two", "A /tree/deep/n", "C /tree/one",
      ])
    // Without the lower layers, nobody knows what is hidden.
    let blind = try root.archive(overLowers: false).paths
    #expect(blind.contains("etc/a/.wh..wh..opq") && blind.contains("tree/.wh..wh..opq"))
  }

  /// A whiteout in the stack below counts: what a lower layer removed is not there to be removed, or changed.
  @Test func whatLowerLayersHide() throws {
    let root = try Changed(
      [
        Self.base,
        "mkdir etc; mknod etc/a c 0 0; mknod tree c 0 0; mkdir var; setfattr -n trusted.overlay.opaque -v y var",
      ],
      change: "echo x > etc/a; mkdir tree; echo x > tree/one; echo x > var/h")
    #expect(
      try root.changes() == ["C /etc", "A /etc/a", "A /tree", "A /tree/one", "C /var", "A /var/h"])
    #expect(try root.archive().paths == ["etc/", "etc/a", "tree/", "tree/one", "var/", "var/h"])
  }

  @Test func theRootsOwnMetadata() throws {
    let root = try Changed([Self.base], change: "chmod 1777 .; setfattr -n user.r -v 1 .")
    let archive = try root.archive()
    #expect(archive.paths == ["./"])
    #expect(archive["./"]?.entry.mode == 0o1777)
    #expect(archive["./"]?.entry.attributes.count == 1)
    // Its time changes with every new name in it.
    #expect(try Changed([Self.base], change: "touch x").archive().paths == ["x"])
  }

  @Test func directoriesThatAreAsTheyWere() throws {
    // Copied up with their time, and nothing in them changed.
    let root = try Changed(
      [Self.base],
      change: "exec 3< etc; touch -r etc/ssl keep; touch etc/ssl/t; rm etc/ssl/t; touch -r keep etc/ssl; rm keep")
    #expect(try root.changes() == [])
  }

  @Test func socketsAreLeftOut() throws {
    let root = try Changed(
      [Self.base], change: "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"s\")'; touch t")
    #expect(try root.archive().paths == ["t"])
  }

  @Test func theSameAgain() throws {
    let root = try Changed(
      [Self.base], change: "for i in $(seq 300); do echo $i > etc/$i; done; mkdir etc/d; ln etc/7 etc/d/l")
    _ = try root.archive()
    let first = root.bytes
    _ = try root.archive()
    #expect(root.bytes == first)
  }

  @Test func flattenedTreesAreWhole() throws {
    let root = try Changed(
      [Self.base, "mkdir var; echo 2 > var/second"], change: "rm -r tree; echo x > etc/x; ln etc/x etc/y; chmod 700 .")
    let collector = ByteCollector()
    let merged = try OpenDirectory(root.merged)
    try LayerDiff.flatten(root: merged.number, to: collector)
    let listing = try TarListing.read(collector.bytes)
    #expect(!listing.paths.contains { $0.contains(".wh.") || $0.hasPrefix("tree") })
    #expect(listing["var/i"]?.entry.kind == .hardLink)
    let place = try root.workshop.directory(Layer(bytes: collector.bytes), "flat")
    try bash("touch -r \(root.merged) \(place); chmod 700 \(place)")
    #expect(try TreeListing(place, links: false).differences(from: TreeListing(root.merged, links: false)) == [])
  }

  /// umoci's own idea of the same changes: it compares the whole tree with a manifest made before.
  @Test(.enabled(if: Machine.has("umoci"), "needs umoci"))
  func umociFindsTheSame() throws {
    let workshop = try Workshop()
    let change = """
      rm -r etc/ssl; echo x >> etc/a; mkdir -p new/dir; touch new/dir/f; ln etc/a etc/z; chmod 4755 usr/bin/sh
      ln -s x y; rm usr/bin/link; mkdir usr/bin/link
      """
    try bash(
      """
      cd \(workshop.path); umoci init --layout i; umoci new --image i:t; mkdir r; umoci unpack --image i:t b >/dev/null
      cd b/rootfs; umask 022; \(Self.base)
      cd ../..; umoci repack --image i:t --refresh-bundle b; cd b/rootfs; \(change)
      cd ../..; umoci repack --image i:t b
      digest=$(python3 -c 'import json
      def load(d): return json.load(open("i/blobs/sha256/" + d["digest"].split(":")[1]))
      m = load(json.load(open("i/index.json"))["manifests"][0]); print(m["layers"][-1]["digest"].split(":")[1])')
      tar tzf i/blobs/sha256/$digest | sort > umoci
      """)
    let root = try Changed([Self.base], change: change)
    let ours = Set(try root.archive().paths.filter { $0 != "./" })
    let umocis = Set(try bash("cat \(workshop.path)/umoci").split(separator: "\n").map(String.init))
    // It has no entry for a directory in which only names changed their inode, and one for the root.
    #expect(ours.symmetricDifference(umocis).isSubset(of: ["./", ".", "usr/"]), "\(ours.symmetricDifference(umocis))")
  }
}
