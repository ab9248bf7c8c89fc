import Dispatch
import Glibc
import Kernel
import OCI
import Testing

@testable import Container

@Suite struct StateStoreTests {
  let directory: TemporaryDirectory
  let root: String

  init() throws {
    directory = try TemporaryDirectory()
    root = directory / "a/state"
  }

  private func open() throws -> StateStore { try StateStore(root: root) }

  private func failure(_ body: () throws -> Void) -> String? {
    do { try body() } catch { return "\(error)" }
    return nil
  }

  private func files() throws -> [String] {
    let opened = try Descriptor.open(root, O_RDONLY | O_DIRECTORY)
    return try Directories.names(in: opened.number, limit: 99).sorted()
  }

  @Test func aLifeFromReservationToRemoval() throws {
    let store = try open()
    do {
      var journal = try store.reserve("c1")
      try journal.write(record())
      try journal.keep(config: Array("{}".utf8))
      try journal.note(pid: getpid())
      try journal.noteStarted()
    }
    let journal = try store.open("c1", lock: true)
    #expect(journal.record == record())
    #expect(journal.pid == getpid() && journal.isStarted)
    #expect(try hasProcess(journal))
    #expect(try journal.config() == Array("{}".utf8))
    #expect(try store.ids() == ["c1"])
    #expect(try files() == ["c1.config.json", "c1.journal"])
    journal.remove()
    #expect(try files().isEmpty)
    #expect(failure { _ = try store.open("c1", lock: false).id } == "container does not exist")
  }

  @Test func anotherBootHasNoProcesses() throws {
    let store = try open()
    var journal = try store.reserve("c1")
    var old = record()
    old.bootID = "of yesterday"
    try journal.write(old)
    try journal.note(pid: getpid())
    #expect(try !hasProcess(journal))
  }

  /// A hook that asks for the state while the creation holds the lock gets an answer.
  @Test func stateDuringTheCreation() throws {
    let runtime = try Runtime(root: root, trace: { _ in }, warn: { _ in })
    do {
      var journal = try runtime.store.reserve("c1")
      try journal.write(record())
      #expect(failure { _ = try runtime.store.reserve("c1").id } == "container with given ID already exists")
      #expect(try runtime.state("c1").status == .creating)
      try journal.note(pid: getpid())
      #expect(try runtime.state("c1").status == .created)
      try journal.noteStarted()
      #expect(try runtime.state("c1").status == .running)
      journal.remove()
    }
    do {
      var journal = try runtime.store.reserve("c1")
      try journal.write(record())
    }
    // A program that a parallel test starts has a copy of the journal's descriptor, and so the lock, until its execve.
    #expect(try eventually { try runtime.state("c1").status == .stopped })
    #expect(try runtime.state("c1").status == .stopped)
  }

  /// Of many that want one name one gets it, and none while another has it.
  @Test func oneWinner() async throws {
    let root = root
    _ = try open()
    let winners = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask {
          (0..<50).count { _ in
            guard let store = try? StateStore(root: root), let journal = try? store.reserve("race") else {
              return false
            }
            // The lock is ours: nobody may have made the name again.
            if (try? store.reserve("race").id) != nil { Issue.record("two owners") }
            journal.remove()
            return true
          }
        }
      }
      return await group.reduce(0, +)
    }
    #expect(winners > 0)
    #expect(try files().isEmpty)
  }

  @Test func waitingForWhatIsRemoved() async throws {
    let root = root
    let store = try open()
    let journal = try store.reserve("c1")
    // On a thread of its own: a blocked one of the pool could be the one that is to let it go.
    async let result = withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        do throws(ContainerError) {
          continuation.resume(returning: try StateStore(root: root).open("c1", lock: true).id)
        } catch {
          continuation.resume(returning: "\(error)")
        }
      }
    }
    // Nothing to wait for but a little head start, which the result does not depend on.
    await Task.yield()
    journal.remove()
    // Without this the lock stays until the end of the scope, and the waiter waits for that.
    release(journal)
    #expect(await result == "container does not exist")
  }

  private func release(_ journal: consuming Journal) {}

  @Test(arguments: ["", "{\"version\":1,\"id\""])
  func unreadableCanBeRemoved(text: String) throws {
    let runtime = try Runtime(root: root, trace: { _ in }, warn: { _ in })
    try write(text, to: root + "/c1.journal")
    #expect(try runtime.state("c1").status == .stopped)
    try runtime.delete("c1", force: true)
    #expect(try files().isEmpty)
    try runtime.delete("c1", force: true)
  }

  @Test func eventsAfterATornOne() throws {
    let store = try open()
    do {
      var journal = try store.reserve("c1")
      try journal.write(record())
      try Descriptor.open(root + "/c1.journal", O_WRONLY | O_APPEND).write("\n{\"start")
      try journal.note(pid: getpid())
    }
    let journal = try store.open("c1", lock: false)
    #expect(journal.pid == getpid() && !journal.isStarted)
  }

  @Test func foreignNamesArePassedOver() throws {
    let store = try open()
    for name in ["x.start", ".journal", ".hidden.journal", "a b.journal", "journal", "c1.journal"] {
      try write("", to: root + "/" + name)
    }
    #expect(try store.ids() == ["c1"])
  }

  @Test(arguments: ["../c1", "", ".", "a/b", "a\u{0}b", "/etc/x"])
  func idsThatArePaths(id: String) throws {
    let store = try open()
    try write("{}", to: directory / "a/c1.journal")
    #expect(failure { _ = try store.open(id, lock: false).id }?.contains("invalid container ID format") == true)
    #expect(failure { _ = try store.reserve(id).id }?.contains("invalid container ID format") == true)
  }

  @Test func linksAndPipesAreNoJournals() throws {
    let store = try open()
    let path = root + "/c1.journal"
    try write("precious", to: directory / "target")
    try #require(symlink(directory / "target", path) == 0)
    #expect(failure { _ = try store.reserve("c1").id } == "container with given ID already exists")
    #expect(failure { _ = try store.open("c1", lock: false).id }?.contains("too many levels") == true)
    try #require(unlink(path) == 0)
    // A dangling link must not make its target either.
    try #require(symlink(directory / "made", path) == 0)
    #expect(failure { _ = try store.reserve("c1").id } != nil)
    #expect(!exists(directory / "made"))
    try #require(unlink(path) == 0)
    try #require(mkfifo(path, 0o600) == 0)
    #expect(failure { _ = try store.open("c1", lock: false).id }?.contains("no file of this user") == true)
    #expect(try String(decoding: readFile(directory / "target", limit: 99), as: UTF8.self) == "precious")
  }

  @Test func configCopyIsNotWrittenThroughALink() throws {
    let store = try open()
    let journal = try store.reserve("c1")
    try write("precious", to: directory / "target")
    try #require(symlink(directory / "target", root + "/c1.config.json") == 0)
    #expect(failure { try journal.keep(config: [65]) } != nil)
    #expect(try String(decoding: readFile(directory / "target", limit: 99), as: UTF8.self) == "precious")
  }

  @Test func directoryOfOthersIsRefused() throws {
    _ = try open()
    try #require(chmod(root, 0o770) == 0)
    #expect(failure { _ = try open().ids() }?.contains("writable by nobody else") == true)
    #expect(failure { _ = try StateStore(root: "/proc/self/status").ids() }?.contains("not a directory") == true)
  }

  @Test func longestID() throws {
    let store = try open()
    let longest = String(repeating: "x", count: StateStore.longestID)
    let journal = try store.reserve(longest)
    try journal.keep(config: [])
    #expect(failure { _ = try store.reserve(longest + "x").id }?.contains("invalid container ID") == true)
    #expect(try files().count == 2)
    journal.remove()
    #expect(try files().isEmpty)
  }

  /// A record that does not fit is an error, and so is each later line.
  @Test(.enabled(if: geteuid() == 0, "needs root"))
  func fullDisk() throws {
    let path = directory / "full"
    try #require(mkdir(path, 0o700) == 0)
    guard mount("none", path, "tmpfs", 0, "size=4k,mode=700") == 0 else { return }
    defer { umount2(path, Int32(MNT_DETACH)) }
    try write(String(repeating: "x", count: 4096), to: path + "/filler")
    let full = try StateStore(root: path)
    var journal = try full.reserve("c1")
    do { try journal.write(record()) } catch {
      #expect("\(error)" == "write state of c1: no space left on device")
    }
    #expect(journal.record == nil)
    #expect(failure { try journal.keep(config: [1]) }?.contains("no space left") == true)
    #expect(!exists(path + "/c1.config.json"))
    journal.remove()
  }
}
