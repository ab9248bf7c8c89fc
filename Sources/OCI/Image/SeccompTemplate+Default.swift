// Docker's default profile, as of June 2026 (moby/profiles, `seccomp`), for the machines that this runtime runs on.
extension SeccompTemplate {
  /// The profile of every container that is not told otherwise.
  public static let `default`: SeccompTemplate = {
    var template = SeccompTemplate()
    template.base.defaultAction = "SCMP_ACT_ERRNO"
    template.base.defaultErrnoRet = 1
    template.subArchitectures = [
      "SCMP_ARCH_X86_64": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"], "SCMP_ARCH_AARCH64": ["SCMP_ARCH_ARM"],
    ]
    template.rules =
      [allow(everybody), allow("process_vm_readv process_vm_writev ptrace", since: Kernel(4, 8))]
      // Of all sockets, not AF_ALG (38: algorithms of the kernel) and AF_VSOCK (40: the machine's host).
      + [("LT", 38), ("EQ", 39), ("GT", 40)].map { allow("socket", when: argument(0, $0, $1)) }
      // Personalities: Linux, ADDR_NO_RANDOMIZE and others that change only the program itself, and the question.
      + [0, 8, 0x20000, 0x20008, 0xffff_ffff].map { allow("personality", when: argument(0, "EQ", $0)) }
      + machines + administration + capabilities
    return template
  }()

  private static var machines: [Rule] {
    [
      allow(
        "arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls",
        on: ["arm", "arm64"]),
      allow("arch_prctl", on: ["amd64", "x32"]), allow("modify_ldt", on: ["amd64", "x32", "x86"]),
    ]
  }

  /// New namespaces, and what is about mounts. Threads are made with clone as well: without CAP_SYS_ADMIN its flags must
  /// name no namespace, and clone3, whose flags no filter can see, is not there (ENOSYS), so that libraries fall back.
  private static var administration: [Rule] {
    let admin = "CAP_SYS_ADMIN"
    let newNamespaces: UInt64 = 0x7e02_0000
    var clone = allow("clone", when: argument(0, "MASKED_EQ", newNamespaces))
    clone.excludes.capabilities = [admin]
    var clone3 = Rule(rule: Seccomp.Rule())
    (clone3.rule.names, clone3.rule.action, clone3.rule.errnoRet) = (["clone3"], "SCMP_ACT_ERRNO", 38)
    clone3.excludes.capabilities = [admin]
    let names = """
      bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr lsm_list_modules \
      lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl quotactl_fd setdomainname \
      sethostname setns syslog umount umount2 unshare
      """
    return [allow(names, with: admin), clone, clone3]
  }

  private static var capabilities: [Rule] {
    [
      allow("open_by_handle_at", with: "CAP_DAC_READ_SEARCH"), allow("reboot", with: "CAP_SYS_BOOT"),
      allow("chroot", with: "CAP_SYS_CHROOT"),
      allow("delete_module init_module finit_module", with: "CAP_SYS_MODULE"),
      allow("acct", with: "CAP_SYS_PACCT"),
      allow(
        "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace", with: "CAP_SYS_PTRACE"),
      allow("iopl ioperm", with: "CAP_SYS_RAWIO"),
      allow("settimeofday stime clock_settime clock_settime64", with: "CAP_SYS_TIME"),
      allow("vhangup", with: "CAP_SYS_TTY_CONFIG"),
      allow("get_mempolicy mbind set_mempolicy set_mempolicy_home_node", with: "CAP_SYS_NICE"),
      allow("syslog", with: "CAP_SYSLOG"), allow("bpf", with: "CAP_BPF"),
      allow("perf_event_open", with: "CAP_PERFMON"),
    ]
  }

  private static func allow(
    _ names: String, when argument: Seccomp.Argument? = nil, with capability: String? = nil,
    on architectures: [String] = [], since kernel: Kernel? = nil
  ) -> Rule {
    var rule = Seccomp.Rule()
    rule.names = names.utf8.split(separator: UInt8(ascii: " ")).map { String(Substring($0)) }
    rule.action = "SCMP_ACT_ALLOW"
    if let argument { rule.args = [argument] }
    let condition = Condition(
      capabilities: capability.map { [$0] } ?? [], architectures: architectures, minKernel: kernel)
    return Rule(rule: rule, includes: condition)
  }

  private static func argument(_ index: UInt32, _ comparison: String, _ value: UInt64) -> Seccomp.Argument {
    Seccomp.Argument(index: index, value: value, op: "SCMP_CMP_\(comparison)")
  }
}
