internal import CLinux
internal import Glibc

/// The cgroup hierarchies of this host, as this process sees them.
public struct CgroupHost: Sendable, Equatable {
  /// Which of the two interfaces is mounted, or both.
  public enum Layout: String, Sendable {
    /// One mount for each (group of) controllers.
    case v1
    /// As v1, and a cgroup2 mount beside it that has few or no controllers.
    case hybrid
    /// One cgroup2 mount with everything.
    case unified
  }

  /// One mounted tree of cgroups.
  public struct Hierarchy: Sendable, Equatable {
    /// `["cpu", "cpuacct"]`, `["name=systemd"]`; empty for cgroup v2.
    public var controllers: [String]
    /// Absolute path of the mount.
    public var mountPoint: String
    /// This process's cgroup, absolute below the mount point.
    public var ownPath: String

    /// Describes a tree; nothing is looked up.
    public init(controllers: [String], mountPoint: String, ownPath: String) {
      self.controllers = controllers
      self.mountPoint = mountPoint
      self.ownPath = ownPath
    }
  }

  /// Decided by what is mounted, not by what the kernel could do.
  public var layout: Layout
  /// cgroup v1's in the kernel's order, then cgroup v2.
  public var hierarchies: [Hierarchy]

  /// Describes a host, for planning; see ``detect()`` for this one.
  public init(layout: Layout, hierarchies: [Hierarchy]) {
    self.layout = layout
    self.hierarchies = hierarchies
  }

  /// Looks at the usual places with one statfs(2) each. /proc/self/mountinfo, which may describe thousands of mounts, is
  /// only read when a hierarchy is not where everybody mounts it.
  public static func detect() throws(SystemError) -> CgroupHost {
    let usual = "/sys/fs/cgroup"
    let memberships = try parseMemberships(readFile("/proc/self/cgroup", limit: 1 << 20))
    if clinux_filesystem_type(usual) == clinux_cgroup_v2_magic {
      let own = memberships.first { $0.controllers.isEmpty }?.path ?? "/"
      let only = Hierarchy(controllers: [], mountPoint: usual, ownPath: own)
      return CgroupHost(layout: .unified, hierarchies: [only])
    }

    var mounts: [CgroupMount]?
    func mount(of membership: CgroupMembership) throws(SystemError) -> CgroupMount? {
      if mounts == nil { mounts = try parseCgroupMounts(readFile("/proc/self/mountinfo", limit: 256 << 20)) }
      return mounts?.first { $0.holds(membership.controllers) }
    }

    var found: [Hierarchy] = []
    var unified: Hierarchy?
    for membership in memberships {
      let v2 = membership.controllers.isEmpty
      var point = "\(usual)/\(v2 ? "unified" : membership.directoryName)"
      var own = membership.path
      let magic = v2 ? clinux_cgroup_v2_magic : clinux_cgroup_v1_magic
      if clinux_filesystem_type(point) != magic {
        // The kernel always lists v2, mounted or not: a pure v1 host is not worth reading mountinfo for.
        if v2 && memberships.count > 1 { continue }
        guard let mount = try mount(of: membership) else { continue }
        point = mount.point
        own = mount.below(own)
      } else if own != "/" && access(point + own, F_OK) != 0 {
        // Inside a container without a cgroup namespace the mount's root is not the hierarchy's.
        own = try mount(of: membership)?.below(own) ?? "/"
      }
      let hierarchy = Hierarchy(controllers: membership.controllers, mountPoint: point, ownPath: own)
      if v2 { unified = hierarchy } else { found.append(hierarchy) }
    }
    if let unified {
      return CgroupHost(layout: found.isEmpty ? .unified : .hybrid, hierarchies: found + [unified])
    }
    if found.isEmpty { throw SystemError.refusal("no cgroup file system is mounted at \(usual)") }
    return CgroupHost(layout: .v1, hierarchies: found)
  }
}
