internal import Glibc
public import OCI

extension Cgroup {
  /// Changes the limits of a container that runs.
  ///
  /// - Parameters:
  ///   - devices: `nil` leaves the device rules as they are.
  ///   - scope: the unit that it is of, if systemd keeps it, which then hears of the change first.
  /// - Throws: the property of config.json, the value, the file and the kernel's reason.
  public func apply(
    _ resources: Resources, devices: [Device]? = nil, scope: SystemdScope? = nil
  ) throws(SystemError) {
    let resources = try completed(resources)
    try scope?.update(resources, layout: placement.layout)
    let unified = try unifiedControllers(for: resources)
    let writes = try CgroupWrites.writes(for: resources, controllers: controllers(unified: unified))
    try carryOut(writes, isNew: { _ in false })
    if let devices {
      try setDevices(DeviceRules.container(resources, devices: devices), isNew: { _ in false })
    }
  }

  /// The same change with what it leaves out filled in from what is there, so that carrying it out changes nothing else.
  ///
  /// - Throws: for `memory.checkBeforeUpdate`, when more is in use than would be allowed.
  private func completed(_ resources: Resources) throws(SystemError) -> Resources {
    var resources = resources
    if let directory = placement.unified, try !unifiedControllers(for: resources).isEmpty {
      resources = resources.merged(
        onto: try CgroupPresent { (file) throws(SystemError) in try cgroupWords("\(directory.path)/\(file)") })
    }
    if let memory = resources.memory, memory.checkBeforeUpdate == true { try checkUsage(memory) }
    return resources
  }

  func carryOut(_ writes: [CgroupWrite], isNew: (CgroupPlacement.Directory) -> Bool) throws(SystemError) {
    var waiting: [CgroupWrite] = []
    for write in writes {
      let directory = write.isUnified ? placement.unified : placement.directory(of: write.controller)
      guard let directory else {
        throw SystemError.refusal(
          "\(write.property): cannot set \(write.controller) limit: container could not join or create cgroup")
      }
      if write.isInitial && isNew(directory) { continue }
      do throws(SystemError) {
        try carryOut(write, in: directory)
      } catch {
        guard write.mayWait && error.errno == .invalid else { throw error }
        waiting.append(write)
      }
    }
    // What they waited for is written now. Some wait for each other (limit and swap, period and burst).
    while !waiting.isEmpty {
      var still: [CgroupWrite] = []
      var last: SystemError?
      for write in waiting {
        guard let directory = write.isUnified ? placement.unified : placement.directory(of: write.controller) else {
          continue
        }
        do throws(SystemError) {
          try carryOut(write, in: directory)
        } catch {
          last = error
          still.append(write)
        }
      }
      if let last, still.count == waiting.count { throw last }
      waiting = still
    }
  }

  private func carryOut(
    _ write: CgroupWrite, in directory: CgroupPlacement.Directory
  ) throws(SystemError) {
    var failure = Self.write(write.value, to: "\(directory.path)/\(write.file)")
    var (file, value) = (write.file, write.value)
    if failure == .noEntry {
      switch write.missing {
      case .fail: break
      case .skip: return
      case .use(let other, let otherValue):
        (file, value) = (other, otherValue)
        failure = Self.write(value, to: "\(directory.path)/\(file)")
      }
    }
    guard let failure else { return }
    let isRefused = failure == .noEntry || failure == .notPermitted || failure == .accessDenied
    if write.isUnified && isRefused && write.controller != "cgroup",
      try !cgroupWords("\(directory.path)/cgroup.controllers").contains(write.controller)
    {
      throw SystemError.refusal("\(write.property) can't be set: controller \"\(write.controller)\" not available")
    }
    if failure == .busy, file == "memory.limit_in_bytes" {
      func now(_ name: String) throws(SystemError) -> String {
        try cgroupWords("\(directory.path)/memory.\(name)usage_in_bytes").first ?? "unknown"
      }
      throw SystemError(
        "\(write.property): unable to set memory limit to \(value) (current usage: \(try now("")), "
          + "peak usage: \(try now("max_")))", errno: Errno(0))
    }
    throw SystemError("\(write.property): write \"\(value)\" to", file, errno: failure)
  }

  private static func write(_ value: String, to path: String) -> Errno? {
    do throws(SystemError) {
      try writeControl(value, to: path)
      return nil
    } catch {
      return error.errno
    }
  }

  /// `checkBeforeUpdate`: v2 takes a limit below the usage and kills; v1 refuses it by itself.
  private func checkUsage(_ memory: Resources.Memory) throws(SystemError) {
    guard placement.directory(of: "memory") == nil, let directory = placement.unified,
      let text = try cgroupWords("\(directory.path)/memory.current").first, let usage = Int64(text)
    else { return }
    if let swap = memory.swap, swap > 0, swap <= usage {
      throw SystemError.refusal("linux.resources.memory.swap: rejecting memory+swap limit \(swap) <= usage \(usage)")
    }
    if let limit = memory.limit, limit > 0, limit <= usage {
      throw SystemError.refusal("linux.resources.memory.limit: rejecting memory limit \(limit) <= usage \(usage)")
    }
  }

  func setDevices(
    _ rules: DeviceRules, isNew: (CgroupPlacement.Directory) -> Bool
  ) throws(SystemError) {
    if let directory = placement.directory(of: "devices") {
      let path = directory.path
      var current: DeviceRules?
      if !isNew(directory) {
        current = try DeviceRules(list: readFile("\(path)/devices.list", limit: 16 << 20))
      }
      let changes = rules.changes(from: current)
      var start = 0
      while start < changes.count {
        let allow = changes[start].allow
        let name = allow ? "devices.allow" : "devices.deny"
        let file = try Descriptor.open("\(path)/\(name)", O_WRONLY)
        while start < changes.count, changes[start].allow == allow {
          try Self.write(changes[start], to: file, name)
          start += 1
        }
      }
    } else if let directory = placement.unified {
      let descriptor = try Descriptor.open(directory.path, O_RDONLY | O_DIRECTORY)
      try DeviceProgram.attach(rules, to: descriptor, isNew: isNew(directory))
    } else {
      // Never start a container whose devices nobody guards.
      throw SystemError.refusal("linux.resources.devices: no hierarchy has the devices controller")
    }
  }

  private static func write(
    _ change: DeviceRules.Change, to file: borrowing Descriptor, _ name: String
  ) throws(SystemError) {
    do throws(SystemError) {
      try file.write(change.line)
    } catch {
      throw SystemError("linux.resources.devices: write \"\(change.line)\" to", name, errno: error.errno)
    }
  }
}
