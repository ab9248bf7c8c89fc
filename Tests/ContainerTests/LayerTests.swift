import Glibc
import Kernel
import OCI
import Testing

@testable import Container

@Suite struct LayerTests {
  let directory: TemporaryDirectory
  let containers: String
  let root: String

  init() throws {
    directory = try TemporaryDirectory()
    containers = directory / "data/containers"
    root = directory / "state"
  }

  /// A container with a layer: its journal's record, then the layer.
  private func make(_ id: String, mode: UInt32 = 0o755) throws -> String {
    let path = ContainerLayer.newPath(for: id, in: containers)
    let store = try StateStore(root: root)
    var journal = try store.reserve(id)
    try journal.write(record(id, layer: path))
    let top = directory / "top"
    if !exists(top) { try #require(mkdir(top, 0o755) == 0) }
    let opened = try Descriptor.open(top, O_RDONLY | O_DIRECTORY)
    try #require(chmod(top, mode) == 0)
    try ContainerLayer.make(
      path, top: opened.number, uid: 0, gid: 0, storage: .directory, owner: store.layerOwner())
    return path
  }

  private func forget(_ id: String) throws {
    let store = try StateStore(root: root)
    try store.open(id, lock: true).remove()
  }

  @Test(arguments: [0o755, 0o1777, 0o2750, 0o000] as [UInt32])
  func upperLooksLikeTheTopLayer(mode: UInt32) throws {
    let path = try make("c1", mode: mode)
    var status = stat()
    try #require(stat(path + "/upper", &status) == 0)
    #expect(status.st_mode & 0o7777 == mode)
    var top = stat()
    try #require(stat(directory / "top", &top) == 0)
    #expect(status.st_mtim.tv_sec == top.st_mtim.tv_sec && status.st_mtim.tv_nsec == top.st_mtim.tv_nsec)
    try #require(stat(path, &status) == 0)
    #expect(status.st_mode & 0o7777 == 0o700)
    try ContainerLayer.remove(path, in: containers)
    #expect(!exists(path))
    try ContainerLayer.remove(path, in: containers)
    try ContainerLayer.remove(directory / "no/such/layer", in: directory / "no/such")
  }

  @Test func onlyLayersAreRemoved() throws {
    for path in ["/", directory / "data", containers, containers + "/", containers + "/..", containers + "/a/b"] {
      #expect(throws: ContainerError.self) { try ContainerLayer.remove(path, in: containers) }
    }
  }

  @Test(.enabled(if: geteuid() == 0, "needs root"))
  func mappedOwner() throws {
    let path = ContainerLayer.newPath(for: "c", in: containers)
    let top = try Descriptor.open("/", O_RDONLY | O_DIRECTORY)
    try ContainerLayer.make(
      path, top: top.number, uid: 100_000, gid: 100_001, storage: .directory, owner: nil)
    var status = stat()
    try #require(stat(path + "/upper", &status) == 0)
    #expect(status.st_uid == 100_000 && status.st_gid == 100_001)
  }

  @Test func orphansGoAndOthersStay() throws {
    let kept = try make("kept")
    let gone = try make("gone")
    try forget("gone")
    try write("x", to: gone + "/upper/file")
    // The same id again, with another layer than the old one: that is an orphan too.
    let first = try make("again")
    try forget("again")
    let second = try make("again")
    for name in ["foreign", "young-01234567"] { try #require(mkdir("\(containers)/\(name)", 0o700) == 0) }
    let one = try ContainerLayer.reapOrphans(of: "again", in: containers)
    #expect(one.removed == 1 && one.failures.isEmpty)
    #expect(exists(gone))
    let all = try ContainerLayer.reapOrphans(in: containers)
    #expect(all.removed == 1 && all.failures.isEmpty)
    #expect(!exists(gone) && !exists(first))
    #expect(exists(kept) && exists(second))
    #expect(exists(containers + "/foreign") && exists(containers + "/young-01234567"))
  }

  @Test func storeOutOfSightKeepsItsLayers() throws {
    let path = try make("c1")
    try forget("c1")
    // Another directory at the same path, as in another mount namespace.
    try #require(rename(root, root + ".away") == 0)
    try #require(mkdir(root, 0o700) == 0)
    #expect(try ContainerLayer.reapOrphans(in: containers).removed == 0)
    #expect(exists(path))
  }

  @Test func afterARebootTheStoreIsGone() throws {
    let path = try make("c1")
    var owner = try #require(try StateStore(root: root).layerOwner())
    owner.boot = "0123456789abcdef"
    owner.mark(path)
    #expect(try ContainerLayer.reapOrphans(in: containers).removed == 0)
    try #require(rename(root, root + ".away") == 0)
    #expect(try ContainerLayer.reapOrphans(in: containers).removed == 1)
    #expect(!exists(path))
  }

  @Test func markSurvives() throws {
    let path = try make("c1")
    let layer = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
    let mark = try #require(LayerOwner(of: layer.number))
    #expect(mark == (try StateStore(root: root).layerOwner()))
    #expect(mark.isStoreInSight())
    let other = try Descriptor.open("/", O_RDONLY | O_DIRECTORY)
    #expect(LayerOwner(of: other.number) == nil)
  }

  @Test func stack() throws {
    for name in ["a", "b"] { try #require(mkdir(directory / name, 0o755) == 0) }
    try write("x", to: directory / "file")
    func failure(_ directories: [String]) -> String? {
      do throws(ContainerError) {
        _ = try LayerStack(directories, containers: containers).descriptors
      } catch {
        return "\(error)"
      }
      return nil
    }
    let a = directory / "a"
    let opened = try LayerStack([a, directory / "b"], containers: containers)
    #expect(opened.descriptors.count == 2)
    #expect(failure([directory / "file"]) == "layer \(directory / "file") is not a directory")
    #expect(failure([a, directory / "missing"]) == "layer \(directory / "missing"): no such file or directory")
    #expect(failure([directory / "file/x"]) == "layer \(directory / "file/x"): not a directory")
    #expect(failure([]) == "expected 1 to 500 layers, found 0")
    #expect(failure(Array(repeating: a, count: 501)) == "expected 1 to 500 layers, found 501")
    #expect(failure([directory.path]) == nil)
    let path = try make("c1")
    #expect(failure([path + "/upper"])?.contains("overlaps with the containers' own layers") == true)
    #expect(failure([directory.path])?.contains("overlaps with the containers' own layers") == true)
    #expect(failure([a]) == nil)
  }
}
