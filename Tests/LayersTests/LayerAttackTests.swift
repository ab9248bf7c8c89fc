import Glibc
import Kernel
import Layers
import Testing

/// Archives that want to reach what is not theirs, or more than is good.
@Suite(.serialized) struct LayerAttackTests {
  /// Unpacks beside a directory `outside` with a file, and looks that nothing there or around has changed.
  private func attack(_ make: (inout RawTar, String) -> Void) throws -> (scratch: Scratch, error: String?) {
    let scratch = try Scratch()
    try scratch.shell("mkdir outside; printf secret > outside/file; chmod 600 outside/file")
    let before = try LayerTree.describe(scratch.file("outside"))
    var tar = RawTar()
    make(&tar, scratch.path)
    tar.addEnd()
    var reason: String?
    do { try LayerTree.unpack(tar.bytes, to: "out", of: scratch) } catch { reason = "\(error)" }
    #expect(try LayerTree.describe(scratch.file("outside")) == before)
    let directory = try Descriptor.open(scratch.path, O_RDONLY | O_DIRECTORY)
    #expect(try Set(Directories.names(in: directory.number, limit: 100)) == ["out", "outside"])
    return (scratch, reason)
  }

  @Test func filesThroughLinks() throws {
    // The root of a link is the layer: "/" and ".." lead no further.
    let (scratch, reason) = try attack { tar, path in
      tar.add("abs", type: "2", target: "\(path)/outside")
      tar.add("abs/file", data: "mine")
      tar.add("up", type: "2", target: "../../../../outside")
      tar.add("up/file", data: "mine")
      tar.add("chain", type: "2", target: "up/../up")
      tar.add("chain/new", data: "mine")
      tar.add("dir/x", type: "2", target: "..")
      tar.add("dir/x/top", data: "mine")
      tar.add("dir/root", type: "2", target: "/")
      tar.add("dir/root/at-root", data: "mine")
    }
    #expect(reason == nil)
    #expect(try scratch.read("out/outside/file") == Array("mine".utf8))
    #expect(try scratch.read("out\(scratch.path)/outside/file") == Array("mine".utf8))
    #expect(try scratch.read("out/outside/new") == Array("mine".utf8))
    #expect(try scratch.read("out/top") == Array("mine".utf8))
    #expect(try scratch.read("out/at-root") == Array("mine".utf8))
  }

  @Test func aLinkItselfIsReplacedNotFollowed() throws {
    let (scratch, reason) = try attack { tar, path in
      tar.add("file", type: "2", target: "\(path)/outside/file")
      tar.add("file", data: "mine")
      tar.add("dir", type: "2", target: "\(path)/outside")
      tar.add("dir/", type: "5", mode: 0o777)
      tar.add("dir/file", data: "mine")
      tar.add("late/sub/x", data: "x")
      tar.add("late", type: "2", target: "\(path)/outside")
      tar.add("late/file", data: "mine")
    }
    #expect(reason == nil)
    #expect(try scratch.read("out/file") == Array("mine".utf8))
    #expect(try scratch.read("out/dir/file") == Array("mine".utf8))
  }

  @Test(arguments: ["../outside/file", "a/../../outside/file", "..", "/../outside/file", "a/b/../../../x"])
  func namesThatClimb(name: String) throws {
    let found = try attack { tar, _ in tar.add(name, data: "mine") }
    #expect(found.error?.contains("leads out of the layer") == true)
    let link = try attack { tar, _ in tar.add("x", type: "1", target: name) }
    #expect(link.error != nil)
  }

  @Test func absoluteNamesAreTheLayers() throws {
    let (scratch, reason) = try attack { tar, path in
      tar.add("\(path)/outside/file", data: "mine")
      tar.add("//a/./b/../c", data: "mine")
    }
    #expect(reason == nil)
    #expect(try scratch.read("out\(scratch.path)/outside/file") == Array("mine".utf8))
    #expect(try scratch.read("out/a/c") == Array("mine".utf8))
  }

  @Test func hardLinksToTheHost() throws {
    for parent in ["", "up/", "abs/"] {
      let (scratch, reason) = try attack { tar, path in
        tar.add("up", type: "2", target: "../outside")
        tar.add("abs", type: "2", target: "\(path)/outside")
        tar.add("x", type: "1", target: parent.isEmpty ? "\(path)/outside/file" : "\(parent)file")
        tar.add("x", data: "mine")
      }
      #expect(reason == nil)
      #expect(try scratch.read("out/x") == Array("mine".utf8))
    }
    // A link to a link is a second name of the link.
    let (_, reason) = try attack { tar, path in
      tar.add("link", type: "2", target: "\(path)/outside/file")
      tar.add("x", type: "1", target: "link")
      tar.add("x", data: "mine")
    }
    #expect(reason == nil)
  }

  @Test func whiteoutsAndAttributesThroughLinks() throws {
    let (scratch, reason) = try attack { tar, path in
      tar.add("abs", type: "2", target: "\(path)/outside")
      tar.add("abs/.wh.file")
      tar.add("abs/.wh..wh..opq")
      tar.add("other", type: "2", target: "/proc/self/root")
      tar.add("other/.wh.bin")
    }
    #expect(reason == nil)
    var status = stat()
    #expect(lstat(scratch.file("out/proc/self/root/bin"), &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
  }

  @Test func whatIsInTheWay() throws {
    #expect(
      try attack { tar, _ in
        tar.add("file", data: "x")
        tar.add("file/in", data: "y")
      }.error?.contains("not a directory") == true)
    #expect(
      try attack { tar, _ in
        tar.add("loop", type: "2", target: "loop")
        tar.add("loop/in", data: "y")
      }.error?.contains("too many symbolic links") == true)
    #expect(
      try attack { tar, _ in
        tar.add("fifo", type: "6")
        tar.add("fifo/in", data: "y")
      }.error?.contains("not a directory") == true)
    #expect(try attack { tar, _ in tar.add("./", data: "x") }.error?.contains("no directory") == true)
    #expect(try attack { tar, _ in tar.add("x", type: "1", target: "x") }.error != nil)
    #expect(
      try attack { tar, _ in
        tar.add("d/", type: "5", mode: 0o755)
        tar.add("x", type: "1", target: "d")
      }.error != nil)
    #expect(try attack { tar, _ in tar.add(String(repeating: "n", count: 50) + "\n", data: "x") }.error == nil)
  }

  @Test func numbersThatLinuxDoesNotHave() throws {
    #expect(try attack { tar, _ in tar.add([97], type: "3", major: 4096) }.error?.contains("invalid argument") == true)
    #expect(
      try attack { tar, _ in tar.add([97], type: "4", minor: 1 << 20) }.error?.contains("invalid argument") == true)
    let long = String(repeating: "n", count: 256)
    #expect(
      try attack { tar, _ in
        tar.addRecords([("path", long)])
        tar.add("x", data: "x")
      }.error?.contains("too long") == true)
  }

  @Test func oneNameAHundredThousandTimes() throws {
    var tar = RawTar()
    tar.add("same", type: "2", target: "x")
    let one = tar.bytes
    tar.bytes = []
    tar.bytes.reserveCapacity(one.count * 100_000)
    for _ in 0..<100_000 { tar.bytes += one }
    let scratch = try Scratch(in: "/dev/shm")
    #expect(try LayerTree.unpack(tar.bytes, to: "out", of: scratch).facts.entries == 100_000)
  }

  @Test func impliedDirectoriesAreBounded() throws {
    // 2,000 directories of every entry, none of them said.
    var tar = RawTar()
    for entry in 0..<20 {
      tar.addRecords([("path", "\(entry)/" + String(repeating: "d/", count: 2000) + "f")])
      tar.add("short")
    }
    let scratch = try Scratch(in: "/dev/shm")
    #expect { try LayerTree.unpack(tar.bytes, to: "out", of: scratch) } throws: { "\($0)".contains("without an entry") }
  }
}
