internal import CLinux
internal import Glibc
internal import Kernel
internal import OCI
internal import Stage

/// Steps about namespaces, and about what is mounted.
extension PlanEncoder {
  mutating func encodeRoot(_ step: Step) -> stage_step? {
    switch step {
    case .signals: make(STAGE_SIGNALS)
    case .undumpable: make(STAGE_UNDUMPABLE)
    case .joinCgroup(let handle): make(STAGE_JOIN_CGROUP, handle: handle)
    case .joinNamespace(let handle, let kinds): make(STAGE_SETNS, handle: handle, number: [Self.flags(kinds)])
    case .unshare(let kinds): make(STAGE_UNSHARE, number: [Self.flags(kinds)])
    case .timeOffsets(let offsets): make(STAGE_WRITE_FILE, text: [text("/proc/self/timens_offsets"), text(offsets)])
    case .clone(let kinds): make(STAGE_CLONE, number: [Self.flags(kinds)])
    case .oomScore(let score): make(STAGE_WRITE_FILE, text: [text("/proc/self/oom_score_adj"), text("\(score)")])
    case .idMaps: make(STAGE_ID_MAPS)
    case .becomeRoot(let setGroups): make(STAGE_BECOME_ROOT, flags: setGroups ? STAGE_SET_GROUPS : 0)
    case .session: make(STAGE_SESSION)
    case .keyring(let name): make(STAGE_KEYRING, flags: STAGE_OPTIONAL, text: [text(name)])
    case .propagation(let type, let recursive, let path):
      make(STAGE_PROPAGATION, text: [text(path)], number: [Self.propagation(type) | (recursive ? 0x4000 : 0)])
    case .parentPrivate(let path): make(STAGE_PARENT_PRIVATE, text: [text(path)])
    case .rootHere: make(STAGE_ROOT_HERE, text: [text("/")])
    case .rootBind(let path): make(STAGE_ROOT_BIND, text: [text(path)])
    case .rootReceive(let path): make(STAGE_ROOT_RECEIVE, text: [text(path)])
    case .layers(let overlay):
      make(
        STAGE_LAYERS,
        text: [
          text(overlay.options), list(overlay.paths), text("/proc/self/fd/%/" + ContainerLayer.scaffoldName),
          list([overlay.directory]),
        ])
    case .upperMemory(let size):
      make(
        STAGE_UPPER_MEMORY,
        text: [
          text("tmpfs"), text(StageOverlay.upperOptions), list(["upper", "work"]),
          blob(Self.memoryOptions(size)),
        ])
    case .rootOverlay(let path):
      make(STAGE_ROOT_OVERLAY, text: [text(path), text("overlay"), text("/proc/self/fd")])
    case .mount(let mount): encode(mount)
    case .bind(let bind): encode(bind)
    case .attributes(let change):
      make(
        STAGE_SETATTR, flags: change.recursive ? STAGE_RECURSIVE : 0, text: [text(change.path)],
        number: [change.set, change.cleared, UInt64(change.propagation)])
    case .remount(let change):
      make(
        STAGE_REMOUNT, text: [text(change.path), blob(Self.encoded(change.options) + [0])],
        number: [change.set, change.cleared])
    case .directory(let path, let mode): make(STAGE_DIRECTORY, text: [text(path)], number: [UInt64(mode)])
    case .device(let device, let mode):
      make(
        STAGE_DEVICE, text: [text(device.path)],
        number: [
          UInt64(mode | Self.type(device)),
          clinux_device(UInt32(clamping: device.major), UInt32(clamping: device.minor)),
          UInt64(device.uid ?? 0) << 32 | UInt64(device.gid ?? 0),
        ])
    case .bindDevice(let device, _):
      make(
        STAGE_DEVICE_BIND, text: [text(device.path), text(device.path)],
        number: [
          UInt64(Self.type(device)), UInt64(clamping: device.major) << 32 | UInt64(UInt32(clamping: device.minor)),
        ])
    case .symlink(let target, let path, let replace):
      make(STAGE_SYMLINK, flags: replace ? STAGE_REPLACE : 0, text: [text(target), text(path)])
    case .console(let size, let owner, let node):
      make(
        STAGE_CONSOLE, flags: node ? STAGE_CONSOLE_NODE : 0, text: [text("/dev/pts/ptmx"), text("/dev/console")],
        number: [size.map { UInt64($0.height & 0xffff) << 16 | UInt64($0.width & 0xffff) } ?? 0, UInt64(owner)])
    case .sysctl(let sysctl, let value):
      make(STAGE_SYSCTL, text: [text("sys/" + sysctl.path), text(value), text("proc")])
    case .mask(let path):
      make(
        STAGE_MASK, text: [text(path), text("/dev/null"), text("tmpfs"), blob(Self.maskOptions)])
    case .readonly(let path): make(STAGE_READONLY, text: [text(path)])
    case .unmount(let path): make(STAGE_UNMOUNT, text: [text(path)])
    case .pivot(let style):
      make(STAGE_PIVOT, flags: style == .move ? STAGE_NO_PIVOT : style == .pivotShared ? STAGE_OLD_SLAVE : 0)
    default: nil
    }
  }

  private mutating func list(_ texts: [String]) -> UInt32 { blob(texts.flatMap { Array($0.utf8) + [0] }) }

  /// Owned by the mapped root, who need not be the one who mounts it.
  private static func memoryOptions(_ size: UInt64?) -> [UInt8] {
    let options = [("mode", "0700"), ("uid", "0"), ("gid", "0")] + (size.map { [("size", "\($0)")] } ?? [])
    return options.flatMap { Array("s\($0.0)\u{0}\($0.1)\u{0}".utf8) } + [0]
  }

  /// An empty directory takes one inode: pairs of key and value.
  private static let maskOptions = Array("nr_inodes\u{0}1\u{0}mode\u{0}0555\u{0}\u{0}".utf8)

  private mutating func encode(_ mount: NewMount) -> stage_step {
    let source: [MountOptions.SuperblockOption] =
      mount.source.isEmpty ? [] : [.init(key: "source", value: mount.source)]
    let options = Self.encoded(source + mount.options)
    let flags =
      (mount.isReal ? STAGE_REAL_DESTINATION : 0) | (mount.insideProc ? STAGE_INSIDE_PROC : 0)
      | (mount.copyUp ? STAGE_COPY_UP : 0)
    return make(
      STAGE_MOUNT, flags: flags,
      text: [text(mount.type), text(mount.source), text(mount.destination), blob(options + [0])],
      number: [mount.attributes, 0, UInt64(mount.propagation)])
  }

  private static func encoded(_ options: [MountOptions.SuperblockOption]) -> [UInt8] {
    var bytes: [UInt8] = []
    for option in options {
      bytes += Array((option.value == nil ? "f" : "s").utf8) + Array(option.key.utf8) + [0]
      if let value = option.value { bytes += Array(value.utf8) + [0] }
    }
    return bytes
  }

  private mutating func encode(_ bind: BindMount) -> stage_step {
    var flags = (bind.recursive ? STAGE_RECURSIVE : 0) | (bind.insideProc ? STAGE_INSIDE_PROC : 0)
    if bind.origin == .opened { flags |= STAGE_OPENED }
    return make(
      [.stage, .opened].contains(bind.origin) ? STAGE_BIND : STAGE_RECEIVE, flags: flags,
      text: [text(bind.source), text(bind.destination)],
      number: [
        bind.recursiveSet << 32 | bind.attributesSet, bind.recursiveCleared << 32 | bind.attributesCleared,
        UInt64(bind.propagation),
      ])
  }

  static func flags(_ kinds: [Namespace.Kind]) -> UInt64 { kinds.reduce(0) { $0 | $1.cloneFlag } }

  private static func propagation(_ type: String) -> UInt64 {
    switch type {
    case "shared": 1 << 20
    case "slave": 1 << 19
    case "unbindable": 1 << 17
    default: 1 << 18
    }
  }

  private static func type(_ device: Device) -> UInt32 {
    switch device.type {
    case "b": S_IFBLK
    case "p": S_IFIFO
    default: S_IFCHR
    }
  }
}
