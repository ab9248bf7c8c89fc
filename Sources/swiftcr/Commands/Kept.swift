internal import Arguments
internal import Container
internal import Glibc
internal import Kernel
internal import OCI
internal import Store

/// `start` again, `rm`, `stop`, and what `list` and `purge` have of containers that are kept.
extension CommandRunner {
  func start() throws -> Int32 {
    // A created container, whatever its id is called in the store.
    if (try? runtime().state(id).status) == .created {
      if values.flag("attach") { throw UsageError("--attach: a created container has the streams of its 'create'") }
      try runtime().start(id, manager: ServiceManager.current)
      return 0
    }
    let kept: KeptContainer
    do throws(StoreError) {
      kept = try KeptContainer(opening: id, in: ImageStore(globals).layout)
    } catch {
      guard error.isNoContainer else { throw error }
      try runtime().start(id, manager: ServiceManager.current)
      return 0
    }
    return try startAgain(kept)
  }

  private func startAgain(_ kept: consuming KeptContainer) throws -> Int32 {
    let id = kept.record.id
    guard kept.tryLock() else { throw ContainerError("container \(id) is already running") }
    let runtime = try runtime(root: kept.record.stateRoot)
    if let status = try runtime.status(id) {
      guard status == .stopped else { throw ContainerError("container \(id) is already running") }
      try runtime.delete(id, force: false)
    }
    try kept.update { ($0.exitCode, $0.finished) = (nil, nil) }
    return try launch(kept, isFirst: false, silenced: values.flag("attach") ? [] : [0, 1, 2])
  }

  /// - Returns: 1 if one of them could not be removed; the others are gone.
  func rm() throws -> Int32 { try each(of: values.positionals, remove) }

  private func remove(_ id: String) throws {
    let isForced = values.flag("force")
    let store = try ImageStore(globals)
    let kept: KeptContainer
    do throws(StoreError) {
      kept = try KeptContainer(opening: id, in: store.layout)
    } catch {
      if isForced, KeptContainer.isDamaged(id, in: store.layout) { return try remove(id, store) }
      guard error.isNoContainer, try runtime().status(id) != nil else { throw error }
      return try runtime().delete(id, force: isForced)
    }
    let runtime = try runtime(root: kept.record.stateRoot)
    if let status = try runtime.status(id), status != .stopped, !isForced {
      throw ContainerError(
        "cannot remove container \"\(id)\": container is \(status.rawValue): stop the container before removing or "
          + "force remove")
    }
    // Its swiftcr, which waits for it, writes down how it ended and lets go.
    try runtime.delete(id, force: true)
    guard try kept.lock() else { return }
    try remove(id, store)
  }

  func remove(_ id: String, _ store: ImageStore) throws {
    try KeptContainer.remove(id, in: store.layout) { (name, directory) throws(ContainerError) in
      try KeptLayer.remove(name, at: directory)
    }
  }

  func stop() throws -> Int32 { try each(of: values.positionals, stop) }

  private func stop(_ id: String) throws {
    let store = try ImageStore(globals)
    let seconds = Int32(values.integer("time") ?? 10)
    let kept: KeptContainer
    do throws(StoreError) {
      kept = try KeptContainer(opening: id, in: store.layout)
    } catch {
      guard error.isNoContainer, try runtime().status(id) != nil else { throw error }
      return try runtime().stop(id, signal: SIGTERM, seconds: seconds)
    }
    let signal = (try? kept.record.stopSignal.map { try SignalName.number($0) }) ?? SIGTERM
    let runtime = try runtime(root: kept.record.stateRoot)
    guard try runtime.status(id) != nil else { return }
    try runtime.stop(id, signal: signal, seconds: seconds)
    // Unless its swiftcr is there, which takes it down.
    guard kept.tryLock() else { return }
    try runtime.delete(id, force: true)
    if kept.record.removesOnExit { try remove(id, store) }
  }

  /// Each of several containers; what one fails with does not spare the others.
  private func each(of ids: [String], _ body: (String) throws -> Void) throws -> Int32 {
    var failed = false
    for id in ids {
      do {
        try body(id)
        Output.print("\(id)\n")
      } catch {
        log.error("\(error)")
        failed = true
      }
    }
    return failed ? 1 : 0
  }

  /// Removes a `--rm` container that has ended while nobody waited for it: detached, or its swiftcr was killed.
  func removeIfOver(_ id: String, _ store: ImageStore) throws -> Bool {
    guard let kept = try? KeptContainer(opening: id, in: store.layout), kept.record.removesOnExit, kept.tryLock()
    else { return false }
    let runtime = try runtime(root: kept.record.stateRoot)
    if let status = try runtime.status(id) {
      guard status == .stopped else { return false }
      try runtime.delete(id, force: false)
    }
    try remove(id, store)
    return true
  }

  /// The same for all of them.
  func removeAllOver() throws {
    let store = try ImageStore(globals)
    for id in try KeptContainer.ids(in: store.layout) { _ = try removeIfOver(id, store) }
  }

  /// Containers that are kept and have no state, as stopped; and those whose state is elsewhere.
  func keptStates(besides states: [ContainerState]) throws -> [ContainerState] {
    let store = try ImageStore(globals)
    let known = Set(states.map(\.id))
    return try KeptContainer.ids(in: store.layout).filter { !known.contains($0) }.map { id in
      let directory = "\(store.layout.kept)/\(id)"
      guard let kept = try? KeptContainer(opening: id, in: store.layout) else {
        return ContainerState(id: id, status: .stopped, pid: 0, bundle: directory)
      }
      if kept.record.stateRoot != stateRoot, let state = try? runtime(root: kept.record.stateRoot).state(id) {
        return state
      }
      return ContainerState(
        id: id, status: .stopped, pid: 0, bundle: directory, created: kept.record.created, owner: Self.ownerName)
    }
  }

  private static var ownerName: String { geteuid() == 0 ? "root" : "\(geteuid())" }
}
