import Glibc
import Kernel
import OCI
import Testing

@testable import Container

@Suite struct LayerTests {
  let directory: TemporaryDirectory
  let data: DataDirectory
  let store: StateStore

  init() throws {
    directory = try TemporaryDirectory()
    data = DataDirectory(path: directory / "data")
    store = try StateStore(path: directory / "state")
  }

  /// A container with a layer: its journal's record, then the layer.
  private func make(_ id: String, mode: UInt32 = 0o755) throws -> (Journal, String) {
    var record = try record(id)
    let path = try ContainerLayer.newPath(for: record.id, in: data)
    record.layer = path
    let journal = try store.reserve(record)
    let top = directory / "top"
    if !exists(top) { try #require(mkdir(top, 0o755) == 0) }
    try #require(chmod(top, mode) == 0)
    let layer = try ContainerLayer.make(
      path: path, in: data, top: Descriptor.open(top, O_RDONLY | O_DIRECTORY), store: store)
    #expect(layer.upperPath == path + "/upper")
    return (journal, path)
  }

  @Test(arguments: [0o755, 0o1777, 0o2750, 0o000] as [UInt32])
  func upperLooksLikeTheTopLayer(mode: UInt32) throws {
    let old = umask(0o077)
    umask(old)
    let (_, path) = try make("c1", mode: mode)
    var status = stat()
    try #require(stat(path + "/upper", &status) == 0)
    #expect(status.st_mode & 0o7777 == mode)
    var top = stat()
    try #require(stat(directory / "top", &top) == 0)
    #expect(status.st_mtim.tv_sec == top.st_mtim.tv_sec && status.st_mtim.tv_nsec == top.st_mtim.tv_nsec)
    try #require(stat(path, &status) == 0)
    #expect(status.st_mode & 0o7777 == 0o700)
    try ContainerLayer.remove(path: path)
    #expect(!exists(path))
    try ContainerLayer.remove(path: path)
    try ContainerLayer.remove(path: directory / "no/such/layer")
  }

  @Test func takenPathIsLeftAlone() throws {
    let (_, path) = try make("c1")
    try write("x", to: path + "/upper/file")
    #expect(throws: ContainerError.self) {
      _ = try ContainerLayer.make(
        path: path, in: data, top: Descriptor.open("/", O_RDONLY | O_DIRECTORY), store: store
      ).path
    }
    #expect(exists(path + "/upper/file"))
  }

  @Test(.enabled(if: geteuid() == 0, "needs root"))
  func mappedOwner() throws {
    let path = try ContainerLayer.newPath(for: ContainerID(validating: "c"), in: data)
    let top = try Descriptor.open("/", O_RDONLY | O_DIRECTORY)
    _ = try ContainerLayer.make(path: path, in: data, top: top, owner: (100_000, 100_001), store: store).path
    var status = stat()
    try #require(stat(path + "/upper", &status) == 0)
    #expect(status.st_uid == 100_000 && status.st_gid == 100_001)
  }

  @Test func orphansGoAndOthersStay() throws {
    let (kept, keptPath) = try make("kept")
    let (gone, gonePath) = try make("gone")
    try write("x", to: gonePath + "/upper/file")
    try gone.remove()
    // The same id again, with another layer than the old one: that is an orphan too.
    let (_, secondPath) = try make("again")
    let (again, firstPath) = (try store.open(ContainerID(validating: "again"), lock: .none), secondPath)
    try again.remove()
    let (_, newPath) = try make("again")
    try #require(mkdir(data.path(of: .containers) + "/foreign", 0o700) == 0)
    try #require(mkdir(data.path(of: .containers) + "/young-01234567", 0o700) == 0)
    let one = try ContainerLayer.reapOrphans(in: data, of: ContainerID(validating: "again"))
    #expect(one.removed == 1 && one.failures.isEmpty)
    let all = try ContainerLayer.reapOrphans(in: data)
    #expect(all.removed == 1 && all.failures.isEmpty)
    #expect(!exists(gonePath) && !exists(firstPath))
    #expect(exists(keptPath) && exists(newPath))
    #expect(exists(data.path(of: .containers) + "/foreign"))
    #expect(exists(data.path(of: .containers) + "/young-01234567"))
    #expect(kept.id.value == "kept")
  }

  @Test func storeOutOfSightKeepsItsLayers() throws {
    let (journal, path) = try make("c1")
    try journal.remove()
    // Another directory at the same path, as in another mount namespace.
    try #require(rename(store.path, store.path + ".away") == 0)
    try #require(mkdir(store.path, 0o700) == 0)
    #expect(try ContainerLayer.reapOrphans(in: data).removed == 0)
    #expect(exists(path))
  }

  @Test func markSurvives() throws {
    let (_, path) = try make("c1")
    let open = try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
    let mark = try #require(LayerOwner(of: open.number))
    #expect(mark == LayerOwner(store: store))
    #expect(mark.isStoreInSight())
    let top = try Descriptor.open("/", O_RDONLY | O_DIRECTORY)
    #expect(LayerOwner(of: top.number) == nil)
  }

  @Test func stack() throws {
    for name in ["a", "b"] { try #require(mkdir(directory / name, 0o755) == 0) }
    try write("x", to: directory / "file")
    func failure(_ directories: [String]) -> String? {
      do throws(ContainerError) {
        _ = try LayerStack(opening: directories, bundle: directory.path, data: data).descriptors
      } catch {
        return "\(error)"
      }
      return nil
    }
    let opened = try LayerStack(opening: [directory / "a", "b"], bundle: directory.path, data: data)
    #expect(opened.descriptors.count == 2)
    #expect(failure([directory / "file"]) == "layer \(directory / "file") is not a directory")
    #expect(failure(["a", "missing"]) == "open layer \(directory / "missing"): no such file or directory")
    #expect(failure([]) == "expected 1 to 500 layers, found 0")
    #expect(failure(Array(repeating: "a", count: 501)) == "expected 1 to 500 layers, found 501")
    let (_, path) = try make("c1")
    #expect(failure([path + "/upper"])?.contains("overlaps with the containers' own layers") == true)
    #expect(failure([directory.path])?.contains("overlaps with the containers' own layers") == true)
    #expect(failure([directory / "a"]) == nil)
  }
}
