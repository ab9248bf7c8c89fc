internal import CSeccomp

/// A fault in `linux.seccomp`, with the key path of the member that is wrong.
public struct SeccompError: Error, Sendable, Equatable, CustomStringConvertible {
  /// `linux.seccomp.syscalls[3].args[0].op`, say.
  public var path: String
  /// What is wrong with it.
  public var reason: String

  /// One line.
  public var description: String { "\(path): \(reason)" }

  init(_ path: String, _ reason: String) {
    self.path = path.isEmpty ? "linux.seccomp" : "linux.seccomp.\(path)"
    self.reason = reason
  }
}

/// libseccomp's names, as they are in `config.json`, and the kernel's numbers (include/uapi/linux/seccomp.h).
public enum SeccompNames {
  static let killThread: UInt32 = 0x0000_0000
  static let killProcess: UInt32 = 0x8000_0000
  static let trap: UInt32 = 0x0003_0000
  static let errno: UInt32 = 0x0005_0000
  static let notify: UInt32 = 0x7fc0_0000
  static let trace: UInt32 = 0x7ff0_0000
  static let log: UInt32 = 0x7ffc_0000
  static let allow: UInt32 = 0x7fff_0000

  static let actionTable: [(name: String, number: UInt32)] = [
    ("SCMP_ACT_ALLOW", allow), ("SCMP_ACT_ERRNO", errno), ("SCMP_ACT_KILL", killThread),
    ("SCMP_ACT_KILL_PROCESS", killProcess), ("SCMP_ACT_KILL_THREAD", killThread), ("SCMP_ACT_LOG", log),
    ("SCMP_ACT_NOTIFY", notify), ("SCMP_ACT_TRACE", trace), ("SCMP_ACT_TRAP", trap),
  ]

  static let operatorTable: [(name: String, comparison: SeccompComparison)] = [
    ("SCMP_CMP_EQ", .equal), ("SCMP_CMP_GE", .greaterOrEqual), ("SCMP_CMP_GT", .greater), ("SCMP_CMP_LE", .lessOrEqual),
    ("SCMP_CMP_LT", .less), ("SCMP_CMP_MASKED_EQ", .maskedEqual), ("SCMP_CMP_NE", .notEqual),
  ]

  /// libseccomp's tokens are the kernel's `AUDIT_ARCH_*`, but for x32, which shares x86-64's there.
  static let architectureTable: [(name: String, token: UInt32)] = [
    ("SCMP_ARCH_AARCH64", 0xc000_00b7), ("SCMP_ARCH_ARM", 0x4000_0028), ("SCMP_ARCH_LOONGARCH64", 0xc000_0102),
    ("SCMP_ARCH_MIPS", 0x0000_0008), ("SCMP_ARCH_MIPS64", 0x8000_0008), ("SCMP_ARCH_MIPS64N32", 0xa000_0008),
    ("SCMP_ARCH_MIPSEL", 0x4000_0008), ("SCMP_ARCH_MIPSEL64", 0xc000_0008), ("SCMP_ARCH_MIPSEL64N32", 0xe000_0008),
    ("SCMP_ARCH_PPC", 0x0000_0014), ("SCMP_ARCH_PPC64", 0x8000_0015), ("SCMP_ARCH_PPC64LE", 0xc000_0015),
    ("SCMP_ARCH_RISCV64", 0xc000_00f3), ("SCMP_ARCH_S390", 0x0000_0016), ("SCMP_ARCH_S390X", 0x8000_0016),
    ("SCMP_ARCH_X32", 0x4000_003e), ("SCMP_ARCH_X86", 0x4000_0003), ("SCMP_ARCH_X86_64", 0xc000_003e),
  ]

  static let logFlag: UInt32 = 1 << 1
  static let specAllowFlag: UInt32 = 1 << 2
  static let newListenerFlag: UInt32 = 1 << 3
  static let waitKillableFlag: UInt32 = 1 << 5

  /// TSYNC is known and has no effect, as in runc: the filter is loaded by a process with one thread, and the kernel
  /// refuses it together with a listener.
  static let flagTable: [(name: String, number: UInt32)] = [
    ("SECCOMP_FILTER_FLAG_TSYNC", 0), ("SECCOMP_FILTER_FLAG_SPEC_ALLOW", specAllowFlag),
    ("SECCOMP_FILTER_FLAG_LOG", logFlag), ("SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", waitKillableFlag),
  ]

  /// Names of actions, for `features`.
  public static var actions: [String] { actionTable.map(\.name) }
  /// Names of comparisons, for `features`.
  public static var operators: [String] { operatorTable.map(\.name) }
  /// Names of architectures, for `features`.
  public static var architectures: [String] { architectureTable.map(\.name) }
  /// Names of flags, for `features`.
  public static var knownFlags: [String] { flagTable.map(\.name) }
  /// Names of the flags that the running kernel takes, for `features`.
  public static var supportedFlags: [String] {
    flagTable.filter { $0.number == 0 || isSupported($0.number) }.map(\.name)
  }

  /// The version of libseccomp, `2.5.4` say.
  public static var libraryVersion: String {
    guard let version = seccomp_version() else { return "unknown" }
    return "\(version.pointee.major).\(version.pointee.minor).\(version.pointee.micro)"
  }

  static func isSupported(_ flag: UInt32) -> Bool {
    // Alone the flag is an error of its own (kernel/seccomp.c, seccomp_set_mode_filter).
    let flags = flag == waitKillableFlag ? flag | newListenerFlag : flag
    return cseccomp_probe(flags) < 0 && Errno.last == Errno.badAddress
  }
}

extension Errno {
  /// `EFAULT`
  fileprivate static let badAddress = Errno(14)
}

/// A comparison of an argument with a value, all as unsigned numbers.
enum SeccompComparison: UInt8, Sendable {
  case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual, maskedEqual
}
