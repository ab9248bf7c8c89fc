import Glibc
import Kernel
import Testing

@testable import Layers

/// Hard links of a layer to files of the layers below.
@Suite struct LowerFilesTests {
  /// Makes links of the topmost of the scratch's directories, and returns what was made for them.
  private func make(
    _ links: [(path: String, target: String)], over layers: [String], copies: Set<Int> = [], in scratch: Scratch
  ) throws -> [String] {
    let roots = try layers.map { try Descriptor.open(scratch.file($0), O_RDONLY | O_DIRECTORY).release() }
    defer { for root in roots { close(root) } }
    guard mkdir(scratch.file("out"), 0o755) == 0 else { throw SystemError("make", "out") }
    let root = try Descriptor.open(scratch.file("out"), O_RDONLY | O_DIRECTORY)
    let made = try LowerFiles.make(
      links.map { LowerLink(path: Array($0.path.utf8), target: Array($0.target.utf8)) }, of: MergedTree(roots),
      copies: copies, in: root)
    return made.map { String(decoding: $0, as: UTF8.self) }
  }

  private func status(_ scratch: Scratch, _ name: String) -> stat {
    var status = stat()
    #expect(lstat(scratch.file(name), &status) == 0, "\(name)")
    return status
  }

  @Test func copiesWithAllTheyHave() throws {
    let scratch = try Scratch(in: "/dev/shm")
    try scratch.shell(
      """
      mkdir -p one/d one/usr/lib two top/e; printf lower > one/d/file; touch -d '2001-01-01' one/d/file
      chmod 4750 one/d/file; setfattr -n user.note -v hello one/d/file 2>/dev/null || :
      truncate -s 1M one/d/sparse; printf end >> one/d/sparse; ln -s target one/link; ln -s usr/lib one/lib
      printf y > one/usr/lib/x; printf other > top/file; ln -s d top/e/there
      """)
    let made = try make(
      [
        ("new/copy", "d/file"), ("copy", "d/file"), ("e/sparse", "d/sparse"), ("other", "link"), ("x", "lib/x"),
        ("through", "e/../d/file"), ("again", "copy"),
      ], over: ["one", "two", "top"], in: scratch)
    #expect(Set(made) == ["new", "d", "e", "usr", "usr/lib"])
    #expect(try scratch.read("out/new/copy") == Array("lower".utf8))
    let (copy, original) = (status(scratch, "out/new/copy"), status(scratch, "one/d/file"))
    #expect(copy.st_mtim.tv_sec == original.st_mtim.tv_sec && copy.st_mode == original.st_mode)
    #expect(
      LayerTree.attributes(scratch.file("out/copy")).map(\.0)
        == LayerTree.attributes(scratch.file("one/d/file")).map(\.0))
    // All names of one file are of one copy, the lower one too; of a name that the layer has, the layer's stays.
    for name in ["copy", "d/file", "through", "again"] { #expect(status(scratch, "out/\(name)").st_ino == copy.st_ino) }
    #expect(copy.st_nlink == 5 && copy.st_ino != original.st_ino)
    #expect(try scratch.read("out/e/sparse") == scratch.read("one/d/sparse"))
    #expect(status(scratch, "out/e/sparse").st_blocks < 100)
    #expect(status(scratch, "out/other").st_mode & S_IFMT == S_IFLNK)
    #expect(try scratch.read("out/x") == Array("y".utf8))
  }

  @Test func furtherNamesOfCopies() throws {
    let scratch = try Scratch(in: "/dev/shm")
    try scratch.shell("mkdir one copies top; printf x > copies/file; mkfifo one/pipe")
    _ = try make(
      [("d/a", "file"), ("b", "d/a"), ("p", "pipe")], over: ["one", "copies", "top"], copies: [1], in: scratch)
    let first = status(scratch, "copies/file")
    #expect(first.st_nlink == 3)
    for name in ["d/a", "b"] { #expect(status(scratch, "out/\(name)").st_ino == first.st_ino) }
    #expect(status(scratch, "out/p").st_mode & S_IFMT == S_IFIFO)
  }

  /// The file is what the name meant before the layer had something else there.
  @Test func targetsThatTheLayerReplaces() throws {
    let scratch = try Scratch(in: "/dev/shm")
    try scratch.shell("mkdir one top; printf old > one/file; printf new > top/file; printf x > one/x")
    if Machine.isRoot { try scratch.shell("mknod top/x c 0 0") }
    _ = try make([("copy", "file"), ("y", "x")], over: ["one", "top"], in: scratch)
    #expect(try scratch.read("out/copy") == Array("old".utf8) && scratch.read("out/y") == Array("x".utf8))
    var found = stat()
    #expect(lstat(scratch.file("out/file"), &found) != 0)
    if Machine.isRoot { #expect(lstat(scratch.file("out/x"), &found) != 0) }
  }

  @Test(
    .enabled(if: Machine.isRoot, "needs root"),
    arguments: ["d/out", "hidden/x", "d", "nothing", "file/x", "loop/x", "/", "root/etc/passwd"])
  func filesThatNoLayerHas(target: String) throws {
    let scratch = try Scratch(in: "/dev/shm")
    try scratch.shell(
      """
      mkdir -p one/d one/hidden two/d two/hidden top; printf x > one/d/out; mknod two/d/out c 0 0; printf y > one/hidden/x
      setfattr -n trusted.overlay.opaque -v y two/hidden; printf f > one/file; ln -s loop one/loop
      ln -s /proc/self/root one/root
      """)
    let error = #expect(throws: LayerError.self) {
      try make([("link", target)], over: ["one", "two", "top"], in: scratch)
    }
    #expect(error?.description.contains("no layer has such a file") == true)
  }
}
