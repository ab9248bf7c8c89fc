internal import CLinux
internal import Glibc
internal import Kernel
internal import OCI

extension Runtime {
  /// `restore`: brings a container back that `checkpoint` saved.
  ///
  /// One with layers comes back under its own id, to its own layer: its state has waited since the checkpoint.
  /// - Returns: the exit status of swiftcr: the container's own unless it is left running.
  public func restore(_ options: RestoreOptions) throws(ContainerError) -> Int32 {
    let signals = try kernel { () throws(SystemError) in try SignalInbox() }
    let id = options.launch.id
    let imageFile = try kernel { () throws(SystemError) in
      try Descriptor.open(options.images, O_RDONLY | O_DIRECTORY)
    }
    let saved = try CheckpointRecord.read(imageFile.number, options.images)
    var bundle = try Bundle(options.launch.bundle, layers: saved.layers)
    if saved.layer == nil { bundle.layers = nil }
    let facts = try kernel { () throws(SystemError) in try HostFacts.detect() }
    let planned = try PlannedCgroup(
      bundle.spec, id: id, facts: facts, usesSystemd: options.launch.usesSystemd, isTolerant: false, trace: trace)
    let record = bundle.record(id: id, cgroup: planned, layer: saved.layer, layers: saved.layers)
    var journal = try takeOver(id, saved)
    let isKept = journal.isCheckpointed
    do throws(ContainerError) {
      if !isKept {
        try journal.write(record)
        try journal.keep(config: bundle.config)
      }
      trace("step: cgroup")
      let record = journal.record ?? record
      var ready = try PlannedCgroup(of: record).make(bundle.spec, id: id)
      try journal.note(.cgroup)
      return try restore(options, bundle, saved, record, facts, &ready, &journal, signals)
    } catch {
      if isKept { try? putBack(&journal) } else { try? takeDown(journal) }
      throw error
    }
  }

  /// The journal of the saved container, or a new one.
  private func takeOver(_ id: String, _ saved: CheckpointRecord) throws(ContainerError) -> Journal {
    if let left = try? store.open(id, lock: true), left.isCheckpointed, try left.process() == nil {
      guard left.record?.layer == saved.layer else {
        throw ContainerError("restore: container \(id) waits for other images, with another layer")
      }
      try Self.check(saved)
      return left
    }
    if let layer = saved.layer {
      throw ContainerError(
        "restore: the images belong to the container layer \(layer) of container \(saved.id), which is not waiting "
          + "under the id \(id)")
    }
    return try reserve(id)
  }

  private static func check(_ saved: CheckpointRecord) throws(ContainerError) {
    guard let layer = saved.layer else { return }
    guard CheckpointRecord.identity(of: layer) == saved.layerIdentity else {
      throw ContainerError("restore: the container layer \(layer) is not the one that was saved")
    }
  }

  /// After a failure a saved container waits again.
  private func putBack(_ journal: inout Journal) throws(ContainerError) {
    if let record = journal.record { try? removeCgroup(of: record, isOwn: journal.hasCgroup) }
    if !journal.isCheckpointed { try journal.note(.checkpointed) }
  }

  private func restore(
    _ options: RestoreOptions, _ bundle: Bundle, _ saved: CheckpointRecord, _ record: ContainerRecord,
    _ facts: HostFacts, _ ready: inout ReadyCgroup, _ journal: inout Journal, _ signals: borrowing SignalInbox
  ) throws(ContainerError) -> Int32 {
    let cgroup = ready.cgroup
    let spec = bundle.spec
    let directories = try CriuDirectories(images: options.images, work: options.work)
    let plan = try Self.plan(spec, record, cgroup.placement, facts)
    var request = CriuRequest(kind: .restore, images: directories.images.number, work: directories.work.number)
    request.options = options.criu
    request.cgroupRoots = cgroup.placement.criuRoots
    let namespaces = try JoinedNamespaces(spec).opened()
    defer { for namespace in namespaces { close(namespace.number) } }
    request.inherited = namespaces
    for (number, key) in saved.keys.enumerated() where !key.isEmpty {
      let copy = fcntl(CInt(number), F_DUPFD_CLOEXEC, 3)
      guard copy >= 0 else { throw ContainerError(SystemError("duplicate stream", "\(number)")) }
      request.inherited.append((key, copy))
    }

    trace("step: criu restore")
    unlink(directories.log("restore.log"))
    let root = try RestoredRoot.staged(bundle, record, ExternalMounts(plan, cgroup: cgroup.placement)) {
      (staging, root, external) throws(ContainerError) -> CriuWorker in
      request.cgroupYard = try CgroupYard.mounted(cgroup.placement, in: staging)
      try directories.reopen()
      request.root = root
      request.external = external
      return try CriuWorker(
        options.criu.program, kept: request.inherited.map(\.number), log: directories.log("restore.log"))
    }
    for stream in request.inherited.dropFirst(namespaces.count) { close(stream.number) }
    var master: CInt = -1
    let state = ContainerState(
      id: record.id, status: .creating, pid: 0, bundle: bundle.path, annotations: spec.annotations)
    var noted: Int32 = 0
    do throws(ContainerError) {
      let pid = try root.serve(request) { (notice, pid, fd) throws(ContainerError) in
        if notice == "orphan-pts-master" { master = fd } else if fd >= 0 { close(fd) }
        // Before anything of it runs, and not before its root is in place: an `exec` would see the host's until then.
        if notice == "post-restore", pid > 0, noted == 0 {
          noted = pid
          try journal.note(pid: pid)
        }
        if notice == "setup-namespaces" {
          var state = state
          state.pid = pid
          try HostHooks.run(spec.hooks.prestart, kind: "prestart", state: state)
          try HostHooks.run(spec.hooks.createRuntime, kind: "createRuntime", state: state)
        }
      }
      ready.release()
      return try finish(pid, master, options.launch, spec, &journal, signals)
    } catch {
      if let process = try journal.process() { ChildProcess.end(process.pidfd.number) }
      throw error
    }
  }

  private func finish(
    _ pid: Int32, _ master: CInt, _ options: LaunchOptions, _ spec: Spec, _ journal: inout Journal,
    _ signals: borrowing SignalInbox
  ) throws(ContainerError) -> Int32 {
    if journal.pid != pid { try journal.note(pid: pid) }
    if !journal.isStarted { try journal.noteStarted() }
    // Our child: CRIU's rst_sibling.
    let process = try kernel { () throws(SystemError) in try LaunchedProcess(child: pid) }
    let console = try Console(master: master, socket: options.consoleSocket)
    if let path = options.pidFile { try PIDFile.write(pid, to: path) }
    try runPoststart(spec, journal)
    guard options.mode == .foreground else { return 0 }
    trace("step: wait")
    journal.unlock()
    let status = try Foreground.wait(process.pidfd.number, signals, console)
    if journal.relock() {
      try journal.load()
      if !journal.isCheckpointed { try takeDown(journal) }
    }
    return status.code
  }
}

/// The root and the host's mounts, as CRIU finds them: in a mount namespace of its own, which goes when CRIU goes.
enum RestoredRoot {
  static func staged(
    _ bundle: Bundle, _ record: ContainerRecord, _ mounts: ExternalMounts,
    _ start: (String, String, [String]) throws(ContainerError) -> CriuWorker
  ) throws(ContainerError) -> CriuWorker {
    let staging = DataDirectory.containers
    try kernel { () throws(SystemError) in try Directories.make(staging) }
    let before = try kernel { () throws(SystemError) in try Descriptor.open("/proc/self/ns/mnt", O_RDONLY) }
    let here = try kernel { () throws(SystemError) in try Descriptor.open(".", O_RDONLY | O_DIRECTORY) }
    guard clinux_own_mounts() == 0 else { throw ContainerError(SystemError("make mount namespace")) }
    defer {
      _ = clinux_enter_mounts(before.number)
      _ = fchdir(here.number)
    }
    let tree = try tree(bundle, record)
    let root = "\(staging)/root"
    try kernel { () throws(SystemError) in
      try DetachedMount.tmpfs(size: nil).attach(staging)
      guard mkdir(root, 0o700) == 0 else { throw SystemError("make directory", root) }
      try tree.attach(root)
    }
    try mounts.check(root: root)
    let external = try mounts.staged(staging)
    return try start(staging, root, external)
  }

  private static func tree(_ bundle: Bundle, _ record: ContainerRecord) throws(ContainerError) -> DetachedMount {
    guard let layer = record.layer else {
      let path = bundle.rootPath
      return try kernel { () throws(SystemError) in try DetachedMount.clone(path, recursive: true) }
    }
    // A volatile overlay cannot be mounted again unless this goes; the host has not gone down since.
    unlink("\(layer)/work/work/incompat/volatile/dirty")
    rmdir("\(layer)/work/work/incompat/volatile")
    rmdir("\(layer)/work/work/incompat")
    return try OverlayRequest(layers: record.layers, directory: layer, volatile: false, isMounted: false)
      .mount(userNamespace: -1, maps: nil)
  }
}
