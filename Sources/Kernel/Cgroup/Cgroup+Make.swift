internal import Glibc
public import OCI

extension Cgroup {
  /// Makes the directories with everything that they need before a process enters, and sets the limits.
  ///
  /// On failure all that this call made is removed again.
  ///
  /// - Parameter holder: a process that may be there before: systemd makes no cgroup without one.
  /// - Throws: `container's cgroup is not empty` if a cgroup of that name has processes; else the property of config.json,
  ///   or the directory, with the kernel's reason.
  public static func make(
    _ placement: CgroupPlacement, resources: Resources, devices: [Device] = [], holder: Int32? = nil,
    options: Options = []
  ) throws(SystemError) -> Cgroup {
    var maker = CgroupMaker()
    do throws(SystemError) {
      var cgroup = Cgroup(existing: placement)
      let unified = try cgroup.unifiedControllers(for: resources)
      // Planned before anything is made: most mistakes in config.json end here.
      let writes = try CgroupWrites.writes(for: resources, controllers: cgroup.controllers(unified: unified))
      let rules = options.contains(.withoutDevices) ? nil : try DeviceRules.container(resources, devices: devices)

      cgroup.placement.directories = []
      for directory in placement.directories {
        do throws(SystemError) {
          try maker.make(directory, resources: resources, writes: writes, available: unified, layout: placement.layout)
          cgroup.placement.directories.append(directory)
        } catch {
          let ignorable = [EACCES, EPERM, EROFS].contains(error.errno.code)
          guard ignorable && options.contains(.tolerant) else { throw error }
        }
      }
      try cgroup.checkUnused(maker.found, but: holder)
      try cgroup.carryOut(writes, isNew: { maker.isNew($0) })
      if let rules {
        do throws(SystemError) {
          try cgroup.setDevices(rules, isNew: { maker.isNew($0) })
        } catch {
          guard options.contains(.tolerant) else { throw error }
        }
      }
      return cgroup
    } catch {
      maker.undo()
      throw error
    }
  }

  /// A cgroup that was there before may be used when it is empty and awake (runc 1.5: a pod's, or a left-over).
  private func checkUnused(_ found: [CgroupPlacement.Directory], but holder: Int32?) throws(SystemError) {
    if found.isEmpty { return }
    for directory in found {
      let processes = try Self.processes(in: directory.path).filter { $0 != holder }
      if !processes.isEmpty {
        throw SystemError.refusal(
          "container's cgroup is not empty: \(processes.count) process(es) found in \(directory.path)")
      }
    }
    if try state() == .paused { throw SystemError.refusal("container's cgroup unexpectedly frozen") }
  }

  /// cgroup v2's controllers, as far as they matter: on a hybrid host only if v1 cannot do what is asked for.
  func unifiedControllers(for resources: Resources) throws(SystemError) -> [String] {
    guard let directory = placement.unified else { return [] }
    if placement.layout == .hybrid {
      let v1 = placement.directories.flatMap { $0.controllers }
      let wanted: [(String, Bool)] = [
        ("hugetlb", !resources.hugepageLimits.isEmpty), ("rdma", !resources.rdma.isEmpty),
        ("memory", resources.memory != nil), ("pids", resources.pids != nil), ("cpu", resources.cpu != nil),
        ("cpuset", resources.cpu?.cpus != nil || resources.cpu?.mems != nil), ("blkio", resources.blockIO != nil),
      ]
      if wanted.allSatisfy({ !$0.1 || v1.contains($0.0) }) { return [] }
    }
    return try cgroupWords("\(directory.mountPoint)/cgroup.controllers")
  }
}

/// Makes directories, and remembers which.
struct CgroupMaker {
  private(set) var made: [String] = []
  /// The container's own directories that were there before.
  private(set) var found: [CgroupPlacement.Directory] = []

  func isNew(_ directory: CgroupPlacement.Directory) -> Bool { made.contains(directory.path) }

  mutating func make(
    _ directory: CgroupPlacement.Directory, resources: Resources, writes: [CgroupWrite], available: [String],
    layout: CgroupHost.Layout
  ) throws(SystemError) {
    let isNew = try makeLevels(directory)
    if !isNew { found.append(directory) }
    if directory.isUnified {
      let needed = writes.filter { $0.isUnified && available.contains($0.controller) }.map { $0.controller }
      try enable(needed: needed, available: available, in: directory, layout: layout)
    } else if directory.controllers.contains("cpuset") {
      if (resources.cpu?.cpus ?? "").isEmpty { try inherit("cpuset.cpus", directory, isNew: isNew) }
      if (resources.cpu?.mems ?? "").isEmpty { try inherit("cpuset.mems", directory, isNew: isNew) }
    }
  }

  /// Takes away what was made, children first, as far as it goes.
  mutating func undo() {
    while let path = made.popLast() { rmdir(path) }
  }

  /// - Returns: whether the last level is new.
  private mutating func makeLevels(_ directory: CgroupPlacement.Directory) throws(SystemError) -> Bool {
    let path = directory.path
    // Nearly always only the last level is missing.
    if mkdir(path, 0o755) != 0 {
      if errno == EEXIST { return false }
      guard errno == ENOENT else { throw SystemError("make cgroup", path) }
      for level in directory.levels.dropFirst() {
        if mkdir(level, 0o755) == 0 {
          made.append(level)
        } else if errno != EEXIST {
          throw SystemError("make cgroup", level)
        }
      }
      return made.last == path
    }
    made.append(path)
    return true
  }

  /// A new cpuset of v1 is empty, and nothing can enter it (ENOSPC) until it has what its parent has.
  private func inherit(_ file: String, _ directory: CgroupPlacement.Directory, isNew: Bool) throws(SystemError) {
    let levels = directory.levels
    var from = levels.count - (isNew ? 2 : 1)
    var value = ""
    while from >= 0 {
      value = try cgroupWords("\(levels[from])/\(file)").first ?? ""
      if !value.isEmpty { break }
      from -= 1
    }
    if value.isEmpty { throw SystemError.refusal("\(directory.mountPoint)/\(file) is empty: nothing to inherit") }
    for level in levels[(from + 1)...] { try writeControl(value, to: "\(level)/\(file)") }
  }

  /// Gives controllers to the container's cgroup through all of its parents.
  ///
  /// On a unified host cpu, io, memory and pids are given to every container: engines read their statistics.
  private func enable(
    needed: [String], available: [String], in directory: CgroupPlacement.Directory, layout: CgroupHost.Layout
  ) throws(SystemError) {
    let customary = layout == .unified ? ["cpu", "io", "memory", "pids"].filter { available.contains($0) } : []
    let wanted = customary + Set(needed).subtracting(customary).sorted()
    if wanted.isEmpty { return }
    let levels = directory.levels
    func missing(at level: String) throws(SystemError) -> [String] {
      let enabled = try cgroupWords("\(level)/cgroup.subtree_control")
      return wanted.filter { !enabled.contains($0) }
    }
    // A parent has what its own parent gives to it: if it gives everything there is nothing to do further up.
    guard let parent = levels.dropLast().last, try !missing(at: parent).isEmpty else { return }
    for level in levels.dropLast() {
      let lacking = try missing(at: level)
      let file = "\(level)/cgroup.subtree_control"
      if lacking.isEmpty { continue }
      do throws(SystemError) {
        try writeControl(lacking.map { "+\($0)" }.joined(separator: " "), to: file)
      } catch {
        // One that cannot be had (EBUSY: the level has processes) must not keep back the others.
        for controller in lacking {
          do throws(SystemError) {
            try writeControl("+\(controller)", to: file)
          } catch {
            guard needed.contains(controller) else { continue }
            throw SystemError("enable controller \(controller) in", file, errno: error.errno)
          }
        }
      }
    }
  }
}

extension CgroupPlacement.Directory {
  /// The mount point, and each directory on the way to the container's, which is the last.
  var levels: [String] {
    var levels = [mountPoint]
    var level = mountPoint
    for component in pathComponents(String(path.utf8.dropFirst(mountPoint.utf8.count)) ?? "") {
      level += "/" + component
      levels.append(level)
    }
    return levels
  }
}
