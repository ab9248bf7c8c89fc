import OCI
import Testing

@testable import Arguments
@testable import swiftcr

@Test(
  arguments: [
    ("0", 0), ("1", 1), ("64M", 64 << 20), ("64m", 64 << 20), ("64mb", 64 << 20), ("64MiB", 64 << 20), ("1k", 1024),
    ("2g", 2 << 30), ("1t", 1 << 40), ("1p", 1 << 50), ("5b", 5), ("5 M", 5 << 20), ("1 ", 1), ("1.5k", 1536),
    (".5k", 512),
    ("1.k", 1024), ("0.1b", 0), ("-1", -1), ("9223372036854775807", .max),
  ] as [(String, Int64)])
func sizes(text: String, bytes: Int64) {
  #expect(ByteSize.parse(text) == bytes)
}

@Test(arguments: [
  "", "M", ".", ".M", "-2", "-1M", "+1", "1  M", " 1", "1kk", "1bb", "1bi", "1ki", "1x", "1e3", "0x10", "1.2.3",
  "9223372036854775808", "8388608t", "9999999999999999999999", "1,5k", "１",
])
func noSizes(text: String) {
  #expect(ByteSize.parse(text) == nil)
}

@Test(
  arguments: [
    ("5s", 5_000_000_000), ("1m30s", 90_000_000_000), ("1.5h", 5_400_000_000_000), ("250ms", 250_000_000),
    ("1ns", 1), ("3us", 3000), ("3µs", 3000), (".5s", 500_000_000), ("5.s", 5_000_000_000), ("+5s", 5_000_000_000),
  ] as [(String, Int64)])
func durations(text: String, nanoseconds: Int64) {
  #expect(DurationText.nanoseconds(text) == nanoseconds)
}

@Test(arguments: ["", "0", "0s", "5", "s", "-5s", "5 s", "5sec", "1.2.3s", ".s", "0.1ns", "9999999h", "5s5"])
func noDurations(text: String) {
  #expect(DurationText.nanoseconds(text) == nil)
}

private func resources(_ arguments: String...) throws -> Resources {
  guard case .command(_, let values) = try Invocation(parsing: ["update"] + arguments + ["a"]).request else {
    throw UsageError("no command")
  }
  return ResourceOptions(values).resources
}

@Suite struct UpdateOptionTests {
  @Test func nothingGivenChangesNothing() throws {
    #expect(try resources() == Resources())
    let empty = ["cpu-quota", "cpu-period", "cpu-burst", "cpu-share", "cpu-idle", "cpuset-cpus", "cpuset-mems"]
    for name in empty + ["memory", "memory-swap", "memory-reservation", "cpu-rt-period", "cpu-rt-runtime"] {
      #expect(try resources("--\(name)", "") == Resources(), "\(name)")
    }
  }

  @Test func memory() throws {
    let memory = try resources("--memory", "64M", "--memory-swap=-1", "--memory-reservation", "1g").memory
    #expect(memory?.limit == 64 << 20)
    #expect(memory?.swap == -1)
    #expect(memory?.reservation == 1 << 30)
  }

  @Test func cpu() throws {
    let cpu = try resources(
      "--cpu-quota", "-1", "--cpu-period", "100000", "--cpu-burst", "0", "--cpu-share", "512", "--cpu-idle", "1",
      "--cpuset-cpus", "0-1", "--cpuset-mems", "0", "--cpu-rt-period", "7", "--cpu-rt-runtime", "-1"
    ).cpu
    var wanted = Resources.CPU()
    (wanted.quota, wanted.period, wanted.burst, wanted.shares, wanted.idle) = (-1, 100_000, 0, 512, 1)
    (wanted.cpus, wanted.mems, wanted.realtimePeriod, wanted.realtimeRuntime) = ("0-1", "0", 7, -1)
    #expect(cpu == wanted)
  }

  @Test func processesAndWeight() throws {
    #expect(try resources("--pids-limit", "-1").pids == -1)
    #expect(try resources("--pids-limit", "0").pids == 0)
    #expect(try resources("--blkio-weight", "0").blockIO == nil)
    #expect(try resources("--blkio-weight", "1000").blockIO?.weight == 1000)
  }

  @Test(arguments: [
    ["--memory", "lots"], ["--cpu-quota", "-2"], ["--cpu-period", "-1"], ["--pids-limit", ""], ["--pids-limit", "1.5"],
    ["--pids-limit", "-0"], ["--cpu-idle", "2"], ["--blkio-weight", "x"],
  ])
  func errorsNameTheOption(arguments: [String]) throws {
    let error = #expect(throws: UsageError.self) { try Invocation(parsing: ["update"] + arguments + ["a"]) }
    #expect(error?.description.hasPrefix("\(arguments[0]): expected ") == true)
    #expect(error?.description.hasSuffix("found \(quoted(arguments[1]))") == true)
  }
}
