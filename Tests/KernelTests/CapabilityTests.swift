import Kernel
import OCI
import Testing

@Suite struct CapabilityTests {
  @Test func namesAndNumbersAreTheKernels() {
    // include/uapi/linux/capability.h
    let known = [
      (0, "CAP_CHOWN"), (7, "CAP_SETUID"), (12, "CAP_NET_ADMIN"), (21, "CAP_SYS_ADMIN"), (27, "CAP_MKNOD"),
      (31, "CAP_SETFCAP"), (36, "CAP_BLOCK_SUSPEND"), (37, "CAP_AUDIT_READ"), (38, "CAP_PERFMON"), (39, "CAP_BPF"),
      (40, "CAP_CHECKPOINT_RESTORE"),
    ]
    for (number, name) in known {
      #expect(CapabilitySet.number(of: name) == number)
      #expect(CapabilitySet.name(of: number) == name)
    }
    let names = CapabilitySet.knownNames
    #expect(names.count >= 41)
    #expect(CapabilitySet.parse(names).set.numbers == Array(0..<names.count))
  }

  @Test(arguments: [
    "", "CAP_", "cap_chown", "CAP_chown", "CHOWN", "0", "40", "CAP_40", "CAP_CHOWN,CAP_KILL", "CAP_CHOWN ",
    "CAP_CHOWN\0",
    "CAP_CHOWNX", "CAP_ÄCHOWN",
  ])
  func onlyExactNamesCount(_ name: String) {
    #expect(CapabilitySet.number(of: name) == nil)
    #expect(CapabilitySet.parse(["CAP_KILL", name, name]).unknown == [name])
  }

  @Test func theRunningKernelHasTheOldOnesAtLeast() throws {
    let last = try readFile("/proc/sys/kernel/cap_last_cap", limit: 64)
    #expect(CapabilitySet.supported.numbers.last == Int(String(decoding: last.dropLast(), as: UTF8.self)))
  }

  @Test func numbersOutsideTheMaskAreNoCapability() {
    #expect(CapabilitySet(number: 64).isEmpty)
    #expect(CapabilitySet(number: -1).isEmpty)
    #expect(CapabilitySet(number: 63).rawValue == 1 << 63)
    #expect(CapabilitySet(number: 63).names == ["CAP_63"])
  }

  @Test func whatTheKernelLacksIsDroppedWithOneWarning() throws {
    var names = Capabilities()
    names.bounding = ["CAP_CHOWN", "CAP_BPF", "CAP_FUTURE"]
    names.permitted = ["CAP_BPF", "CAP_CHOWN"]
    names.effective = ["CAP_FUTURE"]
    let (made, warnings) = try ProcessCapabilities.make(names, supported: CapabilitySet(rawValue: (1 << 38) - 1))
    #expect(made.bounding.names == ["CAP_CHOWN"])
    #expect(made.permitted.names == ["CAP_CHOWN"])
    #expect(made.effective.isEmpty)
    #expect(warnings == ["ignoring unknown or unavailable capabilities: CAP_BPF, CAP_FUTURE"])
  }

  @Test func ambientNeedsPermittedAndInheritable() throws {
    var names = Capabilities()
    names.permitted = ["CAP_CHOWN", "CAP_KILL"]
    names.inheritable = ["CAP_KILL", "CAP_SETUID"]
    names.ambient = ["CAP_CHOWN", "CAP_KILL", "CAP_SETUID"]
    let (made, warnings) = try ProcessCapabilities.make(names)
    #expect(made.ambient.names == ["CAP_KILL"])
    #expect(warnings.count == 2)
    #expect(warnings.first?.contains("CAP_CHOWN") == true)
  }

  @Test func effectiveBeyondPermittedIsRefused() {
    var names = Capabilities()
    names.effective = ["CAP_SYS_ADMIN"]
    #expect(throws: SystemError.self) { try ProcessCapabilities.make(names) }
  }
}
