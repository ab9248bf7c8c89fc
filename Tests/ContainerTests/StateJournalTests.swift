import Glibc
import Kernel
import OCI
import Testing

@testable import Container

@Suite struct StateJournalTests {
  func full() throws -> ContainerRecord {
    var record = try record("web.1")
    record.annotations = ["a\n": "\"\\\u{2028}é", "": "x"]
    record.cgroups = ["/sys/fs/cgroup/a", "/sys/fs/cgroup/b"]
    record.layer = "/var/lib/swiftcr/containers/web.1-0123abcd"
    record.leases = ["/l"]
    record.mounts = ["/m"]
    record.systemdUnit = "swiftcr-web.scope"
    record.newKeyring = false
    var hook = Hook()
    hook.path = "/bin/true"
    hook.args = ["true", ""]
    hook.env = ["A=b"]
    hook.timeout = 3
    record.poststop = [hook]
    return record
  }

  @Test func everythingComesBack() throws {
    let record = try full()
    #expect(ContainerRecord(json: try JSON.parse(record.json.bytes())) == record)
    let plain = try StateJournalTests.plain()
    #expect(ContainerRecord(json: try JSON.parse(plain.json.bytes())) == plain)
  }

  private static func plain() throws -> ContainerRecord { try record() }

  /// However much of a journal a crash leaves, it says what its complete lines say, and takes further events.
  @Test func tornAnywhere() throws {
    let record = try full()
    let events: [ContainerEvent] = [.process(ProcessID(pid: 7, startTime: 99)), .started, .exited(137)]
    var bytes = record.json.bytes() + [10]
    let recordEnd = bytes.count
    var ends: [Int] = []
    for event in events {
      bytes += [10] + event.json.bytes() + [10]
      ends.append(bytes.count)
    }
    for length in 0...bytes.count {
      let torn = Array(bytes.prefix(length))
      let history = try ContainerHistory.parse(torn)
      guard length >= recordEnd else {
        #expect(history == nil, "\(length) bytes")
        continue
      }
      var expected = ContainerHistory(record: record)
      for (event, end) in zip(events, ends) where length >= end { expected.apply(event) }
      #expect(history == expected, "\(length) bytes")
      expected.apply(.exited(3))
      #expect(try ContainerHistory.parse(torn + [10] + ContainerEvent.exited(3).json.bytes() + [10]) == expected)
    }
  }

  @Test(arguments: [
    "", "\n", "{}", "{\"version\":1}\n", "[1]\n{\"started\":true}\n", "\u{0}\u{0}\n", "{\"version\":1,\"id\":\"../x\"}\n",
  ])
  func noRecord(text: String) throws {
    #expect((try? ContainerHistory.parse(Array(text.utf8))).flatMap { $0 } == nil)
  }

  @Test func newerVersionIsRefused() throws {
    let bytes = Array("{\"version\":2,\"id\":\"c\"}\n".utf8)
    let error = #expect(throws: ContainerError.self) { try ContainerHistory.parse(bytes) }
    #expect(error?.description == "read state of c: a newer version of this program wrote it: use that one")
  }

  @Test(arguments: [
    (false, false, nil, true, false, "creating"),
    (false, false, nil, false, false, "stopped"),
    (true, false, nil, false, true, "created"),
    (true, true, nil, false, true, "running"),
    (true, true, nil, true, false, "stopped"),
    (true, false, nil, true, false, "stopped"),
    (true, true, 0, true, true, "stopped"),
  ] as [(Bool, Bool, Int32?, Bool, Bool, String)])
  func status(hasProcess: Bool, isStarted: Bool, code: Int32?, runtime: Bool, process: Bool, expected: String) throws {
    var history = ContainerHistory(record: try record())
    history.record.bootID = "this"
    history.record.runtime = ProcessID(pid: 10, startTime: 1)
    if hasProcess { history.process = ProcessID(pid: 11, startTime: 2) }
    history.isStarted = isStarted
    history.exitCode = code
    let alive = { (id: ProcessID) in id.pid == 10 ? runtime : process }
    #expect(history.status(bootID: "this", isAlive: alive).rawValue == expected)
    #expect(history.status(bootID: "next", isAlive: { _ in true }) == .stopped)
  }

  @Test func aliveIsThisVeryProcess() throws {
    let me = try ProcessID.current()
    #expect(me.isAlive)
    #expect(!ProcessID(pid: me.pid, startTime: me.startTime + 1).isAlive)
    let handle = try ProcessHandle.open(me.pid, startTime: me.startTime)
    #expect(handle != nil)
    let other = try ProcessHandle.open(me.pid, startTime: me.startTime + 1)
    #expect(other == nil)
  }

  @Test func zombieIsNotAlive() throws {
    let pid = try spawn("/bin/sh", ["-c", "exit 3"])
    let id = try ProcessID(of: pid)
    let handle = try ProcessHandle.open(pid)
    #expect(try handle.exited(timeout: 10_000))
    #expect(!id.isAlive)
    #expect(try handle.wait() == .exited(3))
    let gone = try ProcessHandle.open(pid, startTime: id.startTime)
    #expect(gone == nil)
  }

  @Test func signalsGoToTheProcess() throws {
    let handle = try ProcessHandle.open(try spawn("/bin/sleep", ["100"]))
    #expect(try !handle.exited())
    try handle.sendSignal(SIGTERM)
    let status = try handle.wait()
    #expect(status == .signalled(SIGTERM))
    #expect(status.code == 143)
    #expect(status.description == "signal: terminated")
  }

  @Test(arguments: [
    ("1 (sh) S 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 4711 9 9\n", UInt64(4711)),
    ("1 (a) Z 1 ) R 2 () S 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 12 9\n", 12),
    ("1 (\n) S 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 18446744073709551615", UInt64.max),
  ])
  func startTime(text: String, expected: UInt64) {
    #expect(ProcessStat(parsing: Array(text.utf8)) == ProcessStat(state: UInt8(ascii: "S"), startTime: expected))
  }

  @Test(arguments: ["", "1 sh S 0", "1 (sh) S 0 0", "1 (sh) SS 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1", "1 (sh)"])
  func noStat(text: String) {
    #expect(ProcessStat(parsing: Array(text.utf8)) == nil)
  }
}
