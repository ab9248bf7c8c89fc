import CLinux
import Glibc
import Kernel
import Layers
import Testing

/// A layer as a directory, compared with what GNU tar makes of the same archive, and what an archive alone cannot say.
@Suite(.serialized) struct DirectoryTests {
  private static let rootAndTar = Machine.isRoot && Machine.hasTar

  private func unpack(
    _ scratch: Scratch, caller: Caller = .current, _ make: (inout RawTar) -> Void
  ) throws -> DirectorySummary {
    var tar = RawTar()
    make(&tar)
    tar.addEnd()
    return try LayerTree.unpack(tar.bytes, to: "out", of: scratch, caller: caller).summary
  }

  private func exists(_ scratch: Scratch, _ name: String) -> Bool {
    var status = stat()
    return lstat(scratch.file(name), &status) == 0
  }

  private func isWhiteout(_ scratch: Scratch, _ name: String) -> Bool {
    var status = stat()
    return lstat(scratch.file(name), &status) == 0 && status.st_mode & S_IFMT == S_IFCHR && status.st_rdev == 0
  }

  private func isOpaque(_ scratch: Scratch, _ name: String) -> Bool {
    // The one that this caller's overlays look for, and no other, which containers would see.
    let wanted = Caller.current.isRootless ? "user.overlay.opaque" : "trusted.overlay.opaque"
    let found = LayerTree.attributes(scratch.file(name)).filter { $0.0.contains("overlay.") }
    return found.map(\.0) == [wanted] && found.map(\.1) == [Array("y".utf8)]
  }

  @Test(.enabled(if: rootAndTar, "needs root and tar"), arguments: ["/dev/shm", "/tmp"])
  func equalsWhatTarMakes(parent: String) throws {
    let scratch = try Scratch(in: parent)
    try scratch.shell(
      """
      mkdir -p tree/d/e/f tree/sticky tree/group tree/locked; chmod 1777 tree/sticky
      printf content > tree/d/file; ln tree/d/file tree/hard; ln tree/d/file tree/d/e/harder
      cp /bin/true tree/suid; chown 12:34 tree/suid tree/d tree/group; chmod 6755 tree/suid; chmod 2775 tree/group
      printf in > tree/group/in; mkdir tree/group/sub; chmod 0 tree/locked; printf x > tree/locked/x; chmod 0 tree/locked/x
      ln -s ../nowhere tree/d/link; chown -h 5:6 tree/d/link; ln -s / tree/abs
      mkfifo tree/fifo; mknod tree/null c 1 3; mknod tree/disk b 259 70000; chmod 620 tree/null
      : > tree/empty; chown 9 tree/empty; chmod 4711 tree/empty
      dd if=/dev/urandom of=tree/large bs=1M count=3 status=none; truncate -s 5M tree/sparse; printf tail >> tree/sparse
      long=$(printf 'n%.0s' $(seq 200)); mkdir tree/$long; printf y > tree/$long/$long; ln -s $long tree/l
      setfattr -n user.note -v hello tree/d/file 2>/dev/null || :
      setfattr -n user.dir -v hello tree/d/e 2>/dev/null || :
      setfattr -n trusted.x -v t tree/d/file 2>/dev/null || :
      setcap cap_net_raw+ep tree/large 2>/dev/null || :
      setfacl -m u:77:rwx tree/d/e -d -m u:78:rx tree/d/e 2>/dev/null || :
      touch -h -d '1999-12-31 23:59:59.123456789' tree/d/link tree/fifo; touch -d '1950-01-01' tree/d/e
      find tree -type d -exec touch -d '2011-11-11 11:11:11.5' {} +
      """)
    for format in ["posix", "gnu"] {
      let flags = format == "posix" ? "--xattrs --xattrs-include='*'" : ""
      try scratch.shell("tar --format=\(format) --numeric-owner --sparse \(flags) -cf a.tar -C tree .")
      try scratch.shell("rm -rf theirs out; mkdir theirs; tar -xpf a.tar \(flags) --numeric-owner -C theirs")
      let result = try LayerTree.unpack(scratch.read("a.tar"), to: "out", of: scratch)
      let (ours, theirs) = (try LayerTree.describe(scratch.file("out")), try LayerTree.describe(scratch.file("theirs")))
      #expect(result.summary == .nothingImplied)
      #expect(ours.count == 25)
      for name in Set(ours.keys).union(theirs.keys) { #expect(ours[name] == theirs[name], "\(format): \(name)") }
      var status = stat()
      #expect(lstat(scratch.file("out/sparse"), &status) == 0 && status.st_blocks < 100)
    }
  }

  @Test func laterEntriesWin() throws {
    let scratch = try Scratch()
    let summary = try unpack(scratch) { tar in
      tar.add("a", data: "first")
      tar.add("linked", type: "1", target: "a")
      tar.add("a", data: "second", mode: 0o600)
      tar.add("tree/sub/file", data: "x")
      tar.add("tree", data: "now a file")
      tar.add("file", data: "x")
      tar.add("file/", type: "5", mode: 0o755)
      tar.add("file/in", data: "y")
      tar.add("kept/", type: "5", mode: 0o755)
      tar.add("kept/in", data: "z")
      tar.add("kept/", type: "5", mode: 0o700)
      tar.add("a", type: "1", target: "linked")
      tar.add("again", type: "1", target: "linked")
      tar.add("again", type: "1", target: "linked")
    }
    #expect(try scratch.read("out/linked") == Array("first".utf8))
    #expect(try scratch.read("out/a") == Array("first".utf8))
    #expect(try scratch.read("out/tree") == Array("now a file".utf8))
    #expect(try scratch.read("out/file/in") == Array("y".utf8))
    #expect(try scratch.read("out/kept/in") == Array("z".utf8))
    var status = stat()
    #expect(stat(scratch.file("out/kept"), &status) == 0 && status.st_mode & 0o7777 == 0o700)
    #expect(stat(scratch.file("out/again"), &status) == 0 && status.st_nlink == 3)
    #expect(summary.impliedDirectories == [])
  }

  @Test func directoriesWithoutAnEntryAreReported() throws {
    let scratch = try Scratch()
    let summary = try unpack(scratch) { tar in
      tar.add("a/b/c", data: "x")
      tar.add("later/x", data: "x")
      tar.add("later", type: "5", mode: 0o711)
      tar.add("gone/sub/x")
      tar.add("gone")
      tar.add(".wh.not")
      tar.add("only/.wh.here")
    }
    #expect(summary.impliedDirectories.map { String(decoding: $0, as: UTF8.self) } == ["a", "a/b", "only"])
    var status = stat()
    #expect(stat(scratch.file("out/a/b"), &status) == 0 && status.st_mode & 0o7777 == 0o755)
    #expect(stat(scratch.file("out/later"), &status) == 0 && status.st_mode & 0o7777 == 0o711)
  }

  @Test func whiteoutsSpeakOfLayersBelow() throws {
    let scratch = try Scratch(in: "/dev/shm")
    let summary = try unpack(scratch) { tar in
      tar.add("d/", type: "5", mode: 0o755)
      tar.add("d/.wh.gone")
      tar.add("d/.wh..wh.plnk/77.1")
      tar.add(".wh..wh.aufs")
      // This layer's own are not what is hidden, whichever comes first.
      tar.add("own", data: "x")
      tar.add(".wh.own")
      tar.add(".wh.late")
      tar.add("late", data: "y")
      tar.add(".wh.dir")
      tar.add("dir/", type: "5", mode: 0o755)
      tar.add("dir/.wh.below")
      tar.add("dir/in", data: "z")
      // Nothing of the layers below shows here, so there is nothing to hide.
      tar.add("opaque/.wh.before")
      tar.add("opaque/sub/.wh.deep")
      tar.add("opaque/sub/x")
      tar.add("opaque/.wh..wh..opq")
    }
    #expect(isWhiteout(scratch, "out/d/gone"))
    #expect(try scratch.read("out/own") == [0x78])
    #expect(try scratch.read("out/late") == [0x79])
    #expect(isOpaque(scratch, "out/dir") && exists(scratch, "out/dir/in") && !exists(scratch, "out/dir/below"))
    #expect(isOpaque(scratch, "out/opaque") && exists(scratch, "out/opaque/sub/x"))
    #expect(!exists(scratch, "out/opaque/before") && !exists(scratch, "out/opaque/sub/deep"))
    #expect(!exists(scratch, "out/d/.wh..wh.plnk") && !exists(scratch, "out/.wh..wh.aufs"))
    #expect(!isOpaque(scratch, "out/d") && !summary.isOpaque)
    #expect(summary.impliedDirectories.map { String(decoding: $0, as: UTF8.self) } == ["opaque", "opaque/sub"])
    // A directory's time is the archive's, though the whiteout came after all.
    var status = stat()
    #expect(stat(scratch.file("out/d"), &status) == 0 && status.st_mtim.tv_sec == 1_000_000_000)
  }

  @Test(
    .enabled(if: Machine.isRoot && Machine.has("unshare"), "needs root and unshare"),
    arguments: ["xino=off", "userxattr"])
  func overlayfsShowsWhatTheArchiveSays(option: String) throws {
    let scratch = try Scratch(in: "/dev/shm")
    try scratch.shell(
      "mkdir -p low/d low/opaque/sub low/dir; touch low/gone low/kept low/d/gone low/d/kept low/opaque/sub/x low/dir/x")
    // A rootless caller's layers are for overlays of its own.
    var caller = Caller.current
    caller.isRootless = option == "userxattr"
    _ = try unpack(scratch, caller: caller) { tar in
      tar.add(".wh.gone")
      tar.add("d/.wh.gone")
      tar.add("opaque/", type: "5", mode: 0o755)
      tar.add("opaque/.wh..wh..opq")
      tar.add("opaque/.wh.leak")
      tar.add("opaque/new", data: "x")
      tar.add("dir/", type: "5", mode: 0o755)
      tar.add(".wh.dir")
    }
    // In a mount namespace of its own, which ends with the shell.
    let seen = try scratch.shell(
      "mkdir merged; unshare -m sh -ec 'mount -t overlay overlay -o \(option),lowerdir=out:low merged; cd merged; find .'"
    )
    let expected = [".", "./d", "./d/kept", "./dir", "./kept", "./opaque", "./opaque/new"]
    #expect(seen.split(separator: "\n").map(String.init).sorted() == expected)
  }

  @Test func aRootThatIsOpaqueIsSaid() throws {
    let scratch = try Scratch(in: "/dev/shm")
    #expect(try unpack(scratch) { $0.add("./.wh..wh..opq") }.isOpaque)
  }

  @Test(arguments: [".wh.", "a/.wh.", ".wh..", ".wh...", ".wh.d/x", "a/.wh.d/x"])
  func whiteoutsOfNothing(name: String) throws {
    let scratch = try Scratch()
    #expect(throws: LayerError.self) { try unpack(scratch) { $0.add(name) } }
  }

  @Test func overlayAttributesAreNotTaken() throws {
    let scratch = try Scratch(in: "/dev/shm")
    _ = try unpack(scratch) { tar in
      tar.addRecords([
        ("SCHILY.xattr.user.overlay.opaque", "y"), ("SCHILY.xattr.trusted.overlay.redirect", "/etc"),
        ("SCHILY.xattr.user.good", "1"),
      ])
      tar.add("d/", type: "5", mode: 0o755)
    }
    #expect(LayerTree.attributes(scratch.file("out/d")).map(\.0) == ["user.good"])
  }

  /// For a user who is not root, too: run these tests as one.
  @Test func directoriesThatTheirOwnerMayNotUse() throws {
    let scratch = try Scratch(in: "/dev/shm")
    let summary = try unpack(scratch) { tar in
      tar.add("./", type: "5", mode: 0o555)
      tar.add("bin/", type: "5", mode: 0o555)
      tar.add("none/", type: "5", mode: 0)
      tar.add("none/file", data: "x", mode: 0)
      tar.add("bin/program", data: "y", mode: 0o4555)
      tar.addRecords([("SCHILY.xattr.user.note", "n")])
      tar.add("bin/noted", data: "z", mode: 0o444)
      tar.add("none/late", data: "x", mode: 0o400)
      tar.add("none/.wh.gone")
      tar.add([0x6f], data: [1], uid: 4321, gid: 4321)
    }
    #expect(summary == .nothingImplied)
    let modes: [String: mode_t] = ["": 0o555, "bin": 0o555, "bin/program": 0o4555, "bin/noted": 0o444, "none": 0]
    for (name, mode) in modes {
      var status = stat()
      #expect(lstat(scratch.file("out/\(name)"), &status) == 0 && status.st_mode & 0o7777 == mode, "\(name)")
    }
    #expect(LayerTree.attributes(scratch.file("out/bin/noted")).map(\.0) == ["user.note"])
    chmod(scratch.file("out/none"), 0o700)
    #expect(
      exists(scratch, "out/none/file") && exists(scratch, "out/none/late") && isWhiteout(scratch, "out/none/gone"))
    var status = stat()
    #expect(lstat(scratch.file("out/o"), &status) == 0 && status.st_uid == (Machine.isRoot ? 4321 : geteuid()))
  }

  @Test func treesDeeperThanThereAreDescriptors() throws {
    let scratch = try Scratch()
    let deep = String(repeating: "d/", count: 1500)
    _ = try unpack(scratch) { tar in
      for name in [deep + "file", deep + "other", "d/d/top", String(repeating: "d/", count: 700) + "middle"] {
        tar.addRecords([("path", name)])
        tar.add("short", data: "x")
      }
    }
    #expect(exists(scratch, "out/\(deep)other") && exists(scratch, "out/d/d/top"))
    #expect(exists(scratch, "out/\(String(repeating: "d/", count: 700))middle"))
  }
}

extension DirectorySummary {
  /// The archive has an entry for each directory, its root among them.
  fileprivate static var nothingImplied: DirectorySummary {
    var summary = DirectorySummary()
    summary.impliesRoot = false
    return summary
  }
}
