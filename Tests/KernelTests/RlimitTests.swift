import Glibc
import Kernel
import OCI
import Testing

@Suite struct RlimitTests {
  @Test func numbersAreTheKernels() {
    #expect(RlimitSetting.number(of: "RLIMIT_CPU") == 0)
    #expect(RlimitSetting.number(of: "RLIMIT_NPROC") == 6)
    #expect(RlimitSetting.number(of: "RLIMIT_NOFILE") == 7)
    #expect(RlimitSetting.number(of: "RLIMIT_AS") == 9)
    #expect(RlimitSetting.number(of: "RLIMIT_RTTIME") == 15)
    #expect(RlimitSetting.names.count == 16)
  }

  @Test(
    arguments: [
      ([("RLIMIT_BOGUS", 1, 1)], "process.rlimits[0]: wrong rlimit value: RLIMIT_BOGUS"),
      ([("nofile", 1, 1)], "process.rlimits[0]: wrong rlimit value: nofile"),
      (
        [("RLIMIT_CPU", 1, 1), ("RLIMIT_NOFILE", 2, 1)],
        "process.rlimits[1]: soft limit 2 of RLIMIT_NOFILE is above the hard limit 1"
      ),
      (
        [("RLIMIT_CPU", UInt64.max, UInt64.max), ("RLIMIT_CPU", 1, 1)],
        "process.rlimits[1]: RLIMIT_CPU is given more than once"
      ),
    ] as [([(String, UInt64, UInt64)], String)])
  func faultsNameTheEntry(_ limits: [(String, UInt64, UInt64)], _ message: String) {
    let error = #expect(throws: RlimitError.self) {
      try RlimitSetting.make(limits.map { Rlimit(type: $0.0, soft: $0.1, hard: $0.2) })
    }
    #expect(error?.description == message)
  }

  @Test func lowersALimitOfThisProcess() throws {
    // Core dumps are the limit that a test process misses least.
    var before = rlimit()
    #expect(getrlimit(__rlimit_resource_t(4), &before) == 0)
    try RlimitSetting(resource: 4, soft: 0, hard: UInt64(before.rlim_max)).set(pid: 0)
    var after = rlimit()
    #expect(getrlimit(__rlimit_resource_t(4), &after) == 0)
    #expect(after.rlim_cur == 0 && after.rlim_max == before.rlim_max)
    #expect(throws: SystemError.self) { try RlimitSetting(resource: 99, soft: 0, hard: 0).set(pid: 0) }
    #expect(throws: SystemError.self) { try RlimitSetting(resource: 4, soft: 1, hard: 0).set(pid: 0) }
  }
}
