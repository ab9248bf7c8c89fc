/// Where a container's cgroup is in each hierarchy. Decided before anything is made, so that it can be written down first.
public struct CgroupPlacement: Sendable, Equatable {
  /// The container's directory in one hierarchy.
  public struct Directory: Sendable, Equatable {
    /// As in ``CgroupHost/Hierarchy/controllers``: empty for cgroup v2.
    public var controllers: [String]
    /// Absolute path of the hierarchy's mount.
    public var mountPoint: String
    /// Absolute host path, always below `mountPoint`.
    public var path: String

    /// Describes a directory, made or not.
    public init(controllers: [String], mountPoint: String, path: String) {
      self.controllers = controllers
      self.mountPoint = mountPoint
      self.path = path
    }

    /// Whether it is in the cgroup2 mount.
    public var isUnified: Bool { controllers.isEmpty }
  }

  /// The host's, at the time of placing.
  public var layout: CgroupHost.Layout
  /// In the order of ``CgroupHost/hierarchies``.
  public var directories: [Directory]

  /// A placement by its parts.
  public init(layout: CgroupHost.Layout, directories: [Directory]) {
    self.layout = layout
    self.directories = directories
  }

  /// Decides as runc's cgroupfs driver does. An absolute `cgroupsPath` is below each hierarchy's root. A relative one, or
  /// without one the container's id, is below this process's own cgroup; on a unified host beside it, because a cgroup
  /// that has processes cannot give controllers to its children.
  /// - Throws: a refusal if the path names a hierarchy's root, is a systemd name, or holds what the kernel would not take.
  public static func place(
    cgroupsPath: String?, id: String, host: CgroupHost
  ) throws(SystemError) -> CgroupPlacement {
    let wanted = cgroupsPath.flatMap { $0.isEmpty ? nil : $0 }
    if let wanted, isSystemdName(wanted) {
      throw SystemError.refusal(
        "linux.cgroupsPath \"\(wanted)\" is a systemd name (slice:prefix:name): use --systemd-cgroup, or give a path")
    }
    let inner = wanted ?? id
    let components = try cleanCgroupPath(inner)
    if components.isEmpty {
      throw SystemError.refusal("linux.cgroupsPath \"\(inner)\" is the hierarchy's root: name a cgroup below it")
    }
    let tail = components.joined(separator: "/")
    let isAbsolute = inner.utf8.first == UInt8(ascii: "/")
    let directories = host.hierarchies.map { hierarchy in
      var base: [String] = []
      if !isAbsolute {
        base = pathComponents(hierarchy.ownPath)
        if host.layout == .unified { _ = base.popLast() }
      }
      let point = hierarchy.mountPoint
      let path = ([point] + base + [tail]).joined(separator: "/")
      return Directory(controllers: hierarchy.controllers, mountPoint: point, path: path)
    }
    return CgroupPlacement(layout: host.layout, directories: directories)
  }

  /// The directory that holds a cgroup v1 controller.
  public func directory(of controller: String) -> Directory? {
    directories.first { $0.controllers.contains(controller) }
  }

  /// The directory in the cgroup2 mount, on hybrid and unified hosts.
  public var unified: Directory? { directories.first { $0.isUnified } }

  /// One string for each directory, `controllers length path`, where `length` is that of the mount point in bytes.
  public var encoded: [String] {
    directories.map {
      "\($0.isUnified ? "-" : $0.controllers.joined(separator: ",")) \($0.mountPoint.utf8.count) \($0.path)"
    }
  }

  /// Reads back what ``encoded`` wrote.
  public init(layout: CgroupHost.Layout, decoding lines: [String]) throws(SystemError) {
    self.layout = layout
    directories = []
    for line in lines {
      let fields = line.split(separator: " ", maxSplits: 2)
      guard fields.count == 3, let length = Int(fields[1]), length > 0, length < fields[2].utf8.count,
        let point = String(fields[2].utf8.prefix(length)), let below = String(fields[2].utf8.dropFirst(length)),
        point.utf8.first == UInt8(ascii: "/"), below.utf8.first == UInt8(ascii: "/"),
        try "/" + cleanCgroupPath(below).joined(separator: "/") == below, below != "/"
      else { throw SystemError.refusal("bad cgroup record \"\(line)\"") }
      let controllers = fields[0] == "-" ? [] : fields[0].split(separator: ",").map { String($0) }
      directories.append(Directory(controllers: controllers, mountPoint: point, path: String(fields[2])))
    }
  }
}

/// The components of a path after lexical cleaning: empty ones, `.` and `..` are resolved, and nothing leads above the root.
func cleanCgroupPath(_ path: String) throws(SystemError) -> [String] {
  // PATH_MAX, with room for the mount point, the own cgroup and a file's name.
  guard path.utf8.count <= 2048 else { throw SystemError.refusal("cgroup path is longer than 2048 bytes") }
  var components: [String] = []
  for component in pathComponents(path) {
    if component == "." { continue }
    if component == ".." {
      _ = components.popLast()
      continue
    }
    // The kernel refuses a newline, which would forge lines of /proc/PID/cgroup.
    guard component.utf8.count <= 255, component.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
      throw SystemError.refusal("cgroup path has a component that is longer than 255 bytes or has control characters")
    }
    components.append(component)
  }
  return components
}

/// Splits bytes, not characters: a slash and a combining mark after it would be one character.
func pathComponents(_ path: String) -> [String] {
  path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }
}

/// `slice:prefix:name`, which only systemd can make.
private func isSystemdName(_ path: String) -> Bool {
  !path.utf8.contains(UInt8(ascii: "/")) && path.utf8.count(where: { $0 == UInt8(ascii: ":") }) == 2
}
