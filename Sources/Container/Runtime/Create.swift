internal import CLinux
internal import Glibc
internal import Kernel
internal import OCI

extension Runtime {
  /// `run` and `create`.
  ///
  /// - Returns: the exit status of swiftcr: the container's own for a foreground run, else 0.
  public func launch(_ options: LaunchOptions) throws(ContainerError) -> Int32 {
    let signals = try kernel { () throws(SystemError) in try SignalInbox() }
    var bundle = try Bundle(options.bundle, layers: options.layers)
    try Console.check(bundle.spec.process, options)
    let facts = try kernel { () throws(SystemError) in try HostFacts.detect() }
    try Rootless.check(bundle.spec, facts.caller)
    let planned = try PlannedCgroup(
      bundle.spec, id: options.id, facts: facts, usesSystemd: options.usesSystemd,
      isTolerant: options.isRootless ?? facts.caller.isRootless, trace: trace)
    if options.manager != nil { Readiness.offer(try store.readiness(of: options.id), in: &bundle.spec) }
    var request = try bundle.request(
      id: options.id, options: options, cgroup: planned.placement, facts: facts, warn: trace)

    let layer = bundle.layers == nil ? nil : options.keptLayer ?? ContainerLayer.newPath(for: options.id)
    // Without a directory for it the overlay covers "/", which every user namespace can reach.
    if layer != nil, access(request.rootPath, F_OK) != 0 { request.rootPath = "/" }
    if facts.caller.isRootless, let layer { request.overlay = try bundle.layers?.overlay(at: layer, options) }
    let plan: LaunchPlan
    do throws(PlanError) { plan = try LaunchPlan.make(request) } catch { throw ContainerError("\(error)") }

    trace("step: reserve")
    var journal = try reserve(options.id)
    do throws(ContainerError) {
      trace("step: record")
      var record = bundle.record(
        id: options.id, cgroup: planned, layer: layer, layers: bundle.layers?.directories ?? [])
      record.keepsLayer = layer != nil && options.keptLayer != nil
      try journal.write(record)
      try journal.keep(config: bundle.config)
      if options.manager != nil { try Readiness.prepare(store.readiness(of: options.id)) }
      trace("step: cgroup")
      var ready = try planned.make(bundle.spec, id: options.id)
      try journal.note(.cgroup)
      return try launch(bundle, plan, &ready, request.overlay, options, &journal, signals)
    } catch {
      try? takeDown(journal)
      throw error
    }
  }

  /// Takes the id. What a runtime left that was killed on the way is removed first.
  func reserve(_ id: String) throws(ContainerError) -> Journal {
    do throws(ContainerError) {
      return try store.reserve(id)
    } catch {
      guard error.description == ContainerError.inUse.description,
        let left = try? store.open(id, lock: true), left.pid == 0
      else { throw error }
      try takeDown(left)
      return try store.reserve(id)
    }
  }

  private func launch(
    _ bundle: Bundle, _ plan: LaunchPlan, _ ready: inout ReadyCgroup, _ overlay: StageOverlay?,
    _ options: LaunchOptions, _ journal: inout Journal, _ signals: borrowing SignalInbox
  ) throws(ContainerError) -> Int32 {
    let spec = bundle.spec
    let cgroup = ready.cgroup
    let maps = spec.newUserNamespaceMaps
    var inputs = LaunchInputs(cgroup: try kernel { () throws(SystemError) in try cgroup.entrance() })
    inputs.scope = journal.record?.scope
    inputs.idMaps = maps
    if let layers = bundle.layers, let layer = journal.record?.layer {
      trace("step: container layer")
      let stack = try LayerStack(layers.directories, isLook: true)
      if let overlay {
        if options.keptLayer == nil || !ContainerLayer.isMade(layer) {
          try ContainerLayer.make(overlay, top: stack.top, maps: maps, owner: store.layerOwner())
        }
      } else {
        let storage = try LayerStorage(layers)
        if options.keptLayer == nil {
          try makeLayer(layer, storage, top: stack.top, maps)
        } else {
          try openLayer(layer, storage, top: stack.top, maps)
        }
        inputs.overlay = OverlayRequest(
          layers: layers.directories, directory: layer, volatile: layers.isVolatile(options),
          isMounted: storage.isMounted)
      }
    }
    let opened = try OpenedHandles(plan, spec, journal, options)
    inputs.descriptors = opened.numbers
    inputs.userNamespace = opened.numbers[.namespace(.user)] ?? -1

    trace("step: clone")
    var launcher = try Launcher(plan, inputs)
    let state = ContainerState(
      id: options.id, status: .creating, pid: 0, bundle: bundle.path, annotations: spec.annotations)
    let agent = SeccompAgent(spec: spec, state: state)
    trace("step: prepare")
    do throws(ContainerError) {
      try launcher.prepare(
        inputs, agent: { (fd, pid) throws(ContainerError) in try agent.send(listener: fd, process: pid) },
        hooks: { (pid) throws(ContainerError) in
          journal.hadHooks = true
          var state = state
          state.pid = pid
          var created = state
          created.status = .created
          try opened.writeState(created)
          try Self.move(spec.linux.netDevices, into: pid)
          try HostHooks.run(spec.hooks.prestart, kind: "prestart", state: state)
          try HostHooks.run(spec.hooks.createRuntime, kind: "createRuntime", state: state)
        })
    } catch {
      guard cgroup.hasKilledForMemory else { throw error }
      throw ContainerError("unable to start container process: killed for lack of memory: is its limit too low?")
    }
    ready.release()
    do throws(ContainerError) {
      trace("step: note pid")
      try journal.note(pid: launcher.process.pid)
      return try finish(&launcher, options, spec, &journal, signals)
    } catch {
      launcher.abort()
      throw error
    }
  }

  /// Before the hooks, which may want to see them.
  private static func move(_ devices: [String: NetDevice], into pid: Int32) throws(ContainerError) {
    if devices.isEmpty { return }
    try kernel { () throws(SystemError) in
      let namespace = try Descriptor.open("/proc/\(pid)/ns/net", O_RDONLY)
      for (name, device) in devices.sorted(by: { $0.key < $1.key }) {
        try NetworkDevice.move(name, to: namespace.number, as: device.name)
      }
    }
  }

  private func makeLayer(
    _ path: String, _ storage: LayerStorage, top: CInt, _ maps: IDMaps?
  ) throws(ContainerError) {
    let owner = store.layerOwner()
    try kernel { () throws(SystemError) in
      try ContainerLayer.make(
        path, top: top, uid: maps.map { IDMaps.root($0.uids) } ?? 0, gid: maps.map { IDMaps.root($0.gids) } ?? 0,
        storage: storage, owner: owner)
    }
  }

  /// A layer that is kept: made by the container's first start, used again by the others.
  private func openLayer(
    _ path: String, _ storage: LayerStorage, top: CInt, _ maps: IDMaps?
  ) throws(ContainerError) {
    guard storage == .directory else {
      throw ContainerError("container layer \(path): one that is kept is a directory, without a size")
    }
    if ContainerLayer.isMade(path) { return }
    ContainerLayer.detachMounts(path)
    do throws(SystemError) {
      let parent = try Descriptor.open(ContainerLayer.parent(of: path), O_RDONLY | O_DIRECTORY)
      try TreeRemoval.remove(ContainerLayer.name(of: path), at: parent.number)
    } catch {
      if error.errno != .noEntry { throw ContainerError(error) }
    }
    try makeLayer(path, storage, top: top, maps)
  }

  private func finish(
    _ launcher: inout Launcher, _ options: LaunchOptions, _ spec: Spec, _ journal: inout Journal,
    _ signals: borrowing SignalInbox
  ) throws(ContainerError) -> Int32 {
    let pid = launcher.process.pid
    let console = try Console(master: launcher.takeMaster(), socket: options.consoleSocket)
    if let path = options.pidFile { try PIDFile.write(pid, to: path) }
    if let socket = options.pidfdSocket {
      try kernel { () throws(SystemError) in try Terminal.send(launcher.process.pidfd.number, toSocket: socket) }
    }
    trace("step: go")
    if options.mode == .create {
      try launcher.go()
      return 0
    }
    let readiness = try Readiness(options.manager, options.id, in: store)
    try journal.noteStarted()
    try launcher.go()
    try runPoststart(spec, journal)
    journal.unlock()
    guard options.mode == .foreground else {
      try readiness?.wait(pid, pidfd: launcher.process.pidfd.number)
      return 0
    }
    trace("step: wait")
    let status = try Foreground.wait(launcher.process.pidfd.number, signals, console, readiness)
    if !options.keep, journal.relock() {
      try journal.load()
      // What was saved needs its layer.
      if !journal.isCheckpointed { try takeDown(journal) }
    }
    return status.code
  }
}

extension LayerRequest {
  /// Never synced to disk: what it holds is of no use to anybody after a crash.
  fileprivate func isVolatile(_ options: LaunchOptions) -> Bool {
    volatile ?? (options.mode == .foreground && !options.keep)
  }

  /// For a stage that mounts it by itself.
  ///
  /// - Throws: for a size limit on disk: only root has loop devices; for one in memory where a tmpfs keeps no attributes
  ///   of users (before Linux 6.6): a directory that is made again would show what it hides.
  func overlay(at directory: String, _ options: LaunchOptions) throws(ContainerError) -> StageOverlay {
    if size != nil, upper == .disk {
      throw ContainerError(
        "annotation io.swiftcr.layer.size: without root a limit is only kept in memory: add io.swiftcr.layer.upper=tmpfs"
      )
    }
    if upper == .tmpfs, let kernel = KernelVersion.running, kernel < KernelVersion(6, 6) {
      throw ContainerError(
        "annotation io.swiftcr.layer.upper=tmpfs: without root it needs Linux 6.6, and this is \(kernel): leave it out")
    }
    var overlay = StageOverlay(layers: directories, directory: directory)
    overlay.volatile = isVolatile(options)
    overlay.upper = upper == .tmpfs ? .memory : .disk
    overlay.size = size
    return overlay
  }
}
