/// The `config.json` to begin with, as `spec` writes it: a shell in a read-only root file system, with runc's values.
public enum SpecTemplate {
  /// Whoever makes a container without root: one id is all that can be mapped without help.
  public struct Owner: Sendable, Equatable {
    public var uid: UInt32
    public var gid: UInt32

    public init(uid: UInt32, gid: UInt32) {
      self.uid = uid
      self.gid = gid
    }
  }

  /// The document; written with a tab as indent.
  ///
  /// - Parameters:
  ///   - rootless: `nil` for root; else a user namespace with this user as its root, no network namespace, `/sys`
  ///     bound from the host, no limits.
  ///   - cgroupNamespace: whether to add one, as runc does on a pure cgroup v2 host.
  public static func json(rootless: Owner? = nil, cgroupNamespace: Bool = false) -> JSON {
    object(
      ("ociVersion", .string(ContainerState.ociVersion)),
      ("process", process),
      ("root", object(("path", .string("rootfs")), ("readonly", .bool(true)))),
      ("hostname", .string("runc")),
      ("mounts", .array(mounts(isRootless: rootless != nil))),
      ("linux", linux(rootless, cgroupNamespace)))
  }

  private static var process: JSON {
    let capabilities = JSON.strings(["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"])
    return object(
      ("terminal", .bool(true)),
      ("user", object(("uid", .integer(0)), ("gid", .integer(0)))),
      ("args", .strings(["sh"])),
      ("env", .strings(["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"])),
      ("cwd", .string("/")),
      (
        "capabilities",
        object(
          ("bounding", capabilities), ("effective", capabilities), ("permitted", capabilities),
          ("ambient", capabilities))
      ),
      (
        "rlimits",
        .array([
          object(("type", .string("RLIMIT_NOFILE")), ("hard", .integer(1024)), ("soft", .integer(1024)))
        ])
      ),
      ("noNewPrivileges", .bool(true)))
  }

  private static func mounts(isRootless: Bool) -> [JSON] {
    let terminals = ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]
    // Group 5 has no id in a user namespace of one id; a new sysfs needs a network namespace of one's own.
    let system =
      isRootless
      ? mount("/sys", "none", "/sys", ["rbind", "nosuid", "noexec", "nodev", "ro"])
      : mount("/sys", "sysfs", "sysfs", ["nosuid", "noexec", "nodev", "ro"])
    return [
      mount("/proc", "proc", "proc"),
      mount("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
      mount("/dev/pts", "devpts", "devpts", isRootless ? terminals : terminals + ["gid=5"]),
      mount("/dev/shm", "tmpfs", "shm", ["nosuid", "noexec", "nodev", "mode=1777", "size=65536k"]),
      mount("/dev/mqueue", "mqueue", "mqueue", ["nosuid", "noexec", "nodev"]),
      system,
      mount("/sys/fs/cgroup", "cgroup", "cgroup", ["nosuid", "noexec", "nodev", "relatime", "ro"]),
    ]
  }

  private static func mount(_ destination: String, _ type: String, _ source: String, _ options: [String] = []) -> JSON {
    var members = [
      JSON.Member("destination", .string(destination)), JSON.Member("type", .string(type)),
      JSON.Member("source", .string(source)),
    ]
    if !options.isEmpty { members.append(JSON.Member("options", .strings(options))) }
    return .object(members)
  }

  private static func linux(_ rootless: Owner?, _ cgroupNamespace: Bool) -> JSON {
    var members: [JSON.Member] = []
    var namespaces = ["pid", "ipc", "uts", "mount"]
    if let rootless {
      members.append(JSON.Member("uidMappings", mapping(rootless.uid)))
      members.append(JSON.Member("gidMappings", mapping(rootless.gid)))
    } else {
      let everyDevice = object(("allow", .bool(false)), ("access", .string("rwm")))
      members.append(JSON.Member("resources", object(("devices", .array([everyDevice])))))
      namespaces.insert("network", at: 1)
    }
    if cgroupNamespace { namespaces.append("cgroup") }
    if rootless != nil { namespaces.append("user") }
    members += [
      JSON.Member("namespaces", .array(namespaces.map { object(("type", .string($0))) })),
      JSON.Member(
        "maskedPaths",
        .strings([
          "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
          "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi",
        ])),
      JSON.Member(
        "readonlyPaths",
        .strings(["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"])),
    ]
    return .object(members)
  }

  private static func mapping(_ id: UInt32) -> JSON {
    .array([object(("containerID", .integer(0)), ("hostID", .integer(Int64(id))), ("size", .integer(1)))])
  }

  private static func object(_ members: (String, JSON)...) -> JSON {
    .object(members.map { JSON.Member($0.0, $0.1) })
  }
}
