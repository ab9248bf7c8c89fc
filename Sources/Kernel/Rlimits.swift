internal import CLinux
public import OCI

/// One resource limit as prlimit(2) takes it.
public struct RlimitSetting: Sendable, Equatable {
  /// The kernel's number of the resource.
  public var resource: UInt32
  /// Units are the resource's own (bytes, seconds, a count); `UInt64.max` is unlimited.
  public var soft: UInt64
  /// The bound of `soft`, in the same unit.
  public var hard: UInt64

  /// A limit by the resource's number.
  public init(resource: UInt32, soft: UInt64, hard: UInt64) {
    self.resource = resource
    self.soft = soft
    self.hard = hard
  }

  /// `process.rlimits` as numbers, in their order.
  /// - Throws: `RlimitError` for a name that Linux does not have, a soft limit above the hard one, a resource that is
  ///   named twice (config.md: "the runtime MUST generate an error").
  public static func make(_ limits: [OCI.Rlimit]) throws(RlimitError) -> [RlimitSetting] {
    var settings: [RlimitSetting] = []
    for (index, limit) in limits.enumerated() {
      guard let number = number(of: limit.type) else {
        throw RlimitError(index: index, reason: "wrong rlimit value: \(limit.type)")
      }
      guard limit.soft <= limit.hard else {
        let reason = "soft limit \(limit.soft) of \(limit.type) is above the hard limit \(limit.hard)"
        throw RlimitError(index: index, reason: reason)
      }
      guard !settings.contains(where: { $0.resource == number }) else {
        throw RlimitError(index: index, reason: "\(limit.type) is given more than once")
      }
      settings.append(RlimitSetting(resource: number, soft: limit.soft, hard: limit.hard))
    }
    return settings
  }

  /// Resource names in the order of the kernel's numbers, which x86-64, arm64 and riscv64 share
  /// (include/uapi/asm-generic/resource.h; only alpha, mips and sparc number them otherwise).
  public static let names = [
    "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CORE", "RLIMIT_RSS", "RLIMIT_NPROC",
    "RLIMIT_NOFILE", "RLIMIT_MEMLOCK", "RLIMIT_AS", "RLIMIT_LOCKS", "RLIMIT_SIGPENDING", "RLIMIT_MSGQUEUE",
    "RLIMIT_NICE", "RLIMIT_RTPRIO", "RLIMIT_RTTIME",
  ]

  /// The name of a resource; its number if it has none.
  public static func name(_ resource: UInt32) -> String {
    Int(resource) < names.count ? names[Int(resource)] : "\(resource)"
  }

  /// The kernel's number of a resource, or `nil`.
  public static func number(of name: String) -> UInt32? { names.firstIndex(of: name).map { UInt32($0) } }

  /// Sets the limit of a process; 0 is the calling one. Raising a hard limit takes CAP_SYS_RESOURCE (`EPERM`).
  public func set(pid: Int32) throws(SystemError) {
    guard clinux_set_limit(pid, resource, soft, hard) == 0 else {
      let name = RlimitSetting.name(resource)
      throw SystemError("set limit", "\(name) to \(soft):\(hard)")
    }
  }
}

/// A fault in `process.rlimits`.
public struct RlimitError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The entry's place in the array.
  public var index: Int
  /// What is wrong, with the name.
  public var reason: String

  /// One line with the key path.
  public var description: String { "process.rlimits[\(index)]: \(reason)" }
}
