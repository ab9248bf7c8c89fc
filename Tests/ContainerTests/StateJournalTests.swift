import Glibc
import Kernel
import OCI
import Testing

@testable import Container

@Suite struct StateJournalTests {
  func full() -> ContainerRecord {
    var full = record("web.1", layer: "/var/lib/swiftcr/containers/web.1-0123abcd")
    full.annotations = ["a\n": "\"\\\u{2028}é", "": "x"]
    full.cgroups = ["/sys/fs/cgroup/a", "/sys/fs/cgroup/b"]
    full.cgroupLayout = "v2"
    return full
  }

  @Test func everythingComesBack() throws {
    #expect(ContainerRecord(try JSON.parse(full().json.bytes())) == full())
    #expect(ContainerRecord(try JSON.parse(record().json.bytes())) == record())
  }

  /// However much of a journal a crash leaves, it says what its complete lines say, and takes further events.
  @Test func tornAnywhere() throws {
    let record = full()
    let events: [ContainerEvent] = [.process(pid: 7, startTime: 99), .started, .process(pid: 8, startTime: 100)]
    var bytes = record.json.bytes() + [10]
    let recordEnd = bytes.count
    var ends: [Int] = []
    for event in events {
      bytes += [10] + event.json.bytes() + [10]
      ends.append(bytes.count)
    }
    for length in 0...bytes.count {
      let torn = Array(bytes.prefix(length))
      let contents = try JournalContents(parsing: torn)
      guard length >= recordEnd else {
        #expect(contents == JournalContents(), "\(length) bytes")
        continue
      }
      var expected = JournalContents()
      expected.record = record
      for (event, end) in zip(events, ends) where length >= end { expected.apply(event) }
      #expect(contents == expected, "\(length) bytes")
      // A piece that lacks nothing but its end has one from now on.
      for (event, end) in zip(events, ends) where length == end - 1 { expected.apply(event) }
      let next = ContainerEvent.process(pid: 9, startTime: 3)
      expected.apply(next)
      #expect(try JournalContents(parsing: torn + [10] + next.json.bytes() + [10]) == expected)
    }
  }

  @Test(arguments: [
    "", "\n", "{}", "{\"version\":1}\n", "[1]\n{\"pid\":1,\"startTime\":1}\n", "\u{0}\u{0}\n", "{\"version\":0}\n",
  ])
  func noRecord(text: String) throws {
    #expect(try JournalContents(parsing: Array(text.utf8)) == JournalContents())
  }

  @Test(arguments: [
    "{\"pid\":-1,\"startTime\":1}", "{\"pid\":4294967297,\"startTime\":1}", "{\"pid\":1}", "{\"started\":false}", "7",
    "x",
  ])
  func noEvent(line: String) throws {
    let contents = try JournalContents(parsing: record().json.bytes() + Array("\n\(line)\n".utf8))
    #expect(contents.record == record() && contents.pid == 0 && !contents.isStarted)
  }

  @Test func newerVersionIsRefused() throws {
    let bytes = Array("{\"version\":2,\"id\":\"c\"}\n".utf8)
    #expect(throws: ContainerError.self) { try JournalContents(parsing: bytes) }
  }

  @Test func aProcessIsThisVeryOne() throws {
    let start = try #require(ProcessHandle.startTime(of: getpid()))
    #expect(try isFound(getpid(), startTime: start))
    #expect(try !isFound(getpid(), startTime: start + 1))
  }

  @Test func deadOnesAreNone() throws {
    let pid = try spawn("/bin/sleep", ["100"])
    let start = try #require(ProcessHandle.startTime(of: pid))
    guard let handle = try ProcessHandle.open(pid: pid, startTime: start) else { throw Errno.noProcess }
    #expect(try !handle.hasExited(timeout: 0))
    try handle.signal(SIGKILL)
    #expect(try handle.hasExited(timeout: 10_000))
    #expect(ProcessStat.read(pid)?.isDead == true)
    #expect(try !isFound(pid, startTime: start))
    let status = ChildProcess.reap(handle.pidfd.number)
    #expect(status == .signaled(SIGKILL))
    #expect(status?.code == 137)
    #expect(status?.description == "signal: killed")
    #expect(try !isFound(pid, startTime: start))
  }

  @Test(arguments: [
    ("1 (sh) S 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 4711 9 9\n", UInt64(4711)),
    ("1 (a) Z 1 ) R 2 () S 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 12 9\n", 12),
    ("1 (\n) S 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 18446744073709551615", UInt64.max),
  ])
  func startTime(text: String, expected: UInt64) {
    let stat = ProcessStat(parsing: Array(text.utf8))
    #expect(stat?.state == UInt8(ascii: "S") && stat?.startTime == expected)
  }

  @Test(arguments: ["", "1 sh S 0", "1 (sh) S 0 0", "1 (sh) SS 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1", "1 (sh)"])
  func noStat(text: String) {
    #expect(ProcessStat(parsing: Array(text.utf8)) == nil)
  }
}
