extension Validator {
  mutating func linux(_ spec: Spec, knowsNamespaces: Bool) {
    let linux = spec.linux
    var seen: [Namespace.Kind] = []
    for (index, namespace) in linux.namespaces.enumerated() {
      let isNew = !seen.contains(namespace.type)
      if isNew { seen.append(namespace.type) }
      check(isNew, "linux.namespaces[\(index)].type", "the \(namespace.type.rawValue) namespace comes twice")
      if let path = namespace.path { absolute(path, "linux.namespaces[\(index)].path") }
    }
    mappings(linux.uidMappings, "linux.uidMappings")
    mappings(linux.gidMappings, "linux.gidMappings")
    if knowsNamespaces {
      needsOfNamespaces(spec, seen)
      let isMapped = seen.contains(.user)
      for (index, mount) in spec.mounts.enumerated() where !isMapped && mount.uidMappings.isEmpty {
        let option = mount.options.first { $0 == "idmap" || $0 == "ridmap" }
        check(
          option == nil, "mounts[\(index)].uidMappings",
          "required for \(quoted(option ?? "")) in a container without a user namespace")
      }
    }

    for (index, path) in linux.maskedPaths.enumerated() { absolute(path, "linux.maskedPaths[\(index)]") }
    for (index, path) in linux.readonlyPaths.enumerated() { absolute(path, "linux.readonlyPaths[\(index)]") }
    for (index, device) in linux.devices.enumerated() { self.device(device, "linux.devices[\(index)]") }
    for clock in linux.timeOffsets.sortedKeys {
      let keyPath = "linux.timeOffsets[\(quoted(clock))]"
      check(clock == "monotonic" || clock == "boottime", keyPath, "unknown clock: expected monotonic or boottime")
      let nanosecs = linux.timeOffsets[clock]?.nanosecs ?? 0
      check(nanosecs < 1_000_000_000, "\(keyPath).nanosecs", "expected less than a second, found \(nanosecs)")
    }
    if let path = linux.cgroupsPath {
      check(!path.climbs, "linux.cgroupsPath", "must not have a \"..\" in it, found \(quoted(path))")
      short(path, "linux.cgroupsPath")
    }
    for name in linux.netDevices.sortedKeys {
      let keyPath = "linux.netDevices[\(quoted(name))]"
      check(isInterface(name), keyPath, "not a name of a network device")
      if let inside = linux.netDevices[name]?.name {
        check(isInterface(inside), "\(keyPath).name", "not a name of a network device: \(quoted(inside))")
      }
    }
    check(linux.personality?.flags.isEmpty != false, "linux.personality.flags", "no flags are defined")
    resources(linux.resources, "linux.resources.")
    if let seccomp = linux.seccomp { self.seccomp(seccomp) }
  }

  // MARK: What needs a namespace of the container's own

  private mutating func needsOfNamespaces(_ spec: Spec, _ own: [Namespace.Kind]) {
    let linux = spec.linux
    let uts = own.contains(.uts)
    if let hostname = spec.hostname {
      check(uts, "hostname", "unable to set hostname without a private UTS namespace")
      nodeName(hostname, "hostname")
    }
    if let domainname = spec.domainname {
      check(uts, "domainname", "unable to set domainname without a private UTS namespace")
      nodeName(domainname, "domainname")
    }
    if !own.contains(.mount) {
      let reason = "unable to restrict sys entries without a private MNT namespace"
      check(linux.maskedPaths.isEmpty, "linux.maskedPaths", reason)
      check(linux.readonlyPaths.isEmpty, "linux.readonlyPaths", reason)
    }
    check(
      linux.netDevices.isEmpty || own.contains(.network), "linux.netDevices",
      "unable to move network devices without a NET namespace")
    userNamespace(linux)
    timeNamespace(linux)
    for name in linux.sysctl.sortedKeys { sysctl(name, own) }
  }

  /// __NEW_UTS_LEN of linux/utsname.h.
  private mutating func nodeName(_ name: String, _ keyPath: String) {
    check(name.utf8.count <= 64, keyPath, "longer than 64 bytes")
  }

  private mutating func userNamespace(_ linux: Linux) {
    let isMapped = !linux.uidMappings.isEmpty || !linux.gidMappings.isEmpty
    guard let user = linux.namespaces.first(where: { $0.type == .user }) else {
      let keyPath = linux.uidMappings.isEmpty ? "linux.gidMappings" : "linux.uidMappings"
      let reason = "user namespace mappings specified, but user namespace isn't enabled in the config"
      return check(!isMapped, keyPath, reason)
    }
    // With a path: containerd and CRI-O give the joined namespace's own mappings as well; the caller compares.
    guard user.path == nil else { return }
    check(!linux.uidMappings.isEmpty, "linux.uidMappings", "required for a new user namespace")
    check(!linux.gidMappings.isEmpty, "linux.gidMappings", "required for a new user namespace")
  }

  private mutating func timeNamespace(_ linux: Linux) {
    guard !linux.timeOffsets.isEmpty else { return }
    guard let time = linux.namespaces.first(where: { $0.type == .time }) else {
      return check(false, "linux.timeOffsets", "offsets need a time namespace in linux.namespaces")
    }
    check(time.path == nil, "linux.timeOffsets", "the offsets of a joined time namespace cannot be set")
  }

  private mutating func sysctl(_ name: String, _ own: [Namespace.Kind]) {
    let keyPath = "linux.sysctl[\(quoted(name))]"
    guard let sysctl = Sysctl(name) else { return check(false, keyPath, "not a name of a sysctl") }
    let dotted = quoted(sysctl.dotted)
    if sysctl.dotted == "kernel.hostname" {
      return check(false, keyPath, "sysctl \(dotted) is not allowed as it conflicts with the OCI \"hostname\" field")
    }
    guard let needed = sysctl.namespace else {
      return check(false, keyPath, "sysctl \(dotted) is not in a separate kernel namespace")
    }
    let reason =
      switch needed {
      case .ipc: "sysctl \(dotted) is not allowed in the hosts ipc namespace"
      case .network: "sysctl \(dotted) not allowed in host network namespace"
      case .user: "setting ucounts without a user namespace not allowed: \(sysctl.dotted)"
      default: "sysctl \(dotted) is not in a separate kernel namespace"
      }
    check(own.contains(needed), keyPath, reason)
  }

  // MARK: Devices and seccomp

  private mutating func device(_ device: Device, _ keyPath: String) {
    absolute(device.path, "\(keyPath).path")
    check(["b", "c", "p", "u"].contains(device.type), "\(keyPath).type", "unknown device type \(quoted(device.type))")
    if device.type != "p" {
      number(device.major, "\(keyPath).major")
      number(device.minor, "\(keyPath).minor")
    }
    if let uid = device.uid { id(uid, "\(keyPath).uid") }
    if let gid = device.gid { id(gid, "\(keyPath).gid") }
  }

  /// IFNAMSIZ with the byte at the end; the same characters as the kernel's dev_valid_name.
  private func isInterface(_ name: String) -> Bool {
    (1..<16).contains(name.utf8.count) && name != "." && name != ".."
      && name.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ":") }
  }

  private mutating func seccomp(_ seccomp: Seccomp) {
    let keyPath = "linux.seccomp"
    // The filter would stop the write(2) that tells the listener's owner about itself, for good.
    check(
      seccomp.defaultAction != "SCMP_ACT_NOTIFY", "\(keyPath).defaultAction",
      "SCMP_ACT_NOTIFY cannot be used as default action")
    if seccomp.listenerPath == nil {
      check(seccomp.listenerMetadata == nil, "\(keyPath).listenerMetadata", "needs listenerPath")
    }
    for (index, rule) in seccomp.syscalls.enumerated() {
      let rulePath = "\(keyPath).syscalls[\(index)]"
      check(!rule.names.isEmpty, "\(rulePath).names", "must not be empty")
      if rule.action == "SCMP_ACT_NOTIFY" {
        check(seccomp.listenerPath != nil, "\(rulePath).action", "SCMP_ACT_NOTIFY needs \(keyPath).listenerPath")
      }
      for (position, argument) in rule.args.enumerated() {
        check(argument.index < 6, "\(rulePath).args[\(position)].index", "expected 0 to 5, found \(argument.index)")
      }
    }
  }
}
