/// What an option name means, and the kernel's numbers behind it.
enum MountOption {
  enum Effect {
    case nothing
    case set(UInt)
    case clear(UInt)
    case propagation(MountOptions.PropagationType, recursive: Bool)
    case setRecursive(UInt64)
    case clearRecursive(UInt64)
    case copyUp
    case idmap(MountOptions.IDMap)
  }

  // include/uapi/linux/mount.h; written out because glibc's headers have only some of them.
  static let readOnly: UInt = 1 << 0
  static let noSUID: UInt = 1 << 1
  static let noDevices: UInt = 1 << 2
  static let noExecution: UInt = 1 << 3
  static let synchronous: UInt = 1 << 4
  static let remount: UInt = 1 << 5
  static let mandatoryLocks: UInt = 1 << 6
  static let synchronousDirectories: UInt = 1 << 7
  static let noSymlinks: UInt = 1 << 8
  static let noAccessTime: UInt = 1 << 10
  static let noDirectoryAccessTime: UInt = 1 << 11
  static let bind: UInt = 1 << 12
  static let recursive: UInt = 1 << 14
  static let silent: UInt = 1 << 15
  static let relativeAccessTime: UInt = 1 << 21
  static let inodeVersion: UInt = 1 << 23
  static let strictAccessTime: UInt = 1 << 24
  static let lazyTime: UInt = 1 << 25
  static let accessTimeFlags = noAccessTime | relativeAccessTime | strictAccessTime

  /// `MOUNT_ATTR__ATIME`
  static let accessTime: UInt64 = 0x70

  /// Flags of mount(2) that are attributes of the mount; access times apart.
  static let attributes: [(flag: UInt, attribute: UInt64)] = [
    (readOnly, 0x1), (noSUID, 0x2), (noDevices, 0x4), (noExecution, 0x8), (noDirectoryAccessTime, 0x80),
    (noSymlinks, 0x20_0000),
  ]

  /// Every name but those of file systems. A linear search over names that fit into two registers costs less here than
  /// a dictionary, which would have to be built in each start.
  static let table: [(name: String, effect: Effect)] = [
    ("async", .clear(synchronous)), ("atime", .clear(noAccessTime)), ("bind", .set(bind)),
    // runc hands "defaults" to the file system, and a tmpfs refuses it.
    ("defaults", .nothing),
    ("dev", .clear(noDevices)), ("diratime", .clear(noDirectoryAccessTime)),
    ("dirsync", .set(synchronousDirectories)), ("exec", .clear(noExecution)), ("iversion", .set(inodeVersion)),
    ("lazytime", .set(lazyTime)), ("loud", .clear(silent)), ("mand", .set(mandatoryLocks)),
    ("noatime", .set(noAccessTime)), ("nodev", .set(noDevices)), ("nodiratime", .set(noDirectoryAccessTime)),
    ("noexec", .set(noExecution)), ("noiversion", .clear(inodeVersion)), ("nolazytime", .clear(lazyTime)),
    ("nomand", .clear(mandatoryLocks)), ("norelatime", .clear(relativeAccessTime)),
    ("nostrictatime", .clear(strictAccessTime)), ("nosuid", .set(noSUID)), ("nosymfollow", .set(noSymlinks)),
    ("rbind", .set(bind | recursive)), ("relatime", .set(relativeAccessTime)), ("remount", .set(remount)),
    ("ro", .set(readOnly)), ("rw", .clear(readOnly)), ("silent", .set(silent)),
    ("strictatime", .set(strictAccessTime)), ("suid", .clear(noSUID)), ("sync", .set(synchronous)),
    ("symfollow", .clear(noSymlinks)),
    ("private", .propagation(.private, recursive: false)), ("rprivate", .propagation(.private, recursive: true)),
    ("shared", .propagation(.shared, recursive: false)), ("rshared", .propagation(.shared, recursive: true)),
    ("slave", .propagation(.slave, recursive: false)), ("rslave", .propagation(.slave, recursive: true)),
    ("unbindable", .propagation(.unbindable, recursive: false)),
    ("runbindable", .propagation(.unbindable, recursive: true)),
    ("rro", .setRecursive(0x1)), ("rrw", .clearRecursive(0x1)), ("rnosuid", .setRecursive(0x2)),
    ("rsuid", .clearRecursive(0x2)), ("rnodev", .setRecursive(0x4)), ("rdev", .clearRecursive(0x4)),
    ("rnoexec", .setRecursive(0x8)), ("rexec", .clearRecursive(0x8)), ("rnodiratime", .setRecursive(0x80)),
    ("rdiratime", .clearRecursive(0x80)), ("rrelatime", .setRecursive(0)), ("rnorelatime", .clearRecursive(0)),
    ("rnoatime", .setRecursive(0x10)), ("ratime", .clearRecursive(0x10)), ("rstrictatime", .setRecursive(0x20)),
    ("rnostrictatime", .clearRecursive(0x20)), ("rnosymfollow", .setRecursive(0x20_0000)),
    ("rsymfollow", .clearRecursive(0x20_0000)),
    ("tmpcopyup", .copyUp), ("idmap", .idmap(.idmap)), ("ridmap", .idmap(.ridmap)),
  ]

  static func named(_ option: String) -> Effect? {
    for (name, effect) in table where name == option { return effect }
    return nil
  }

  /// The flags that fsconfig(2) takes for every file system (fs/fs_context.c, common_set_sb_flag). `silent` and
  /// `iversion` are not among them: mount(2) alone has those.
  static func superblockFlags(set: UInt, cleared: UInt) -> [MountOptions.SuperblockOption] {
    let flags: [(UInt, String, String)] = [
      (readOnly, "ro", "rw"), (synchronous, "sync", "async"), (synchronousDirectories, "dirsync", ""),
      (mandatoryLocks, "mand", "nomand"), (lazyTime, "lazytime", "nolazytime"),
    ]
    var options: [MountOptions.SuperblockOption] = []
    for (flag, on, off) in flags {
      if set & flag != 0 {
        options.append(MountOptions.SuperblockOption(key: on))
      } else if cleared & flag != 0, !off.isEmpty {
        options.append(MountOptions.SuperblockOption(key: off))
      }
    }
    return options
  }

  /// One entry of the options as parameters: mount(2) would see each comma as a separator, but for those in double
  /// quotes (SELinux: `context="u:r:t:s0:c1,c2"`) and those after a backslash (overlayfs: `lowerdir=a\,b`).
  static func split(_ entry: String) -> [MountOptions.SuperblockOption] {
    var options: [MountOptions.SuperblockOption] = []
    var part: [UInt8] = []
    var quoted = false
    var escaped = false
    for byte in entry.utf8 {
      if byte == UInt8(ascii: ","), !quoted, !escaped {
        append(part, to: &options)
        part.removeAll()
        continue
      }
      if byte == UInt8(ascii: "\""), !escaped { quoted.toggle() }
      escaped = byte == UInt8(ascii: "\\") && !escaped
      part.append(byte)
    }
    append(part, to: &options)
    return options
  }

  private static func append(_ part: [UInt8], to options: inout [MountOptions.SuperblockOption]) {
    guard let equals = part.firstIndex(of: UInt8(ascii: "=")) else {
      if !part.isEmpty { options.append(MountOptions.SuperblockOption(key: String(decoding: part, as: UTF8.self))) }
      return
    }
    // mount(2) skips a parameter without a name.
    guard equals > 0 else { return }
    let key = String(decoding: part[..<equals], as: UTF8.self)
    var value = part[(equals + 1)...]
    // mount(2) takes the quotes off for SELinux and Smack; fsconfig(2) gets the bare label.
    if key.hasSuffix("context"), value.count >= 2, value.first == UInt8(ascii: "\""), value.last == UInt8(ascii: "\"") {
      value = value.dropFirst().dropLast()
    }
    options.append(MountOptions.SuperblockOption(key: key, value: String(decoding: value, as: UTF8.self)))
  }
}
