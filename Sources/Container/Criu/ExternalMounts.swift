internal import CLinux
internal import Glibc
internal import Kernel

/// What a container sees of the host: CRIU is told the name of each, at checkpoint and at restore, never a path that the
/// image or a volume could turn into another one.
struct ExternalMounts {
  struct Entry {
    /// Its number in the plan: config.json decides what it is, not the images.
    let name: String
    let destination: String
    let bind: BindMount
  }

  let entries: [Entry]

  /// Bind mounts, the null device over masked files, and cgroup v2 (see ``CgroupYard``).
  init(_ plan: LaunchPlan, cgroup: CgroupPlacement) {
    var entries: [Entry] = []
    for step in plan.steps {
      switch step {
      case .bind(let bind):
        entries.append(Entry(name: "swiftcr-bind-\(entries.count)", destination: bind.destination, bind: bind))
      case .mask(let path):
        let null = BindMount(source: "/dev/null", destination: path, recursive: false)
        entries.append(Entry(name: "swiftcr-mask-\(entries.count)", destination: path, bind: null))
      case .mount(let mount) where mount.type == "cgroup2":
        guard let path = cgroup.unified?.path else { continue }
        var bind = BindMount(source: path, destination: mount.destination, recursive: false)
        bind.attributesSet = mount.attributes
        entries.append(Entry(name: "swiftcr-cgroup-\(entries.count)", destination: mount.destination, bind: bind))
      default: continue
      }
    }
    self.entries = entries
  }

  /// For CRIU to save: where each of them really is in a running container.
  func dumped(process: Int32) throws(ContainerError) -> [String] {
    let root = try kernel { () throws(SystemError) in
      try Descriptor.open("/proc/\(process)/root", O_RDONLY | O_DIRECTORY)
    }
    let table = try kernel { () throws(SystemError) in try readFile("/proc/\(process)/mountinfo", limit: 16 << 20) }
    let mounts = MountTable(table)
    var arguments: [String] = []
    for entry in entries {
      let number = clinux_find_in_root(root.number, entry.destination, 1)
      guard number >= 0 else { continue }
      let found = Descriptor(adopting: number)
      guard let place = Self.path(of: found.number), let type = mounts.types[place] else { continue }
      // A masked directory has a tmpfs of its own, which CRIU makes again.
      if entry.name.hasPrefix("swiftcr-mask"), type == "tmpfs" || type == "proc" || type == "sysfs" { continue }
      arguments.append("mnt[\(place)]:\(entry.name)")
    }
    return arguments
  }

  /// For CRIU to bring back: copies of the host's mounts, with their final attributes from the first moment, attached in
  /// the caller's mount namespace below `staging`.
  func staged(_ staging: String) throws(ContainerError) -> [String] {
    try kernel { () throws(SystemError) in
      var arguments: [String] = []
      for entry in entries {
        let bind = entry.bind
        let mount = try DetachedMount.clone(bind.source, recursive: bind.recursive)
        let number = mount.descriptor.number
        guard clinux_mount_setattr(number, 0, bind.attributesSet, bind.attributesCleared, 0, -1) == 0 else {
          throw SystemError("set attributes of mount", bind.source)
        }
        var status = stat()
        guard fstat(number, &status) == 0 else { throw SystemError("read type of", bind.source) }
        let place = "\(staging)/\(entry.name)"
        if status.st_mode & S_IFMT == S_IFDIR {
          guard mkdir(place, 0o700) == 0 else { throw SystemError("make directory", place) }
        } else {
          _ = try Descriptor.open(place, O_WRONLY | O_CREAT | O_EXCL)
        }
        try mount.attach(place)
        arguments.append("mnt[\(entry.name)]:\(place)")
      }
      return arguments
    }
  }

  /// CRIU follows paths by itself: a root in which a destination leads through a symbolic link is refused.
  func check(root: String) throws(ContainerError) {
    let directory = try kernel { () throws(SystemError) in try Descriptor.open(root, O_RDONLY | O_DIRECTORY) }
    for destination in entries.map(\.destination) + ["/proc", "/dev", "/sys"] {
      let number = clinux_find_in_root(directory.number, destination, 0)
      if number >= 0 {
        var status = stat()
        let isLink = fstat(number, &status) != 0 || status.st_mode & S_IFMT == S_IFLNK
        close(number)
        if !isLink { continue }
      } else if errno != ELOOP {
        // On a mount that is not there yet.
        continue
      }
      throw ContainerError("restore: mount destination \(destination) leads through a symbolic link of the root")
    }
  }

  /// As the process that is named by its own root has it.
  private static func path(of number: CInt) -> String? {
    var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/fd/\(number)", &buffer, buffer.count)
    return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
  }
}

/// The mount points of a process, each with the type of the uppermost file system (proc_pid_mountinfo(5)).
private struct MountTable {
  private(set) var types: [String: String] = [:]

  init(_ bytes: [UInt8]) {
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      let fields = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
      guard fields.count > 6, let end = fields.firstIndex(of: "-"), end + 1 < fields.count else { continue }
      types[fields[4]] = fields[end + 1]
    }
  }
}
