import OCI
import Testing

@testable import Kernel

/// What is refused, with which words, and what the kernel is told.
@Suite struct SeccompProfileTests {
  static func make(_ change: (inout Seccomp) -> Void) -> Seccomp {
    var profile = Seccomp()
    profile.defaultAction = "SCMP_ACT_ERRNO"
    var rule = Seccomp.Rule()
    rule.names = ["read"]
    rule.action = "SCMP_ACT_ALLOW"
    profile.syscalls = [rule, rule]
    change(&profile)
    return profile
  }

  static let faults: [(Seccomp, String)] = [
    (make { $0.defaultAction = "ALLOW" }, "defaultAction: string ALLOW is not a valid action for seccomp"),
    (make { $0.defaultAction = "" }, "defaultAction: string  is not a valid action for seccomp"),
    (
      make { $0.defaultAction = "SCMP_ACT_NOTIFY" },
      "defaultAction: SCMP_ACT_NOTIFY cannot be used as default action"
    ),
    (make { $0.defaultErrnoRet = 4096 }, "defaultErrnoRet: 4096 is too large for SCMP_ACT_ERRNO"),
    (
      make { $0.architectures = ["SCMP_ARCH_X86", "amd64"] },
      "architectures[1]: string amd64 is not a valid arch for seccomp"
    ),
    (make { $0.flags = ["SECCOMP_FILTER_FLAG_X"] }, "flags[0]: seccomp flag SECCOMP_FILTER_FLAG_X is not known"),
    (
      make { $0.flags = ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"] },
      "flags: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV has no meaning without SCMP_ACT_NOTIFY"
    ),
    (make { $0.syscalls[1].action = "X" }, "syscalls[1].action: string X is not a valid action for seccomp"),
    (make { $0.syscalls[1].errnoRet = 5 }, "syscalls[1].errnoRet: SCMP_ACT_ALLOW has no errno"),
    (make { $0.syscalls[1].names = ["read", ""] }, "syscalls[1].names: empty string is not a valid syscall"),
    (
      make { $0.syscalls[1].args = [Seccomp.Argument(index: 6, value: 0, op: "SCMP_CMP_EQ")] },
      "syscalls[1].args[0].index: 6 is not in 0...5"
    ),
    (
      make { $0.syscalls[1].args = [Seccomp.Argument(index: 0, value: 0, op: "==")] },
      "syscalls[1].args[0].op: string == is not a valid operator for seccomp"
    ),
    (
      make { $0.syscalls[0].action = "SCMP_ACT_NOTIFY" },
      "listenerPath: SCMP_ACT_NOTIFY is used, but there is nobody to listen: set the path of a socket"
    ),
    (
      make {
        $0.syscalls[0].action = "SCMP_ACT_NOTIFY"
        $0.syscalls[0].names = ["read", "write"]
        $0.listenerPath = "/run/x"
      }, "syscalls[0].action: SCMP_ACT_NOTIFY cannot be used for the write syscall"
    ),
    (make { $0.listenerMetadata = "x" }, "listenerMetadata: must not be set without listenerPath"),
  ]

  @Test(arguments: faults) func faultsNameTheirPath(_ profile: Seccomp, _ message: String) {
    let error = #expect(throws: SeccompError.self) { try SeccompFilter.compile(profile) }
    #expect(error?.description == "linux.seccomp.\(message)")
  }

  @Test func noProfileIsNoFilter() throws {
    #expect(try SeccompFilter.compile(Seccomp()) == nil)
  }

  @Test func flagsAreTheKernels() throws {
    func flags(_ change: (inout Seccomp) -> Void) throws -> UInt32 {
      try #require(try SeccompFilter.compile(SeccompProfileTests.make(change))).flags
    }
    #expect(try flags { _ in } == 4)
    // An empty array is not the absence of one.
    #expect(try flags { $0.hasFlags = true } == 0)
    #expect(try flags { $0.flags = ["SECCOMP_FILTER_FLAG_LOG"] } == 2)
    #expect(try flags { $0.flags = ["SECCOMP_FILTER_FLAG_TSYNC"] } == 0)
    #expect(
      try flags { profile in
        profile.flags = ["SECCOMP_FILTER_FLAG_SPEC_ALLOW"]
        profile.syscalls[0].action = "SCMP_ACT_NOTIFY"
        profile.listenerPath = "/run/x"
      } == 12)
  }

  @Test(
    arguments: [
      ("SCMP_ACT_KILL", nil, 0), ("SCMP_ACT_KILL_THREAD", nil, 0), ("SCMP_ACT_KILL_PROCESS", nil, 0x8000_0000),
      ("SCMP_ACT_TRAP", nil, 0x3_0000), ("SCMP_ACT_ERRNO", nil, 0x5_0001), ("SCMP_ACT_ERRNO", 13, 0x5_000d),
      ("SCMP_ACT_ERRNO", 0, 0x5_0000), ("SCMP_ACT_TRACE", nil, 0x7ff0_0001), ("SCMP_ACT_TRACE", 0xffff, 0x7ff0_ffff),
      ("SCMP_ACT_LOG", nil, 0x7ffc_0000), ("SCMP_ACT_NOTIFY", nil, 0x7fc0_0000),
    ] as [(String, UInt32?, UInt32)])
  func everyActionIsTheKernels(_ action: String, _ errnoRet: UInt32?, _ number: UInt32) throws {
    let profile = SeccompProfileTests.make { profile in
      profile.defaultAction = "SCMP_ACT_ALLOW"
      profile.syscalls.removeLast()
      profile.syscalls[0].action = action
      profile.syscalls[0].errnoRet = errnoRet
      profile.listenerPath = "/run/x"
    }
    #expect(try SeccompFilterTests.run(profile, "read", []) == number)
    let library = try BPFInterpreter(try SeccompFilter.compileWithLibrary(try SeccompProfile(profile)))
    let read = try #require(SeccompSyscalls.numbers("read", SeccompProfile.native)?.direct)
    #expect(try library.run(SeccompData(number: read, architecture: SeccompProfile.native)) == number)
  }

  @Test func listsForFeatures() {
    #expect(SeccompNames.actions.count == 9 && SeccompNames.actions == SeccompNames.actions.sorted())
    #expect(SeccompNames.operators.count == 7 && SeccompNames.operators == SeccompNames.operators.sorted())
    #expect(SeccompNames.architectures.count == 18 && SeccompNames.architectures == SeccompNames.architectures.sorted())
    // What is promised is what config.json may say.
    #expect(Set(SeccompNames.architectures).isSubset(of: SpecNames.seccompArchitectures))
    #expect(SeccompNames.supportedFlags.contains("SECCOMP_FILTER_FLAG_LOG"))
    #expect(SeccompNames.libraryVersion.hasPrefix("2."))
  }
}
