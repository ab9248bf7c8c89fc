internal import Kernel
internal import OCI

/// The container's root: mounts, devices, what is hidden.
extension Planner {
  mutating func assembleRoot() throws(PlanError) {
    let propagation = linux.rootfsPropagation ?? "rslave"
    let isShared = propagation.hasSuffix("shared")
    // An unbindable tree cannot be cloned from: private until the root is in place.
    let type = propagation.hasSuffix("unbindable") ? "private" : propagation.drop { $0 == "r" }
    add(.propagation(String(type), recursive: true, path: "/"))
    if isShared { add(.parentPrivate(request.rootPath)) }
    addRoot()
    // Before anything covers the host's procfs: a new one may not show more than what is seen.
    for (name, value) in linux.sysctl.sorted(by: { $0.key < $1.key }) {
      if let sysctl = Sysctl(name) { add(.sysctl(sysctl, value: value)) }
    }
    let late = try mountAll(spec.mounts)
    addDevices()
    if let cwd = spec.process?.cwd, cwd != "/", !cwd.isEmpty { add(.directory(cwd, mode: 0o755)) }
    if let process = spec.process, process.terminal {
      add(.console(size: process.consoleSize, owner: process.user.uid, node: true))
    }
    let hooks = spec.hooks
    let hostHooks = hooks.prestart + hooks.createRuntime
    // The hooks in the container read the state, which has the pid, from the host.
    let ownHooks = hooks.createContainer + hooks.startContainer
    if !hostHooks.isEmpty || !ownHooks.isEmpty || !linux.netDevices.isEmpty { add(.sync(.hooks)) }
    for (index, hook) in hooks.createContainer.enumerated() { add(.hook(hook, kind: "createContainer", index: index)) }
    addLabels(spec.process)
    for path in linux.maskedPaths { add(.mask(path)) }
    for path in linux.readonlyPaths { add(.readonly(path)) }
    plan.steps += late
  }

  private mutating func addRoot() {
    if let overlay = request.overlay {
      if overlay.upper == .memory { add(.upperMemory(size: overlay.size)) }
      add(.rootOverlay(request.rootPath))
    } else {
      add(request.hasLayers ? .rootReceive(request.rootPath) : .rootBind(request.rootPath))
    }
  }

  // MARK: devices

  private static let defaultDevices = [
    Device(type: "c", path: "/dev/null", major: 1, minor: 3), Device(type: "c", path: "/dev/zero", major: 1, minor: 5),
    Device(type: "c", path: "/dev/full", major: 1, minor: 7),
    Device(type: "c", path: "/dev/random", major: 1, minor: 8),
    Device(type: "c", path: "/dev/urandom", major: 1, minor: 9),
    Device(type: "c", path: "/dev/tty", major: 5, minor: 0),
  ]

  /// As runc: none of it when /dev is the host's.
  private mutating func addDevices() {
    let dev = spec.mounts.last { Self.clean($0.destination) == "/dev" }
    if let dev, dev.type == "bind" || MountOptions(dev.options).bind != .none { return }
    let inUserNamespace = hasUserNamespace || !request.facts.makesDevices
    let configured = linux.devices
    let defaults = Self.defaultDevices.filter { device in !configured.contains { $0.path == device.path } }
    for device in defaults + configured {
      let mode = device.fileMode ?? 0o666
      add(inUserNamespace && device.type != "p" ? .bindDevice(device, mode: mode) : .device(device, mode: mode))
    }
    add(
      .symlink(target: "/proc/self/fd", path: "/dev/fd", replace: false),
      .symlink(target: "/proc/self/fd/0", path: "/dev/stdin", replace: false),
      .symlink(target: "/proc/self/fd/1", path: "/dev/stdout", replace: false),
      .symlink(target: "/proc/self/fd/2", path: "/dev/stderr", replace: false),
      .symlink(target: "pts/ptmx", path: "/dev/ptmx", replace: true))
  }

  // MARK: mounts

  /// Lexically: `/` first, no `.`, `..` or empty components.
  static func clean(_ path: String) -> String {
    var kept: [Substring] = []
    for component in path.split(separator: "/") where component != "." {
      if component == ".." { _ = kept.popLast() } else { kept.append(component) }
    }
    return "/" + kept.joined(separator: "/")
  }

  /// Files of procfs that runc lets a mount cover (LXCFS does).
  private static let coverable = [
    "cpuinfo", "diskstats", "meminfo", "stat", "swaps", "uptime", "loadavg", "slabinfo", "sys/kernel/ns_last_pid",
    "sys/crypto/fips_enabled",
  ]

  /// All of them, with what has to wait until they are filled.
  mutating func addMounts(_ mounts: [Mount]) throws(PlanError) { plan.steps += try mountAll(mounts) }

  private mutating func mountAll(_ mounts: [Mount]) throws(PlanError) -> [Step] {
    var late: [Step] = []
    for (index, mount) in mounts.enumerated() { late += try self.mount(mount, index: index) }
    return late
  }

  /// Adds the mount, and returns what has to wait until the root is complete.
  private mutating func mount(_ mount: Mount, index: Int) throws(PlanError) -> [Step] {
    let options = MountOptions(mount.options)
    let destination = Self.clean(mount.destination)
    let insideProc = Self.coverable.contains { destination == "/proc/\($0)" }
    if destination.hasPrefix("/proc/"), !insideProc {
      throw PlanError(
        description:
          "mounts[\(index)].destination: \"\(mount.destination)\" cannot be mounted because it is inside /proc")
    }
    let propagation = options.propagationFlags
    if options.remount { return remount(options, destination) }
    if options.bind != .none || mount.type == "bind" {
      var bind = BindMount(
        source: absolute(mount.source ?? ""), destination: destination, recursive: options.bind == .rbind)
      bind.attributesSet = options.attributesSet
      bind.attributesCleared = options.attributesCleared
      bind.recursiveSet = options.recursiveSet
      bind.recursiveCleared = options.recursiveCleared
      bind.propagation = propagation
      bind.insideProc = insideProc
      if options.idmap != .none || !mount.uidMappings.isEmpty {
        bind.origin = .mapped(
          uids: mount.uidMappings, gids: mount.gidMappings, recursive: options.idmap == .ridmap)
      } else if !request.facts.caller.isRootless, isNew(.mount), hasUserNamespace {
        bind.origin = .opened
      }
      add(.bind(bind))
      return []
    }
    if mount.type == "cgroup" || mount.type == "cgroup2" { return cgroup(destination, options) }

    var new = NewMount(type: mount.type ?? "none", source: mount.source ?? "", destination: destination)
    new.options = options.superblock
    new.attributes = options.attributesSet
    new.propagation = propagation
    // Those of the kernel's own have labels of its own, as with runc.
    if let label = linux.mountLabel, !["proc", "sysfs", "mqueue"].contains(new.type) {
      new.options.append(.init(key: "context", value: label))
    }
    new.copyUp = options.copyUp
    new.isReal = new.type == "proc" || new.type == "sysfs"
    new.insideProc = insideProc
    var late: [Step] = []
    if options.recursiveSet | options.recursiveCleared != 0 {
      var change = AttributeChange(path: destination)
      (change.set, change.cleared, change.recursive) = (options.recursiveSet, options.recursiveCleared, true)
      late.append(.attributes(change))
    }
    // A tmpfs has to be filled before it is read-only: mounts, devices and links go into it.
    if new.type == "tmpfs" || destination == "/dev", options.attributesSet & MountAttribute.readonly != 0 {
      new.attributes &= ~MountAttribute.readonly
      new.options.removeAll { $0.key == "ro" && $0.value == nil }
      late.append(Self.readonly(destination))
    }
    add(.mount(new))
    return late
  }

  /// A change of what is mounted there, which keeps what it does not speak of, as mount(8) does. `ro` and `rw` are the
  /// mount's: the file system may be the host's as well.
  private mutating func remount(_ options: MountOptions, _ destination: String) -> [Step] {
    var change = Remount(path: destination)
    (change.set, change.cleared) = (options.attributesSet, options.attributesCleared)
    if options.bind == .none {
      change.options = options.superblock.filter { $0.value != nil || ($0.key != "ro" && $0.key != "rw") }
    }
    guard destination == "/dev", change.set & MountAttribute.readonly != 0 else {
      add(.remount(change))
      return []
    }
    change.set &= ~MountAttribute.readonly
    add(.remount(change))
    return [Self.readonly(destination)]
  }

  private static func readonly(_ path: String) -> Step {
    var change = AttributeChange(path: path)
    change.set = MountAttribute.readonly
    return .attributes(change)
  }

  private func absolute(_ path: String) -> String { path.hasPrefix("/") ? path : "\(request.bundle)/\(path)" }

  /// The cgroup file systems as a container expects them: one on v2, on v1 a directory for each hierarchy.
  private mutating func cgroup(_ destination: String, _ options: MountOptions) -> [Step] {
    let hasNamespace = linux.namespaces.contains { $0.type == .cgroup }
    let flags = MountAttribute.noSetuid | MountAttribute.noDevices | MountAttribute.noExecute
    let isReadonly = options.attributesSet & MountAttribute.readonly != 0
    if request.facts.cgroups.layout == .unified {
      addCgroup(places.first { $0.isUnified }, "cgroup2", destination, [], hasNamespace, isReadonly)
      return []
    }
    var directory = NewMount(type: "tmpfs", source: "tmpfs", destination: destination)
    directory.options = [.init(key: "mode", value: "755")]
    directory.attributes = flags
    add(.mount(directory))
    for place in places where !place.isUnified {
      let name = place.mountPoint.split(separator: "/").last.map(String.init) ?? ""
      let data = place.controllers.map { controller -> MountOptions.SuperblockOption in
        controller.hasPrefix("name=")
          ? .init(key: "name", value: String(controller.dropFirst(5))) : .init(key: controller, value: nil)
      }
      addCgroup(place, "cgroup", "\(destination)/\(name)", data, hasNamespace, isReadonly)
      for controller in place.controllers where controller != name && !controller.hasPrefix("name=") {
        add(.symlink(target: name, path: "\(destination)/\(controller)", replace: false))
      }
    }
    return isReadonly ? [Self.readonly(destination)] : []
  }

  /// The container's cgroups; where it has none, a rootless one say, those that we are in ourselves.
  private var places: [CgroupPlacement.Directory] {
    request.facts.cgroups.hierarchies.map { hierarchy in
      request.cgroup.directories.first { $0.mountPoint == hierarchy.mountPoint }
        ?? CgroupPlacement.Directory(
          controllers: hierarchy.controllers, mountPoint: hierarchy.mountPoint,
          path: hierarchy.mountPoint + hierarchy.ownPath)
    }
  }

  private mutating func addCgroup(
    _ place: CgroupPlacement.Directory?, _ type: String, _ destination: String,
    _ data: [MountOptions.SuperblockOption], _ hasNamespace: Bool, _ isReadonly: Bool
  ) {
    let attributes =
      MountAttribute.noSetuid | MountAttribute.noDevices | MountAttribute.noExecute
      | (isReadonly ? MountAttribute.readonly : 0)
    if hasNamespace {
      var mount = NewMount(type: type, source: "cgroup", destination: destination)
      mount.options = data
      mount.attributes = attributes
      add(.mount(mount))
    } else if let place {
      var bind = BindMount(source: place.path, destination: destination, recursive: false)
      bind.attributesSet = attributes
      add(.bind(bind))
    }
  }
}
