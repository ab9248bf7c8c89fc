internal import CLinux
internal import Glibc
internal import Kernel
internal import OCI
internal import Stage

/// What a launch needs besides the plan: open descriptors, and who is told what.
struct LaunchInputs: ~Copyable {
  var cgroup: CgroupEntrance
  /// The unit of a user's systemd, which moves processes where its user may not.
  var scope: SystemdScope?
  /// Numbers of what the plan names by handle, besides the cgroup's files.
  var descriptors: [Handle: CInt] = [:]
  var overlay: OverlayRequest?
  var idMaps: IDMaps?
  /// The container's user namespace where it is not a new one, for mounts whose ids are mapped; -1 if it has none.
  var userNamespace: CInt = -1
}

/// Starts a stage and answers it until the container is ready.
struct Launcher: ~Copyable {
  private var link: StageLink
  private(set) var process: LaunchedProcess
  private let plan: LaunchPlan
  /// Whether the stage will clone again, and we have not heard of that process yet.
  private var awaitsChild: Bool
  /// What that process said before its maker said that it exists.
  private var early: [StageLink.Report] = []
  /// The terminal's master, once the stage has made it.
  private(set) var master: CInt = -1

  /// clone3; the stage runs from here on.
  init(_ plan: LaunchPlan, _ inputs: borrowing LaunchInputs) throws(ContainerError) {
    self.plan = plan
    awaitsChild = plan.steps.contains { if case .clone = $0 { true } else { false } }
    let pair = try kernel { () throws(SystemError) in try PacketPair() }
    let report = pair.theirs.number
    let image = try kernel { () throws(SystemError) in try Self.image(plan, report, inputs) }
    let kept = [report] + inputs.cgroup.tasks + inputs.descriptors.values
    let flags = plan.namespaces.reduce(0) { $0 | $1.cloneFlag }
    let scope = inputs.scope
    process = try kernel { () throws(SystemError) in
      try Launch.start(
        image: image, flags: flags, cgroup: inputs.cgroup.directory, kept: kept, report: report, scope: scope)
    }
    link = StageLink(socket: pair.keepOurs(), steps: plan.steps)
  }

  private static func image(
    _ plan: LaunchPlan, _ report: CInt, _ inputs: borrowing LaunchInputs
  ) throws(SystemError) -> Descriptor {
    let descriptors = inputs.descriptors
    let tasks = inputs.cgroup.tasks
    let bytes = PlanEncoder.encode(plan.steps, report: report) { handle in
      if case .cgroupTasks(let index) = handle { return tasks.indices.contains(index) ? tasks[index] : -1 }
      return descriptors[handle] ?? -1
    }
    return try StageImage.make(
      code: UnsafeRawBufferPointer(start: stage_code(), count: Int(stage_code_size())), entry: stage_entry_offset(),
      codeAddress: UInt64(STAGE_CODE_ADDRESS), data: bytes, dataAddress: UInt64(STAGE_PLAN_ADDRESS))
  }

  /// Hears the stage until it is ready, calling `hooks` when the root is assembled, and `agent` with the seccomp listener
  /// and the pid of the process that has the filter.
  ///
  /// - Throws: what failed; the process is gone then.
  mutating func prepare(
    _ inputs: borrowing LaunchInputs, agent: (CInt, Int32) throws(ContainerError) -> Void,
    hooks: (Int32) throws(ContainerError) -> Void
  ) throws(ContainerError) {
    do throws(ContainerError) {
      if inputs.idMaps == nil, !awaitsChild { try handMounts(inputs, userNamespace: inputs.userNamespace) }
      while true {
        switch try next() {
        case .child(let pid):
          try adopt(pid)
          if inputs.idMaps == nil { try handMounts(inputs, userNamespace: inputs.userNamespace) }
        case .wantsMaps:
          if let maps = inputs.idMaps { try maps.write(to: process.pid, .current) }
          // Opened before the answer: after it the files in /proc of a rootless container are not its user's.
          let namespace = try userNamespace()
          try link.answer()
          try handMounts(inputs, userNamespace: namespace.number)
        case .master(let fd): master = fd
        case .listener(let number): try takeListener(number, agent)
        case .synced(.hooks):
          try hooks(process.pid)
          try link.answer()
        case .synced(.ready): return
        case .gone: throw ContainerError("unable to start container process: the stage ended early")
        }
      }
    } catch {
      abort()
      throw error
    }
  }

  /// Lets the stage go on, to the container's program or to waiting for `start`, and returns when it is there.
  mutating func go() throws(ContainerError) {
    do throws(ContainerError) {
      try link.answer()
      while true {
        if case .gone = try link.next() { return }
      }
    } catch {
      abort()
      throw error
    }
  }

  /// The terminal's master, which the caller owns from now on; -1 without a terminal.
  mutating func takeMaster() -> CInt {
    defer { master = -1 }
    return master
  }

  /// Ends what was started, and takes its exit status away.
  func abort() {
    if master >= 0 { close(master) }
    ChildProcess.end(process.pidfd.number)
  }

  /// Two processes share the socket for a moment: the new one's reports are about a process that we know only later.
  private mutating func next() throws(ContainerError) -> StageLink.Report {
    while awaitsChild {
      let report = try link.next()
      switch report {
      case .child:
        awaitsChild = false
        return report
      case .gone: return report
      default: early.append(report)
      }
    }
    return early.isEmpty ? try link.next() : early.removeFirst()
  }

  private mutating func adopt(_ pid: Int32) throws(ContainerError) {
    ChildProcess.reap(process.pidfd.number)
    process = try kernel { () throws(SystemError) in try LaunchedProcess(child: pid) }
  }

  private func userNamespace() throws(ContainerError) -> Descriptor {
    do { return try Descriptor.open("/proc/\(process.pid)/ns/user", O_RDONLY) } catch { throw ContainerError(error) }
  }

  /// The mounts that are ours to make, in the order of the plan.
  private func handMounts(_ inputs: borrowing LaunchInputs, userNamespace: CInt) throws(ContainerError) {
    let isShared = plan.steps.contains(.propagation("shared", recursive: true, path: "/"))
    for step in plan.steps {
      switch step {
      case .rootReceive:
        guard let request = inputs.overlay else { continue }
        let mount = try request.mount(userNamespace: userNamespace, maps: inputs.idMaps)
        try link.answer(handing: mount.descriptor.number)
      case .bind(let bind):
        switch bind.origin {
        case .stage: continue
        case .opened: try handSource(bind.source)
        case .runtime, .mapped:
          let mount = try HandedMount.make(bind, userNamespace: userNamespace, isShared: isShared)
          try link.answer(handing: mount.descriptor.number)
        }
      default: continue
      }
    }
  }

  /// Opened with our rights in the stage's mount namespace: what is bound is its own copy of a mount, with the
  /// propagation that all its mounts have, and nothing below it can be unmounted in the container.
  private func handSource(_ path: String) throws(ContainerError) {
    var number: CInt = -1
    if let root = try? Descriptor.open("/proc/\(process.pid)/root", O_RDONLY | O_DIRECTORY) {
      // EAGAIN: ".." while somebody mounted or renamed.
      repeat { number = clinux_find_in_root(root.number, path, 1) } while number < 0 && Errno.last == .again
    }
    defer { if number >= 0 { close(number) } }
    try link.answer(handing: number)
  }

  /// The stage announced the number that its listener will have, and is about to get it.
  private func takeListener(_ number: CInt, _ agent: (CInt, Int32) throws(ContainerError) -> Void)
    throws(ContainerError)
  {
    for _ in 0..<5000 {
      if let listener = try? Launch.descriptor(number, of: process.pidfd.number) {
        try agent(listener.number, process.pid)
        return
      }
      var pause = timespec(tv_sec: 0, tv_nsec: 1_000_000)
      nanosleep(&pause, nil)
    }
    throw ContainerError("take the seccomp listener of the container: it did not appear")
  }
}

extension Namespace.Kind {
  /// `CLONE_NEW…`.
  var cloneFlag: UInt64 {
    switch self {
    case .pid: clinux_clone_newpid
    case .network: clinux_clone_newnet
    case .mount: clinux_clone_newns
    case .ipc: clinux_clone_newipc
    case .uts: clinux_clone_newuts
    case .user: clinux_clone_newuser
    case .cgroup: clinux_clone_newcgroup
    case .time: clinux_clone_newtime
    }
  }
}
