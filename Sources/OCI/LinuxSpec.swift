/// The `linux` part of `config.json` (config-linux.md).
public struct Linux: Sendable, Equatable {
  public var namespaces: [Namespace] = []
  public var uidMappings: [IDMapping] = []
  public var gidMappings: [IDMapping] = []
  public var timeOffsets: [String: TimeOffset] = [:]
  public var devices: [Device] = []
  public var cgroupsPath: String?
  public var resources = Resources()
  /// `shared`, `slave`, `private` or `unbindable`, or the same with an `r` before it.
  public var rootfsPropagation: String?
  public var seccomp: Seccomp?
  public var sysctl: [String: String] = [:]
  public var maskedPaths: [String] = []
  public var readonlyPaths: [String] = []
  public var mountLabel: String?
  public var personality: Personality?
  public var memoryPolicy: MemoryPolicy?
  /// By the device's name on the host.
  public var netDevices: [String: NetDevice] = [:]
  public var intelRdt: IntelRdt?

  public init() {}
}

/// A namespace to make, or with a path to join.
public struct Namespace: Sendable, Equatable {
  /// The specification's names of the kinds.
  public enum Kind: String, Sendable, CaseIterable {
    case pid, network, mount, ipc, uts, user, cgroup, time
  }
  public var type: Kind
  public var path: String?

  public init(type: Kind, path: String? = nil) {
    self.type = type
    self.path = path
  }
}

/// An offset of a clock (`monotonic`, `boottime`) in a time namespace.
public struct TimeOffset: Sendable, Equatable {
  public var secs: Int64
  public var nanosecs: UInt32

  public init(secs: Int64, nanosecs: UInt32) {
    self.secs = secs
    self.nanosecs = nanosecs
  }
}

/// A device node to make (config-linux.md, "Devices").
public struct Device: Sendable, Equatable {
  /// `c`, `b`, `u` or `p`.
  public var type: String
  public var path: String
  public var major: Int64
  public var minor: Int64
  public var fileMode: UInt32?
  public var uid: UInt32?
  public var gid: UInt32?

  public init(
    type: String, path: String, major: Int64 = 0, minor: Int64 = 0, fileMode: UInt32? = nil, uid: UInt32? = nil,
    gid: UInt32? = nil
  ) {
    self.type = type
    self.path = path
    self.major = major
    self.minor = minor
    self.fileMode = fileMode
    self.uid = uid
    self.gid = gid
  }
}

/// The execution domain (personality(2)): `LINUX` or `LINUX32`.
public struct Personality: Sendable, Equatable {
  public var domain: String
  public var flags: [String]

  public init(domain: String, flags: [String] = []) {
    self.domain = domain
    self.flags = flags
  }
}

/// A seccomp profile (config-linux.md, "Seccomp"); names are libseccomp's (`SCMP_ACT_ERRNO`).
public struct Seccomp: Sendable, Equatable {
  public var defaultAction = ""
  public var defaultErrnoRet: UInt32?
  public var architectures: [String] = []
  public var flags: [String] = []
  /// Whether the profile has `flags` at all: runc takes `SECCOMP_FILTER_FLAG_SPEC_ALLOW` when it has not.
  public var hasFlags = false
  public var listenerPath: String?
  public var listenerMetadata: String?
  public var syscalls: [Rule] = []

  /// One rule: the same action for each of the names, when all the arguments match.
  public struct Rule: Sendable, Equatable {
    public var names: [String] = []
    public var action = ""
    public var errnoRet: UInt32?
    public var args: [Argument] = []

    public init() {}
  }

  /// A comparison of one argument of the system call.
  public struct Argument: Sendable, Equatable {
    public var index: UInt32
    public var value: UInt64
    public var valueTwo: UInt64
    public var op: String

    public init(index: UInt32, value: UInt64, valueTwo: UInt64 = 0, op: String) {
      self.index = index
      self.value = value
      self.valueTwo = valueTwo
      self.op = op
    }
  }

  public init() {}
}
