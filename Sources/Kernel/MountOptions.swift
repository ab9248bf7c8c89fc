/// The options of one OCI mount, sorted by who is told about them: the mount (mount_setattr(2), fsmount(2)), the
/// superblock (fsconfig(2)), the propagation, or the runtime itself.
///
/// The same options are also kept as mount(2) has them, for kernels and file systems without the new calls.
public struct MountOptions: Sendable, Equatable {
  /// How a file tree of the host gets in.
  public enum Bind: Sendable, Equatable {
    case none, bind, rbind
  }

  /// Whether the mount's ids are mapped, and its submounts' too.
  public enum IDMap: Sendable, Equatable {
    case none, idmap, ridmap
  }

  /// The kinds of mount_namespaces(7), with mount(2)'s flags.
  public enum PropagationType: UInt, Sendable {
    case unbindable = 0x2_0000
    case `private` = 0x4_0000
    case slave = 0x8_0000
    case shared = 0x10_0000
  }

  /// One change of the propagation.
  public struct Propagation: Sendable, Equatable {
    /// The kind that the mount becomes.
    public var type: PropagationType
    /// Submounts too.
    public var recursive: Bool
  }

  /// A parameter of fsconfig(2): a flag without a value, else a string.
  public struct SuperblockOption: Sendable, Equatable {
    /// As the file system names it.
    public var key: String
    /// `nil` is a flag (`FSCONFIG_SET_FLAG`), everything else a string.
    public var value: String?

    public init(key: String, value: String? = nil) {
      self.key = key
      self.value = value
    }
  }

  /// Attributes (`MOUNT_ATTR_*`) to set on this mount alone.
  public private(set) var attributesSet: UInt64 = 0
  /// Attributes to clear first; has all of `MOUNT_ATTR__ATIME` whenever an option is about access times, because the
  /// kernel takes those three bits as one value.
  public private(set) var attributesCleared: UInt64 = 0
  /// The same for this mount and everything below it (`rro`, `rnosuid`, …).
  public private(set) var recursiveSet: UInt64 = 0
  /// Cleared on this mount and everything below it, before `recursiveSet` is set.
  public private(set) var recursiveCleared: UInt64 = 0
  /// Parameters of a new superblock: the flags of the VFS (`ro`, `sync`, …), then the data options, both in order.
  public private(set) var superblock: [SuperblockOption] = []
  /// Applied one after the other: `rslave` then `rshared` gives a mount that is both.
  public private(set) var propagation: [Propagation] = []
  /// What comes of it, with mount(2)'s flags: the last one replaces those before, but a slave can be shared as well.
  public var propagationFlags: UInt {
    var flags: UInt = 0
    for change in propagation {
      let isBoth = change.type == .shared && flags & PropagationType.slave.rawValue != 0
      flags = change.type.rawValue | (isBoth ? PropagationType.slave.rawValue : 0)
      if change.recursive { flags |= MountOption.recursive }
    }
    return flags
  }
  /// Whether the source is a file tree of the host.
  public private(set) var bind = Bind.none
  /// Changes what is mounted there already.
  public private(set) var remount = false
  /// `tmpcopyup`: a tmpfs starts with a copy of what it covers.
  public private(set) var copyUp = false
  /// Asked for by name; a mount with `uidMappings` is mapped anyway.
  public private(set) var idmap = IDMap.none
  /// mount(2)'s flags (`MS_*`), without propagation.
  public private(set) var legacyFlags: UInt = 0
  /// The flags that an option took away (`rw`, `exec`, …): must not be taken over from a bind mount's source.
  public private(set) var legacyCleared: UInt = 0
  /// mount(2)'s data: the options that no table knows, joined by commas.
  public private(set) var legacyData = ""

  /// Sorts the options; of two that contradict each other the later one wins.
  ///
  /// There is no wrong option: what is in no table belongs to the file system, which says so itself. For a bind mount
  /// such data has no meaning and is ignored, as mount(2) does.
  public init(_ options: [String]) {
    var data: [String] = []
    for option in options {
      switch MountOption.named(option) {
      case .nothing: break
      case .set(let flags):
        legacyFlags |= flags
        legacyCleared &= ~flags
      case .clear(let flags):
        legacyFlags &= ~flags
        legacyCleared |= flags
      case .propagation(let type, let recursive):
        propagation.append(Propagation(type: type, recursive: recursive))
      case .setRecursive(let attribute): setRecursively(attribute)
      case .clearRecursive(let attribute): clearRecursively(attribute)
      case .copyUp: copyUp = true
      case .idmap(let kind): idmap = kind
      case nil: if !option.isEmpty { data.append(option) }
      }
    }
    legacyData = data.joined(separator: ",")
    bind = legacyFlags & MountOption.bind == 0 ? .none : legacyFlags & MountOption.recursive == 0 ? .bind : .rbind
    remount = legacyFlags & MountOption.remount != 0
    attributes()
    superblock = MountOption.superblockFlags(set: legacyFlags, cleared: legacyCleared)
    for option in data { superblock += MountOption.split(option) }
  }

  /// Access times are a value of three bits, in which `relatime` is 0: setting one replaces the others. (runc only adds
  /// bits: `rnoatime` with `rstrictatime` is EINVAL there.)
  private mutating func setRecursively(_ attribute: UInt64) {
    if attribute & ~MountOption.accessTime == 0 {
      recursiveSet &= ~MountOption.accessTime
      recursiveCleared |= MountOption.accessTime
    } else {
      recursiveCleared &= ~attribute
    }
    recursiveSet |= attribute
  }

  private mutating func clearRecursively(_ attribute: UInt64) {
    recursiveSet &= ~attribute
    recursiveCleared |= attribute & ~MountOption.accessTime == 0 ? MountOption.accessTime : attribute
  }

  private mutating func attributes() {
    for (flag, attribute) in MountOption.attributes {
      if legacyFlags & flag != 0 { attributesSet |= attribute }
      if legacyCleared & flag != 0 { attributesCleared |= attribute }
    }
    guard (legacyFlags | legacyCleared) & MountOption.accessTimeFlags != 0 else { return }
    attributesCleared |= MountOption.accessTime
    // path_mount's order: strictatime undoes noatime, and relatime is what is left.
    if legacyFlags & MountOption.strictAccessTime != 0 {
      attributesSet |= 0x20
    } else if legacyFlags & MountOption.noAccessTime != 0 {
      attributesSet |= 0x10
    }
  }

  /// The option names of `features`, sorted.
  public static var knownNames: [String] {
    // As in runc's list: idmap and ridmap have a member of their own there (mountExtensions).
    MountOption.table.map(\.name).filter { $0 != "idmap" && $0 != "ridmap" }.sorted()
  }

  /// The recursive option names (`rro`, …), sorted: they take mount_setattr(2) (Linux 5.12).
  public static var recursiveNames: [String] {
    MountOption.table.filter { entry in
      switch entry.effect {
      case .setRecursive, .clearRecursive: true
      default: false
      }
    }.map(\.name).sorted()
  }
}
