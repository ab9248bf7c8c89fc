import Glibc
import Kernel
import OCI
import Testing

@testable import Container

@Suite struct StateStoreTests {
  let directory: TemporaryDirectory
  let store: StateStore
  let id: ContainerID

  init() throws {
    directory = try TemporaryDirectory()
    store = try StateStore(path: directory / "a/state")
    id = try ContainerID(validating: "c1")
  }

  private func failure(_ body: () throws -> Void) -> String? {
    do { try body() } catch { return "\(error)" }
    return nil
  }

  @Test func aLifeFromReservationToRemoval() throws {
    let written = try record()
    do {
      let journal = try store.reserve(written)
      try journal.append(.process(try ProcessID.current()))
      try journal.append(.started)
      try journal.makeStartFIFO()
      try journal.saveConfig(Array("{}".utf8))
    }
    let journal = try store.open(id, lock: .exclusiveNow)
    let history = try #require(try journal.load())
    #expect(history.record == written)
    #expect(try history.status() == .running)
    #expect(history.state(.running).pid == getpid())
    #expect(try journal.loadConfig() == Array("{}".utf8))
    #expect(try store.list() == [id])
    try journal.remove()
    #expect(try store.list().isEmpty)
    #expect(try Directories.names(in: store.directory.number, limit: 9).isEmpty)
    #expect(failure { _ = try store.open(id, lock: .none).id } == "container does not exist")
  }

  @Test func takenNames() throws {
    let journal = try store.reserve(try record())
    #expect(failure { _ = try store.reserve(try record()).id } == "container with given ID already exists")
    #expect(failure { _ = try store.open(id, lock: .exclusiveNow).id }?.contains("another command is at work") == true)
    // A hook that asks for the state while the creation holds the lock gets an answer.
    let history = try store.open(id, lock: .none).load()
    #expect(try history?.status() == .creating)
    try journal.remove()
    try store.reserve(try record()).remove()
  }

  /// Of many that want one name, one gets it; when it goes, the next does, and nobody holds what has no name any more.
  @Test func oneWinner() async throws {
    let store = store
    let winners = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask {
          (0..<50).count { _ in
            guard let record = try? record("race"), let journal = try? store.reserve(record) else { return false }
            // Nobody else can be at work: the lock is ours.
            if (try? store.open(record.id, lock: .exclusiveNow).id) != nil { Issue.record("two owners") }
            try? journal.remove()
            return true
          }
        }
      }
      return await group.reduce(0, +)
    }
    #expect(winners > 0)
    #expect(try store.list().isEmpty)
  }

  @Test func waitingForWhatIsRemoved() async throws {
    let store = store
    let id = id
    let journal = try store.reserve(try record())
    let waiter = Task.detached { () -> String in
      do throws(ContainerError) { return try store.open(id, lock: .exclusive).id.value } catch { return "\(error)" }
    }
    try journal.remove()
    #expect(await waiter.value == "container does not exist")
  }

  @Test(arguments: ["", "{\"version\":1,\"id\""])
  func unreadableCanBeRemoved(text: String) throws {
    try write(text, to: store.path + "/c1.journal")
    let journal = try store.open(id, lock: .exclusive)
    #expect(try journal.load() == nil)
    try journal.remove()
    #expect(try store.list().isEmpty)
  }

  @Test func eventsAfterATornOne() throws {
    try store.reserve(try record()).append(.process(ProcessID(pid: 5, startTime: 6)))
    let file = try Descriptor.open(store.path + "/c1.journal", O_WRONLY | O_APPEND)
    try file.write("\n{\"start")
    let journal = try store.open(id, lock: .exclusive)
    try journal.append(.exited(1))
    let history = try #require(try journal.load())
    #expect(history.process == ProcessID(pid: 5, startTime: 6))
    #expect(!history.isStarted)
    #expect(history.exitCode == 1)
  }

  @Test func foreignNamesArePassedOver() throws {
    for name in ["x.start", ".journal", ".hidden.journal", "a b.journal", "journal", "c1.journal"] {
      try write("", to: store.path + "/" + name)
    }
    #expect(try store.list() == [id])
  }

  @Test func linksAndPipesAreNoJournals() throws {
    try write("precious", to: directory / "target")
    try #require(symlink(directory / "target", store.path + "/c1.journal") == 0)
    #expect(failure { _ = try store.reserve(try record()).id } == "container with given ID already exists")
    #expect(failure { _ = try store.open(id, lock: .none).id }?.contains("too many levels") == true)
    try #require(unlink(store.path + "/c1.journal") == 0)
    // A dangling link must not make its target either.
    try #require(symlink(directory / "made", store.path + "/c1.journal") == 0)
    #expect(failure { _ = try store.reserve(try record()).id } != nil)
    #expect(!exists(directory / "made"))
    try #require(unlink(store.path + "/c1.journal") == 0)
    try #require(mkfifo(store.path + "/c1.journal", 0o600) == 0)
    #expect(failure { _ = try store.open(id, lock: .none).id }?.contains("no file of this user") == true)
    #expect(try String(decoding: readFile(directory / "target", limit: 99), as: UTF8.self) == "precious")
  }

  @Test func configCopyIsNotWrittenThroughALink() throws {
    let journal = try store.reserve(try record())
    try write("precious", to: directory / "target")
    try #require(symlink(directory / "target", store.path + "/c1.config.json") == 0)
    #expect(failure { try journal.saveConfig([65]) } != nil)
    #expect(try String(decoding: readFile(directory / "target", limit: 99), as: UTF8.self) == "precious")
  }

  @Test func startNeedsAPipe() throws {
    let journal = try store.reserve(try record())
    try write("", to: store.path + "/c1.start")
    #expect(failure { _ = try journal.openStartFIFO(O_RDWR).number }?.contains("no FIFO") == true)
    try journal.removeStartFIFO()
    try journal.makeStartFIFO()
    let end = try journal.openStartFIFO(O_RDWR)
    #expect(end.number > 2)
  }

  @Test func directoryOfOthersIsRefused() throws {
    try #require(chmod(store.path, 0o770) == 0)
    #expect(failure { _ = try StateStore(path: store.path) } == "use \(store.path): others may write to it: chmod go-w")
    #expect(failure { _ = try StateStore(path: "/proc/self/status") }?.contains("not a directory") == true)
  }

  @Test func longestID() throws {
    let longest = String(repeating: "x", count: StateStore.longestID)
    let journal = try store.reserve(try record(longest))
    try journal.saveConfig([])
    #expect(failure { _ = try store.reserve(try record(longest + "x")).id }?.contains("invalid container ID") == true)
    try journal.remove()
  }

  @Test(.enabled(if: geteuid() == 0, "needs root"))
  func fullDiskLeavesNothing() throws {
    let path = directory / "full"
    try #require(mkdir(path, 0o700) == 0)
    // A file size limit is no way: it is the whole process's. One page holds the directory's own needs only.
    guard mount("none", path, "tmpfs", 0, "size=4k,mode=700,nr_inodes=8") == 0 else { return }
    defer { umount2(path, Int32(MNT_DETACH)) }
    try write(String(repeating: "x", count: 4096), to: path + "/filler")
    let full = try StateStore(path: path)
    #expect(failure { _ = try full.reserve(try record()).id } == "write state of c1: no space left on device")
    #expect(try full.list().isEmpty)
  }

  @Test func standardPaths() throws {
    let environment = ["XDG_RUNTIME_DIR": "/run/user/7", "XDG_DATA_HOME": "relative", "HOME": "/home/u"]
    #expect(try StateStore.defaultPath(rootless: false) { environment[$0] } == "/run/swiftcr")
    #expect(try StateStore.defaultPath(rootless: true) { environment[$0] } == "/run/user/7/swiftcr")
    #expect(throws: ContainerError.self) { try StateStore.defaultPath(rootless: true) { _ in nil } }
    #expect(try DataDirectory.standard(rootless: false) { environment[$0] }.path == "/var/lib/swiftcr")
    #expect(try DataDirectory.standard(rootless: true) { environment[$0] }.path == "/home/u/.local/share/swiftcr")
  }
}
