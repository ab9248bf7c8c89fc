public import Kernel
public import OCI

/// One thing that the stage does, in order, on the way from a fresh process to the container's program.
///
/// A step is a value without descriptors: what has to be opened is named by a ``Handle``, and opened at launch. So a
/// plan can be made, printed and tested without root.
public enum Step: Sendable, Equatable {
  // Where the process is.
  case signals
  case undumpable
  case joinCgroup(Handle)
  case joinNamespace(Handle, kinds: [Namespace.Kind])
  case unshare([Namespace.Kind])
  case timeOffsets(String)
  case clone([Namespace.Kind])
  case oomScore(Int)
  case idMaps
  case becomeRoot(setGroups: Bool)
  case session
  case keyring(String)

  // The root, and what is in it.
  case propagation(String, recursive: Bool, path: String)
  case parentPrivate(String)
  case rootHere
  case rootBind(String)
  case rootReceive(String)
  case layers(StageOverlay)
  case upperMemory(size: UInt64?)
  case rootOverlay(String)
  case mount(NewMount)
  case bind(BindMount)
  case attributes(AttributeChange)
  case remount(Remount)
  case directory(String, mode: UInt32)
  case device(Device, mode: UInt32)
  case bindDevice(Device, mode: UInt32)
  case symlink(target: String, path: String, replace: Bool)
  case console(size: ConsoleSize?, owner: UInt32, node: Bool)
  case sysctl(Sysctl, value: String)
  case mask(String)
  case readonly(String)
  case unmount(String)
  case pivot(style: PivotStyle)

  // Moments at which somebody else acts.
  case hook(Hook, kind: String, index: Int)
  case sync(SyncPoint)
  case waitStart

  // What the process is.
  case loopback
  case hostname(String)
  case domainname(String)
  case umask(UInt32)
  case personality(UInt64)
  case label(file: String, value: String)
  case home(uid: UInt32)
  case cwd(String, lenient: Bool)
  case rlimit(RlimitSetting)
  case scheduler(Scheduler)
  case ioPriority(IOPriority)
  case affinity(NumberSet)
  case memoryPolicy(MemoryPolicy, nodes: NumberSet?)
  case bounding(CapabilitySet, last: Int)
  case credentials(User, setGroups: Bool, keepCapabilities: Bool)
  case capabilities(effective: CapabilitySet, permitted: CapabilitySet, inheritable: CapabilitySet)
  case ambient(CapabilitySet)
  case noNewPrivileges
  case seccomp(SeccompFilter, raise: CapabilitySet?)
  case lookup(name: String, path: String)
  case tidy(from: Int)
  case execute(arguments: [String], environment: [String])
}

/// A descriptor that the stage inherits, by what it is.
public enum Handle: Sendable, Hashable {
  /// The `tasks` file of a cgroup v1 hierarchy, by its place in the cgroup's list.
  case cgroupTasks(Int)
  /// A namespace that config.json names by path.
  case namespace(Namespace.Kind)
  /// The pidfd of the container's init, for `exec`.
  case initProcess
  /// The state as JSON, for hooks' standard input.
  case hookState
  /// The listening socket of `start`.
  case startSocket
}

/// A new mount of a file system type.
public struct NewMount: Sendable, Equatable {
  public var type: String
  public var source: String
  public var destination: String
  /// Parameters for fsconfig(2).
  public var options: [MountOptions.SuperblockOption] = []
  /// `MOUNT_ATTR_*`.
  public var attributes: UInt64 = 0
  /// `MS_SHARED` and so on, with `MS_REC` for the whole tree; 0 to leave it.
  public var propagation: UInt = 0
  public var copyUp = false
  /// No symlink may be on the way to the destination: procfs and sysfs.
  public var isReal = false
  /// May be mounted on procfs (`/proc/sys/fs/binfmt_misc`, say).
  public var insideProc = false

  public init(type: String, source: String, destination: String) {
    self.type = type
    self.source = source
    self.destination = destination
  }
}

/// A part of the host's file tree in the container.
public struct BindMount: Sendable, Equatable {
  /// Who makes the detached mount.
  public enum Origin: Sendable, Equatable {
    /// The stage, from the host's path.
    case stage
    /// The stage, from what swiftcr opened for it: the mapped root may not go wherever root may.
    case opened
    /// swiftcr, because the stage is where the host's path means something else.
    case runtime
    /// swiftcr, because its ids are mapped: empty mappings stand for the container's own user namespace.
    case mapped(uids: [IDMapping], gids: [IDMapping], recursive: Bool)
  }
  public var source: String
  public var destination: String
  public var recursive: Bool
  public var attributesSet: UInt64 = 0
  public var attributesCleared: UInt64 = 0
  /// Of the whole tree (`rro`). Like the others set before it is attached: a path could lead elsewhere by then.
  public var recursiveSet: UInt64 = 0
  public var recursiveCleared: UInt64 = 0
  public var propagation: UInt = 0
  public var origin = Origin.stage
  public var insideProc = false

  public init(source: String, destination: String, recursive: Bool) {
    self.source = source
    self.destination = destination
    self.recursive = recursive
  }
}

/// mount_setattr(2) on what is mounted at a path.
public struct AttributeChange: Sendable, Equatable {
  public var path: String
  public var set: UInt64 = 0
  public var cleared: UInt64 = 0
  public var propagation: UInt = 0
  public var recursive = false

  public init(path: String) { self.path = path }
}

/// fsconfig(2) and mount_setattr(2) on what is mounted at a path.
public struct Remount: Sendable, Equatable {
  public var path: String
  public var set: UInt64 = 0
  public var cleared: UInt64 = 0
  /// Parameters of the file system.
  public var options: [MountOptions.SuperblockOption] = []

  public init(path: String) { self.path = path }
}

/// How the new root becomes "/".
public enum PivotStyle: Sendable, Equatable {
  /// pivot_root(2).
  case pivot
  /// pivot_root(2) from a root that is shared with the host: its umount is kept in here.
  case pivotShared
  /// Move the mount and chroot(2): `--no-pivot`, for a root on a ramdisk.
  case move
}

/// At these points the stage waits for swiftcr's answer.
public enum SyncPoint: Sendable, Equatable {
  /// The root is assembled: `prestart` and `createRuntime` hooks may run.
  case hooks
  /// Nothing is left to prepare.
  case ready
}
