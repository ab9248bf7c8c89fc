internal import CLinux
internal import Glibc
internal import Kernel
public import OCI

extension Runtime {
  /// `exec`: one more process in a running container.
  ///
  /// - Parameter process: gives the process; its argument is the container's own, for what is not said.
  /// - Returns: the exit status of swiftcr: the process's own, or 0 if it is not waited for.
  public func exec(
    _ options: ExecOptions, process make: (OCI.Process) throws(ContainerError) -> OCI.Process
  ) throws(ContainerError) -> Int32 {
    let signals = try kernel { () throws(SystemError) in try SignalInbox() }
    let journal = try store.open(options.id, lock: false)
    let status = try state(of: journal).status
    guard status == .running || status == .created || status == .paused, let record = journal.record,
      let initProcess = try journal.process()
    else { throw ContainerError("cannot exec in a stopped container") }
    if status == .paused, !options.ignorePaused { throw ContainerError("cannot exec in a paused container") }
    // The waiting stage is undumpable, and only root may join the namespaces of such a process.
    if status == .created, Caller.current.uid != 0 {
      throw ContainerError("rootless: cannot exec in a container that was created and not started yet")
    }

    var spec = try Self.spec(of: journal)
    let own = spec.process ?? Process()
    var process = try make(own)
    // Not said is not unconfined, as in runc.
    if (process.apparmorProfile ?? "").isEmpty { process.apparmorProfile = own.apparmorProfile }
    if (process.selinuxLabel ?? "").isEmpty { process.selinuxLabel = own.selinuxLabel }
    spec.process = process
    let launch = LaunchOptions.like(options)
    try Console.check(process, launch)
    let facts = try kernel { () throws(SystemError) in try HostFacts.detect() }
    let cgroup = try cgroup(of: record, facts.cgroups)
    var request = PlanRequest(
      spec: spec, id: options.id, bundle: record.bundle, rootPath: "/", cgroup: cgroup.placement, facts: facts)
    request.preservedDescriptors = options.preservedDescriptors
    request.deniesGroups = initProcess.deniesGroups
    if request.deniesGroups, !process.user.additionalGids.isEmpty {
      throw ContainerError("cannot set any additional groups in a rootless container with one group id")
    }
    try request.compile(warn: trace)
    if let initial = try PlanRequest.set(process.execCPUAffinity?.initial, "process.execCPUAffinity.initial") {
      try kernel { () throws(SystemError) in try initial.bindThread() }
    }
    let plan = LaunchPlan.exec(request)

    let entrance = try kernel { () throws(SystemError) in
      do throws(SystemError) { return try cgroup.entrance(subgroups: options.subgroups) } catch {
        // Only for the container's own: who names a subgroup means that one and no other.
        guard options.subgroups.isEmpty, let other = try cgroup.entrance(besides: initProcess.pid) else { throw error }
        return other
      }
    }
    var inputs = LaunchInputs(cgroup: entrance)
    if options.subgroups.isEmpty { inputs.scope = record.scope }
    let opened = OpenedHandles(initProcess: initProcess)
    inputs.descriptors = opened.numbers
    var launcher: Launcher
    do throws(ContainerError) { launcher = try Launcher(plan, inputs) } catch {
      // cgroup v2 has no process in a cgroup that gives controllers to its children, as systemd in a container does.
      guard error.errno == .busy, options.subgroups.isEmpty,
        let other = try kernel({ () throws(SystemError) in try cgroup.entrance(besides: initProcess.pid) })
      else { throw error }
      inputs.cgroup = other
      launcher = try Launcher(plan, inputs)
    }
    var state = ContainerState(
      id: options.id, status: .running, pid: initProcess.pid, bundle: record.bundle, annotations: record.annotations)
    state.pid = initProcess.pid
    let agent = SeccompAgent(spec: spec, state: state)
    try launcher.prepare(
      inputs, agent: { (fd, pid) throws(ContainerError) in try agent.send(listener: fd, process: pid) },
      hooks: { (_) throws(ContainerError) in })
    do throws(ContainerError) {
      let console = try Console(master: launcher.takeMaster(), socket: options.consoleSocket)
      if let path = options.pidFile { try PIDFile.write(launcher.process.pid, to: path) }
      if let socket = options.pidfdSocket {
        try kernel { () throws(SystemError) in try Terminal.send(launcher.process.pidfd.number, toSocket: socket) }
      }
      try launcher.go()
      if options.detach { return 0 }
      return try Foreground.wait(launcher.process.pidfd.number, signals, console).code
    } catch {
      launcher.abort()
      throw error
    }
  }
}

extension LaunchOptions {
  fileprivate static func like(_ options: ExecOptions) -> LaunchOptions {
    var launch = LaunchOptions(id: options.id, bundle: "", mode: options.detach ? .detached : .foreground)
    launch.consoleSocket = options.consoleSocket
    return launch
  }
}

extension LaunchPlan {
  /// Plans one more process of a container: into its cgroup and namespaces, then as the container's own did.
  static func exec(_ request: PlanRequest) -> LaunchPlan {
    var planner = Planner(request)
    if let score = request.spec.process?.oomScoreAdj { planner.add(.oomScore(score)) }
    planner.add(.signals, .undumpable, .umask(0))
    planner.joinCgroups()
    if let affinity = request.affinity { planner.add(.affinity(affinity)) }
    planner.plan.steps += request.limits.map { .rlimit($0) }
    // With the host's procfs: the container's pid namespace does not know this process yet.
    planner.addLabels(request.spec.process)
    // One setns(2) by pidfd (Linux 5.8) for all of them, then a clone: a pid namespace is its children's.
    planner.add(
      .joinNamespace(.initProcess, kinds: request.spec.linux.namespaces.map(\.type)), .clone([]), .session,
      .keyring("_ses.\(request.id)"))
    if let process = request.spec.process {
      if process.terminal { planner.add(.console(size: process.consoleSize, owner: process.user.uid, node: false)) }
      planner.becomeUser(process)
      planner.execute(process, startHooks: [])
    }
    return planner.plan
  }
}
