/// What a container of an image is to be: what the command line says, before the image's own defaults.
public struct ContainerRequest: Sendable {
  // The process.
  /// `nil` is the image's; an empty list is none, and neither is the image's CMD then.
  public var entrypoint: [String]?
  /// Empty is the image's CMD.
  public var command: [String] = []
  /// `NAME=VALUE`; a name alone takes the variable away.
  public var env: [String] = []
  public var workingDirectory: String?
  /// `user[:group]`, names or numbers; `nil` is the image's.
  public var user: String?
  public var terminal = false

  // What it sees.
  public var hostname: String
  public var network = Network.none
  public var isReadonly = false
  /// Files and directories of the host.
  public var volumes: [Volume] = []
  public var temporaries: [Temporary] = []
  /// Files of the container's own: hosts, hostname, resolv.conf; the host's path of each, by its place.
  public var files: [(destination: String, source: String)] = []

  // What it may.
  public var rights = Rights()
  public var limits = Limits()

  public init(hostname: String) {
    self.hostname = hostname
  }

  public enum Network: Sendable, Equatable {
    /// A namespace with nothing but a loopback interface.
    case none
    /// The host's own.
    case host
    /// A namespace that somebody else has set up.
    case path(String)
  }

  /// Capabilities and what confines the program.
  public struct Rights: Sendable, Equatable {
    /// Names with or without `CAP_`, in any case; `ALL`.
    public var added: [String] = []
    public var dropped: [String] = []
    public var noNewPrivileges = false
    /// All capabilities, all devices of the host, and nothing of procfs, sysfs and cgroups masked or read-only.
    public var isPrivileged = false
    /// `nil` for no filter at all.
    public var seccomp: SeccompTemplate? = .default
    public var apparmor: String?
    public var selinux: String?

    public init() {}
  }

  public struct Limits: Sendable, Equatable {
    /// Bytes; with as much swap again, as docker has it.
    public var memory: Int64?
    /// Of 100 ms of one processor: microseconds.
    public var cpuQuota: Int64?
    public var pids: Int64?

    public init() {}
  }

  /// What of the host decides how the container is made.
  public struct Host: Sendable {
    public var kernel: SeccompTemplate.Kernel
    /// Every capability that there is.
    public var capabilities: [String]
    /// Only on the unified hierarchy has a container a cgroup namespace by default.
    public var hasUnifiedCgroups: Bool
    /// Whether swap is limited together with memory.
    public var limitsSwap: Bool
    /// The host's own files that are masked because this host has them.
    public var maskedPaths: [String]
    /// Its devices, for containers that get all of them.
    public var devices: [Device] = []
    /// Of a caller who is not root: this user is root in the container.
    public var idMaps: IDMaps?

    public init(
      kernel: SeccompTemplate.Kernel, capabilities: [String], hasUnifiedCgroups: Bool = false, limitsSwap: Bool = true,
      maskedPaths: [String] = [], idMaps: IDMaps? = nil
    ) {
      self.kernel = kernel
      self.capabilities = capabilities
      self.hasUnifiedCgroups = hasUnifiedCgroups
      self.limitsSwap = limitsSwap
      self.maskedPaths = maskedPaths
      self.idMaps = idMaps
    }

    /// A user namespace's maps.
    public struct IDMaps: Sendable, Equatable {
      public var uids: [IDMapping]
      public var gids: [IDMapping]

      public init(uids: [IDMapping], gids: [IDMapping]) {
        self.uids = uids
        self.gids = gids
      }
    }
  }
}

/// Why no container can be as it was asked for: one line, in docker's words where it has some.
public struct ContainerRequestError: Error, Sendable, Equatable, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}
