import Glibc
import Kernel
import Testing

@testable import Container

@Suite struct LayerRemovalTests {
  let directory: TemporaryDirectory
  let tree: String

  init() throws {
    directory = try TemporaryDirectory()
    tree = directory / "tree"
    try #require(mkdir(tree, 0o700) == 0)
  }

  private func attempt() throws {
    let parent = try Descriptor.open(directory.path, O_RDONLY | O_DIRECTORY)
    try TreeRemoval.remove("tree", at: parent.number)
  }

  private func remove() throws {
    try attempt()
    #expect(!exists(tree))
  }

  @Test func deeperThanPathsAndDescriptors() throws {
    var here = try Descriptor.open(tree, O_RDONLY | O_DIRECTORY)
    for level in 0..<10_000 {
      let name = level % 3 == 0 ? "0" : "d"
      try #require(mkdirat(here.number, name, 0o700) == 0)
      if level % 100 == 0 { try #require(symlinkat("..", here.number, "up") == 0) }
      let next = openat(here.number, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      try #require(next >= 0)
      here = Descriptor(adopting: next)
    }
    try remove()
  }

  @Test func manyFiles() throws {
    let here = try Descriptor.open(tree, O_RDONLY | O_DIRECTORY)
    for number in 0..<10_000 {
      try #require(mknodat(here.number, "a file with a longer name \(number)", S_IFREG | 0o600, 0) == 0)
    }
    for number in 0..<500 {
      try #require(mkdir("\(tree)/\(number)", 0o700) == 0)
      try #require(mkdir("\(tree)/\(number)/\(number + 1)", 0o700) == 0)
    }
    try remove()
  }

  @Test func linksAreNotFollowed() throws {
    try #require(mkdir(directory / "outside", 0o700) == 0)
    try write("x", to: directory / "outside/file")
    try #require(symlink(directory / "outside", tree + "/link") == 0)
    try #require(mkdir(tree + "/work", 0o000) == 0)
    try #require(symlink("../outside", directory / "tree/relative") == 0)
    try #require(link(directory / "outside/file", tree + "/hard") == 0)
    try remove()
    #expect(exists(directory / "outside/file"))
    // The tree itself may not be a link either.
    try #require(symlink(directory / "outside", tree) == 0)
    #expect(throws: SystemError.self) { try attempt() }
    #expect(exists(directory / "outside/file"))
  }

  @Test func namesThatAreNoText() throws {
    for bytes in [[0xFF, 0xFE], [0x0A], [0x80]] as [[UInt8]] {
      let path = (Array(tree.utf8) + [0x2F] + bytes + [0]).map { CChar(bitPattern: $0) }
      try #require(mkdir(path, 0o700) == 0)
      let file = (Array(tree.utf8) + [0x2F] + bytes + [0x2F] + bytes + [0]).map { CChar(bitPattern: $0) }
      try #require(mkdir(file, 0o700) == 0)
    }
    try remove()
  }

  @Test func pipesAndSocketsAreNotOpened() throws {
    try #require(mkfifo(tree + "/fifo", 0o600) == 0)
    try #require(mkdir(tree + "/d", 0o700) == 0)
    try #require(mkfifo(tree + "/d/fifo", 0o000) == 0)
    try remove()
  }

  @Test func withoutPermissions() throws {
    try #require(mkdir(tree + "/a", 0o700) == 0)
    try #require(mkdir(tree + "/a/b", 0o700) == 0)
    try write("x", to: tree + "/a/b/file", mode: 0)
    for path in [tree + "/a/b", tree + "/a", tree] { try #require(chmod(path, 0) == 0) }
    try remove()
  }

  @Test(.enabled(if: geteuid() == 0, "needs root"))
  func immutable() throws {
    try #require(mkdir(tree + "/d", 0o700) == 0)
    try write("x", to: tree + "/d/file")
    try write("x", to: tree + "/log")
    var program = ChildProgram(path: "/usr/bin/chattr", arguments: ["chattr", "+i", tree + "/d/file", tree + "/d"])
    // Not every file system has the flag.
    guard let outcome = try? program.run(), outcome.status == .exited(0) else { return }
    program.arguments = ["chattr", "+a", tree + "/log"]
    _ = try program.run()
    try remove()
  }

  @Test(.enabled(if: geteuid() == 0, "needs root"))
  func mountsAreNotEntered() throws {
    try #require(mkdir(directory / "outside", 0o700) == 0)
    try write("x", to: directory / "outside/file")
    try #require(mkdir(tree + "/d", 0o700) == 0)
    guard mount(directory / "outside", tree + "/d", nil, UInt(MS_BIND), nil) == 0 else { return }
    #expect(throws: SystemError.self) { try attempt() }
    umount2(tree + "/d", Int32(MNT_DETACH))
    #expect(exists(directory / "outside/file"))
    try remove()
  }
}
