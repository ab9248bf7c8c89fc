/// The runtime specification's `config.json`, version 1.0 to 1.3.
///
/// Property names are the specification's own. An absent array is an empty one; an absent scalar is `nil` where
/// absence means something, else the specification's default.
/// Source: <https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config.md>
public struct Spec: Sendable, Equatable {
  public var ociVersion = ""
  public var root: Root?
  public var mounts: [Mount] = []
  public var process: Process?
  public var hostname: String?
  public var domainname: String?
  public var hooks = Hooks()
  public var annotations: [String: String] = [:]
  public var linux = Linux()

  public init() {}
}

/// The container's root file system (config.md, "Root").
public struct Root: Sendable, Equatable {
  /// Absolute, or relative to the bundle.
  public var path = ""
  public var readonly = false

  public init() {}
}

/// One entry of `mounts`, in the order in which they are mounted (config.md, "Mounts").
public struct Mount: Sendable, Equatable {
  public var destination = ""
  public var type: String?
  public var source: String?
  public var options: [String] = []
  public var uidMappings: [IDMapping] = []
  public var gidMappings: [IDMapping] = []

  public init() {}
}

/// A run of ids: `size` ids from `hostID` on the host are seen from `containerID` on inside.
public struct IDMapping: Sendable, Equatable {
  public var containerID: UInt32
  public var hostID: UInt32
  public var size: UInt32

  public init(containerID: UInt32, hostID: UInt32, size: UInt32) {
    self.containerID = containerID
    self.hostID = hostID
    self.size = size
  }
}

/// The container's process, or one that is added by `exec` (config.md, "Process").
public struct Process: Sendable, Equatable {
  public var terminal = false
  public var consoleSize: ConsoleSize?
  public var cwd = ""
  public var env: [String] = []
  public var args: [String] = []
  public var user = User()
  public var rlimits: [Rlimit] = []
  public var capabilities: Capabilities?
  public var noNewPrivileges = false
  public var oomScoreAdj: Int?
  public var apparmorProfile: String?
  public var selinuxLabel: String?
  public var scheduler: Scheduler?
  public var ioPriority: IOPriority?
  public var execCPUAffinity: CPUAffinity?

  public init() {}
}

/// A terminal's size in characters.
public struct ConsoleSize: Sendable, Equatable {
  public var height: UInt32
  public var width: UInt32

  public init(height: UInt32, width: UInt32) {
    self.height = height
    self.width = width
  }
}

/// The ids that the process runs with (config.md, "User").
public struct User: Sendable, Equatable {
  public var uid: UInt32 = 0
  public var gid: UInt32 = 0
  public var umask: UInt32?
  public var additionalGids: [UInt32] = []

  public init() {}
}

/// A resource limit by its POSIX name, `RLIMIT_NOFILE` say.
public struct Rlimit: Sendable, Equatable {
  public var type: String
  public var soft: UInt64
  public var hard: UInt64

  public init(type: String, soft: UInt64, hard: UInt64) {
    self.type = type
    self.soft = soft
    self.hard = hard
  }
}

/// The five capability sets, by name (`CAP_CHOWN`).
public struct Capabilities: Sendable, Equatable {
  public var bounding: [String] = []
  public var effective: [String] = []
  public var inheritable: [String] = []
  public var permitted: [String] = []
  public var ambient: [String] = []

  public init() {}
}

/// Programs that run at fixed moments of the container's life (config.md, "POSIX-platform Hooks").
public struct Hooks: Sendable, Equatable {
  public var prestart: [Hook] = []
  public var createRuntime: [Hook] = []
  public var createContainer: [Hook] = []
  public var startContainer: [Hook] = []
  public var poststart: [Hook] = []
  public var poststop: [Hook] = []

  public init() {}
}

/// One hook; the container's state is its standard input.
public struct Hook: Sendable, Equatable {
  public var path = ""
  public var args: [String] = []
  public var env: [String] = []
  /// Seconds, at least 1.
  public var timeout: Int?

  public init() {}
}
