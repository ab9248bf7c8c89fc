internal import Kernel
internal import OCI

/// What `swiftcr plan` prints, and what an error says of the step that failed.
extension Step: CustomStringConvertible {
  public var description: String {
    switch self {
    case .signals: "unblock signals"
    case .undumpable: "become undumpable"
    case .joinCgroup(let handle): "join cgroup \(handle)"
    case .joinNamespace(let handle, let kinds): "join \(Self.names(kinds)) namespace of \(handle)"
    case .unshare(let kinds): "new \(Self.names(kinds)) namespace"
    case .timeOffsets(let text): "set clock offsets \(Self.oneLine(text))"
    case .clone(let kinds): kinds.isEmpty ? "clone" : "clone into new \(Self.names(kinds)) namespace"
    case .oomScore(let score): "set oom_score_adj to \(score)"
    case .idMaps: "wait for the id maps"
    case .becomeRoot: "become root of the user namespace"
    case .session: "new session"
    case .keyring(let name): "new session keyring \(name)"
    case .propagation(let type, let recursive, let path): "make \(path) \(recursive ? "r" : "")\(type)"
    case .parentPrivate(let path): "make the mount above \(path) private"
    case .rootHere: "take / as the root"
    case .rootBind(let path): "bind root file system \(path)"
    case .rootReceive(let path): "attach overlay at \(path)"
    case .layers(let overlay): "open \(overlay.layers.count) layers and container layer \(overlay.directory)"
    case .upperMemory(let size): "keep the container layer in memory" + (size.map { " of \($0) bytes" } ?? "")
    case .rootOverlay(let path): "mount overlay at \(path)"
    case .mount(let mount): mount.description
    case .bind(let mount): mount.description
    case .attributes(let change): "set mount attributes of \(change.path)\(MountFlags.text(change.set))"
    case .remount(let change): "remount \(change.path)\(MountFlags.text(change.set))"
    case .directory(let path, _): "make directory \(path)"
    case .device(let device, let mode): "make device \(device.path) \(device.text(mode))"
    case .bindDevice(let device, let mode): "bind device \(device.path) \(device.text(mode))"
    case .symlink(let target, let path, _): "link \(path) to \(target)"
    case .console(let size, _, _): "open console" + (size.map { " \($0.width)x\($0.height)" } ?? "")
    case .sysctl(let sysctl, let value): "set sysctl \(sysctl.dotted) to \(Self.oneLine(value))"
    case .mask(let path): "mask \(path)"
    case .readonly(let path): "make \(path) read-only"
    case .unmount(let path): "unmount \(path)"
    case .pivot(let style): style == .move ? "move the root to / and chroot" : "pivot root"
    case .hook(let hook, let kind, let index): "run \(kind) hook #\(index) \(hook.path)"
    case .sync(.hooks): "wait for the runtime's hooks"
    case .sync(.ready): "report that all is ready"
    case .waitStart: "wait for start"
    case .loopback: "bring the loopback interface up"
    case .hostname(let name): "set hostname \(name)"
    case .domainname(let name): "set domainname \(name)"
    case .umask(let mask): "set umask 0\(String(mask, radix: 8))"
    case .personality(let persona): "set personality 0x\(String(persona, radix: 16))"
    case .label(let file, let value):
      file.contains("apparmor") ? "apply AppArmor profile \(value.dropFirst(5))" : "apply SELinux label \(value)"
    case .home(let uid): "find the home directory of uid \(uid)"
    case .cwd(let path, _): "change to working directory \(path)"
    case .rlimit(let limit): "set \(RlimitSetting.name(limit.resource)) to \(limit.soft):\(limit.hard)"
    case .scheduler(let scheduler): "schedule as \(scheduler.policy)"
    case .ioPriority(let priority): "set I/O priority \(priority.class) \(priority.priority)"
    case .affinity(let set): "run on processors \(set)"
    case .memoryPolicy(let policy, let nodes):
      "set memory policy \(policy.mode)" + (nodes.map { " of nodes \($0)" } ?? "")
    case .bounding(let kept, _): "bound capabilities to \(Self.names(kept))"
    case .credentials(let user, _, _): "become uid \(user.uid) gid \(user.gid)\(Self.groups(user.additionalGids))"
    case .capabilities(let effective, _, _): "set capabilities \(Self.names(effective))"
    case .ambient(let set): "set ambient capabilities \(Self.names(set))"
    case .noNewPrivileges: "set no_new_privs"
    case .seccomp(let filter, _): "load seccomp filter of \(filter.count) instructions"
    case .lookup(let name, _): "find executable \(Self.oneLine(name))"
    case .tidy(let first): "close descriptors from \(first) on execve"
    case .execute(let arguments, _): "execute \(Self.oneLine(arguments.joined(separator: " ")))"
    }
  }

  private static func names(_ kinds: [Namespace.Kind]) -> String { kinds.map(\.rawValue).joined(separator: ",") }

  private static func names(_ set: CapabilitySet) -> String {
    set.isEmpty ? "none" : set.names.joined(separator: ",")
  }

  private static func groups(_ groups: [UInt32]) -> String {
    groups.isEmpty ? "" : " groups " + groups.map { "\($0)" }.joined(separator: ",")
  }

  private static func oneLine(_ text: String) -> String {
    String(text.unicodeScalars.map { $0.value < 0x20 ? " " : Character($0) })
  }
}

extension Handle: CustomStringConvertible {
  public var description: String {
    switch self {
    case .cgroupTasks(let index): "#\(index)"
    case .namespace(let kind): "the configured \(kind.rawValue)"
    case .initProcess: "the container"
    case .hookState: "the hook state"
    case .startSocket: "the start socket"
    }
  }
}

extension NewMount: CustomStringConvertible {
  public var description: String {
    let data = options.map { option in option.value.map { "\(option.key)=\($0)" } ?? option.key }
    let words = data + MountFlags.names(attributes) + (copyUp ? ["tmpcopyup"] : [])
    return "mount \(type) at \(destination)" + (words.isEmpty ? "" : " (\(words.joined(separator: ",")))")
  }
}

extension BindMount: CustomStringConvertible {
  public var description: String {
    let mapped = if case .mapped = origin { " with mapped ids" } else { "" }
    let whole = MountFlags.text(recursiveSet)
    return "\(recursive ? "rbind" : "bind") \(source) at \(destination)\(mapped)\(MountFlags.text(attributesSet))"
      + (whole.isEmpty ? "" : ", the whole tree\(whole)")
  }
}

extension Device {
  func text(_ mode: UInt32) -> String {
    "(\(type) \(major):\(minor) 0\(String(mode & 0o7777, radix: 8)))"
  }
}

/// Names of `MOUNT_ATTR_*`.
enum MountFlags {
  private static let table: [(UInt64, String)] = [
    (0x1, "ro"), (0x2, "nosuid"), (0x4, "nodev"), (0x8, "noexec"), (0x10, "noatime"), (0x20, "strictatime"),
    (0x80, "nodiratime"), (0x20_0000, "nosymfollow"),
  ]

  static func names(_ attributes: UInt64) -> [String] { table.filter { attributes & $0.0 != 0 }.map(\.1) }

  static func text(_ attributes: UInt64) -> String {
    let names = names(attributes)
    return names.isEmpty ? "" : " (\(names.joined(separator: ",")))"
  }
}
