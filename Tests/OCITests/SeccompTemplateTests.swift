import Testing

@testable import OCI

@Suite("Docker's default seccomp profile")
struct SeccompTemplateTests {
  private func profile(_ capabilities: [String] = [], kernel: SeccompTemplate.Kernel = .init(6, 1)) -> Seccomp {
    SeccompTemplate.default.profile(
      for: SeccompTemplate.Target(architecture: "amd64", kernel: kernel, capabilities: capabilities))
  }

  /// What becomes of a call whatever its arguments are; `nil` for the default.
  private func action(_ name: String, in profile: Seccomp) -> String? {
    profile.syscalls.first { $0.args.isEmpty && $0.names.contains(name) }?.action
  }

  private static let defaults = ContainerRequest.Rights.defaultCapabilities

  @Test(
    "Allowed without any capability",
    arguments: [
      "read", "openat2", "close_range", "futex_waitv", "landlock_create_ruleset", "memfd_secret", "mseal", "statmount",
      "setxattrat", "pidfd_open", "rseq", "ptrace", "clock_adjtime", "arch_prctl", "modify_ldt", "fchmodat2",
      "map_shadow_stack", "uretprobe", "name_to_handle_at", "io_setup", "sendfile64", "writev",
    ])
  func allowed(name: String) { #expect(action(name, in: profile()) == "SCMP_ACT_ALLOW") }

  @Test(
    "Denied with docker's capabilities, allowed with one more",
    arguments: [
      ("mount", "CAP_SYS_ADMIN"), ("unshare", "CAP_SYS_ADMIN"), ("setns", "CAP_SYS_ADMIN"),
      ("open_tree", "CAP_SYS_ADMIN"), ("sethostname", "CAP_SYS_ADMIN"), ("umount2", "CAP_SYS_ADMIN"),
      ("bpf", "CAP_SYS_ADMIN"), ("bpf", "CAP_BPF"), ("perf_event_open", "CAP_PERFMON"), ("syslog", "CAP_SYSLOG"),
      ("open_by_handle_at", "CAP_DAC_READ_SEARCH"), ("reboot", "CAP_SYS_BOOT"), ("init_module", "CAP_SYS_MODULE"),
      ("acct", "CAP_SYS_PACCT"), ("pidfd_getfd", "CAP_SYS_PTRACE"), ("iopl", "CAP_SYS_RAWIO"),
      ("clock_settime", "CAP_SYS_TIME"), ("vhangup", "CAP_SYS_TTY_CONFIG"), ("mbind", "CAP_SYS_NICE"),
      ("clone3", "CAP_SYS_ADMIN"), ("clone", "CAP_SYS_ADMIN"),
    ])
  func conditional(name: String, capability: String) {
    #expect(action(name, in: profile(Self.defaults)) != "SCMP_ACT_ALLOW")
    #expect(action(name, in: profile(Self.defaults + [capability])) == "SCMP_ACT_ALLOW")
  }

  @Test(
    "Denied to all, whatever they may",
    arguments: [
      "kexec_load", "kexec_file_load", "io_uring_setup", "userfaultfd", "add_key", "keyctl", "swapon", "pivot_root",
      "nfsservctl", "sysfs", "uselib", "s390_runtime_instr", "riscv_flush_icache", "swapcontext",
    ])
  func denied(name: String) {
    #expect(action(name, in: profile(["CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_MODULE"])) == nil)
  }

  @Test("chroot goes with its capability, which is one of docker's defaults")
  func chroot() {
    #expect(action("chroot", in: profile(Self.defaults)) == "SCMP_ACT_ALLOW")
    #expect(action("chroot", in: profile()) == nil)
  }

  @Test("Threads without CAP_SYS_ADMIN: clone without namespaces, and no clone3")
  func clone() throws {
    let rules = profile().syscalls.filter { $0.names == ["clone"] }
    #expect(rules.count == 1 && rules[0].args.first?.value == 0x7e02_0000 && rules[0].args.first?.index == 0)
    #expect(rules[0].args.first?.op == "SCMP_CMP_MASKED_EQ" && rules[0].args.first?.valueTwo == 0)
    let clone3 = try #require(profile().syscalls.first { $0.names == ["clone3"] })
    #expect(clone3.action == "SCMP_ACT_ERRNO" && clone3.errnoRet == 38)
    #expect(!profile(["CAP_SYS_ADMIN"]).syscalls.contains { $0.names == ["clone3"] || $0.names == ["clone"] })
  }

  @Test("Before Linux 4.8 ptrace could get around a filter")
  func kernel() {
    #expect(action("ptrace", in: profile(kernel: .init(4, 7))) == nil)
    #expect(action("ptrace", in: profile(kernel: .init(4, 8))) == "SCMP_ACT_ALLOW")
    #expect(action("ptrace", in: profile(kernel: .init(10, 0))) == "SCMP_ACT_ALLOW")
  }

  @Test("Machines: their calls and the machines that they run as well")
  func architectures() {
    let arm = SeccompTemplate.default.profile(
      for: .init(architecture: "arm64", kernel: .init(6, 1), capabilities: []))
    #expect(arm.architectures == ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"])
    #expect(profile().architectures == ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"])
    #expect(action("arch_prctl", in: arm) == nil && action("cacheflush", in: arm) == "SCMP_ACT_ALLOW")
    #expect(action("cacheflush", in: profile()) == nil)
  }

  @Test("What is written is read as the same")
  func roundTrip() throws {
    let profile = profile(Self.defaults)
    let json = JSON.object([
      JSON.Member("ociVersion", .string("1.0.2")),
      JSON.Member("root", .object([JSON.Member("path", .string("r"))])),
      JSON.Member("linux", .object([JSON.Member("seccomp", profile.json)])),
    ])
    #expect(try Spec.load(json.bytes()).linux.seccomp == profile)
  }

  @Test("A file in docker's form")
  func file() throws {
    let text = """
      {"defaultAction": "SCMP_ACT_ALLOW",
       "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]}],
       "syscalls": [
        {"name": "mkdir", "action": "SCMP_ACT_ERRNO"},
        {"names": ["acct"], "action": "SCMP_ACT_ERRNO", "errnoRet": 2, "excludes": {"caps": ["CAP_SYS_PACCT"]}},
        {"names": ["sync"], "action": "SCMP_ACT_ERRNO", "includes": {"minKernel": "7.0"}},
        {"names": ["chmod"], "action": "SCMP_ACT_ERRNO", "includes": {"arches": ["arm64"]}}]}
      """
    let template = try SeccompTemplate.load(Array(text.utf8))
    func names(_ capabilities: [String]) -> [String] {
      template.profile(for: .init(architecture: "amd64", kernel: .init(6, 1), capabilities: capabilities)).syscalls
        .flatMap(\.names)
    }
    #expect(names([]) == ["mkdir", "acct"])
    #expect(names(["CAP_SYS_PACCT"]) == ["mkdir"])
  }

  @Test(
    "Files that make no sense",
    arguments: [
      (#"{"syscalls": []}"#, "defaultAction: required"),
      (
        #"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"], "action": "ALLOW"}]}"#,
        "syscalls[0].action"
      ),
      (
        #"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["a"], "action": "SCMP_ACT_LOG", "includes": {"minKernel": "x"}}]}"#,
        "syscalls[0].includes.minKernel"
      ),
    ])
  func badFiles(text: String, reason: String) {
    do {
      _ = try SeccompTemplate.load(Array(text.utf8))
      Issue.record("taken")
    } catch { #expect("\(error)".contains(reason), "\(error)") }
  }
}
