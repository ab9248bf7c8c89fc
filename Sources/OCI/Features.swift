/// What the runtime can do (features.md, features-linux.md), as `features` prints it.
///
/// A list that is `nil` is "unknown" and left out; an empty one would be left out by Go's producers as well, and says
/// "none" here.
public struct Features: Sendable, Equatable {
  public var ociVersionMin = ContainerState.oldestOCIVersion
  public var ociVersionMax = ContainerState.ociVersion
  public var hooks: [String]? = SpecNames.hooks
  /// Not those of a file system's own.
  public var mountOptions: [String]?
  public var linux = Linux()
  public var annotations: [String: String] = [:]
  /// Annotations of config.json that change what the host does; with a dot at the end, a prefix.
  public var potentiallyUnsafeConfigAnnotations: [String]?

  /// The part for Linux. What is `nil` is unknown.
  public struct Linux: Sendable, Equatable {
    public var namespaces: [String]? = Namespace.Kind.allCases.map(\.rawValue).sorted()
    public var capabilities: [String]? = SpecNames.capabilities
    public var cgroup: Cgroup?
    public var seccomp: Seccomp?
    public var apparmor: Bool?
    public var selinux: Bool?
    public var intelRdt: Bool?
    public var memoryPolicyModes: [String]?
    public var memoryPolicyFlags: [String]?
    public var idmapMounts: Bool?
    public var netDevices: Bool?

    public init() {}
  }

  /// What is compiled in, whatever the host has.
  public struct Cgroup: Sendable, Equatable {
    public var v1: Bool
    public var v2: Bool
    public var systemd: Bool
    public var systemdUser: Bool
    public var rdma: Bool

    public init(v1: Bool, v2: Bool, systemd: Bool, systemdUser: Bool, rdma: Bool) {
      self.v1 = v1
      self.v2 = v2
      self.systemd = systemd
      self.systemdUser = systemdUser
      self.rdma = rdma
    }
  }

  /// What filters can be made of.
  public struct Seccomp: Sendable, Equatable {
    public var enabled = true
    public var actions: [String]? = SpecNames.seccompActions
    public var operators: [String]? = SpecNames.seccompOperators
    public var archs: [String]?
    public var knownFlags: [String]? = SpecNames.seccompFlags
    /// Those of them that this kernel takes.
    public var supportedFlags: [String]?

    public init() {}
  }

  public init() {}

  /// The document; runc indents it by four spaces.
  public var json: JSON {
    var members = Members()
    members.add("ociVersionMin", .string(ociVersionMin))
    members.add("ociVersionMax", .string(ociVersionMax))
    members.add("hooks", hooks)
    members.add("mountOptions", mountOptions)
    members.add("linux", linux.json)
    if !annotations.isEmpty { members.add("annotations", .strings(annotations)) }
    members.add("potentiallyUnsafeConfigAnnotations", potentiallyUnsafeConfigAnnotations)
    return members.object
  }
}

extension Features.Linux {
  fileprivate var json: JSON {
    var members = Members()
    members.add("namespaces", namespaces)
    members.add("capabilities", capabilities)
    if let cgroup { members.add("cgroup", cgroup.json) }
    if let seccomp { members.add("seccomp", seccomp.json) }
    members.add("apparmor", enabled: apparmor)
    members.add("selinux", enabled: selinux)
    members.add("intelRdt", enabled: intelRdt)
    if memoryPolicyModes != nil || memoryPolicyFlags != nil {
      var policy = Members()
      policy.add("modes", memoryPolicyModes)
      policy.add("flags", memoryPolicyFlags)
      members.add("memoryPolicy", policy.object)
    }
    if let idmapMounts {
      var extensions = Members()
      extensions.add("idmap", enabled: idmapMounts)
      members.add("mountExtensions", extensions.object)
    }
    members.add("netDevices", enabled: netDevices)
    return members.object
  }
}

extension Features.Cgroup {
  fileprivate var json: JSON {
    var members = Members()
    members.add("v1", .bool(v1))
    members.add("v2", .bool(v2))
    members.add("systemd", .bool(systemd))
    members.add("systemdUser", .bool(systemdUser))
    members.add("rdma", .bool(rdma))
    return members.object
  }
}

extension Features.Seccomp {
  fileprivate var json: JSON {
    var members = Members()
    members.add("enabled", .bool(enabled))
    members.add("actions", actions)
    members.add("operators", operators)
    members.add("archs", archs)
    members.add("knownFlags", knownFlags)
    members.add("supportedFlags", supportedFlags)
    return members.object
  }
}

/// Members of an object, without those that have no value.
private struct Members {
  private var members: [JSON.Member] = []

  var object: JSON { .object(members) }

  mutating func add(_ key: String, _ value: JSON) {
    members.append(JSON.Member(key, value))
  }

  mutating func add(_ key: String, _ texts: [String]?) {
    if let texts { add(key, .strings(texts)) }
  }

  mutating func add(_ key: String, enabled: Bool?) {
    if let enabled { add(key, .object([JSON.Member("enabled", .bool(enabled))])) }
  }
}
