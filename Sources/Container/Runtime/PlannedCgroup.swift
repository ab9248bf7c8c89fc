internal import Glibc
internal import Kernel
internal import OCI

/// Where a container's cgroups will be, and the unit of systemd's that they belong to with `--systemd-cgroup`.
struct PlannedCgroup {
  var placement: CgroupPlacement
  var scope: SystemdScope?
  /// Whether to go on without cgroups that this user may not make.
  var isTolerant: Bool

  /// Nothing is made. An ordinary user gets the user's own systemd, and else those cgroups that may be made.
  init(
    _ spec: Spec, id: String, facts: HostFacts, usesSystemd: Bool, isTolerant: Bool, trace: (String) -> Void
  ) throws(ContainerError) {
    let (path, host) = (spec.linux.cgroupsPath, facts.cgroups)
    self.isTolerant = isTolerant
    if usesSystemd {
      let place = try kernel { () throws(SystemError) in
        try SystemdScope.place(cgroupsPath: path, id: id, isUser: isTolerant, host: host)
      }
      (scope, placement) = (place.scope, place.placement)
    } else {
      placement = try kernel { () throws(SystemError) in
        try CgroupPlacement.place(cgroupsPath: path, id: id, host: host)
      }
      if isTolerant { placement = try Rootless.placement(placement, spec.linux, trace: trace) }
    }
  }

  /// As it was planned before.
  init(of record: ContainerRecord) throws(ContainerError) {
    guard let layout = CgroupHost.Layout(rawValue: record.cgroupLayout) else {
      throw ContainerError("read state: unknown cgroup layout \(record.cgroupLayout)")
    }
    placement = try kernel { () throws(SystemError) in
      try CgroupPlacement(layout: layout, decoding: record.cgroups)
    }
    scope = record.scope
    isTolerant = false
  }

  /// Makes it, ready for the container's first process.
  func make(_ spec: Spec, id: String) throws(ContainerError) -> ReadyCgroup {
    // Without cgroups there is nothing to guard the devices with, and in a user namespace no need to: nobody makes any.
    var options: Cgroup.Options = isTolerant ? [.tolerant] : []
    if placement.directories.isEmpty { options.insert(.withoutDevices) }
    let (resources, devices) = (spec.linux.resources, spec.linux.devices)
    do throws(SystemError) {
      guard let scope else {
        return ReadyCgroup(
          cgroup: try Cgroup.make(placement, resources: resources, devices: devices, options: options), holder: nil)
      }
      // systemd has no scope without a process.
      let holder = try IdleProcess()
      try scope.start(
        process: holder.pid, resources, devices: devices, annotations: spec.annotations, id: id,
        layout: placement.layout)
      do throws(SystemError) {
        let cgroup = try Cgroup.make(
          placement, resources: resources, devices: devices, holder: holder.pid, options: options)
        return ReadyCgroup(cgroup: cgroup, holder: holder)
      } catch {
        try? scope.stop()
        throw error
      }
    } catch {
      let prefix = isTolerant && Caller.current.isRootless ? "rootless, with the cgroups that this user may make: " : ""
      throw ContainerError("\(prefix)\(error)", errno: error.errno)
    }
  }
}

/// A cgroup with its limits, and what keeps it there until the container's first process is in it.
struct ReadyCgroup: ~Copyable {
  let cgroup: Cgroup
  private var holder: IdleProcess?

  init(cgroup: Cgroup, holder: consuming IdleProcess?) {
    self.cgroup = cgroup
    self.holder = holder
  }

  /// The container's process is there.
  mutating func release() { holder = nil }
}

extension Runtime {
  func cgroup(of record: ContainerRecord) throws(ContainerError) -> Cgroup? {
    guard let layout = CgroupHost.Layout(rawValue: record.cgroupLayout), !record.cgroups.isEmpty else { return nil }
    return try kernel { () throws(SystemError) in
      Cgroup(existing: try CgroupPlacement(layout: layout, decoding: record.cgroups))
    }
  }

  /// The container's cgroup, or one in no hierarchy for a rootless container that has none.
  func cgroup(of record: ContainerRecord, _ host: CgroupHost) throws(ContainerError) -> Cgroup {
    try cgroup(of: record) ?? Cgroup(existing: CgroupPlacement(layout: host.layout, directories: []))
  }

  /// Ends what is in a container's cgroups, and removes them.
  ///
  /// - Parameter isOwn: if they may be somebody else's, only what is empty goes.
  func removeCgroup(of record: ContainerRecord, isOwn: Bool) throws(ContainerError) {
    guard let cgroup = try cgroup(of: record) else { return }
    guard isOwn else {
      try? cgroup.remove(killing: false)
      return
    }
    if let scope = record.scope {
      // Killed first: a unit with a process that does not hear SIGTERM takes 90 seconds to stop.
      try? kernel { () throws(SystemError) in try cgroup.kill(SIGKILL) }
      // Without systemd's help too: when it comes back it forgets units whose cgroups have gone.
      do throws(SystemError) { try scope.stop() } catch { warn("\(error)") }
    }
    try kernel { () throws(SystemError) in try cgroup.remove() }
  }
}
