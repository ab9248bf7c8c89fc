internal import Kernel
public import OCI

/// The commands on containers. One value serves one command of the command line.
public struct Runtime: ~Copyable {
  let store: StateStore
  /// Called with each phase of a launch or take-down, for `--debug`.
  let trace: (String) -> Void
  /// Called with what is wrong but no reason to stop.
  let warn: (String) -> Void

  public init(
    root: String, trace: @escaping (String) -> Void, warn: @escaping (String) -> Void
  ) throws(ContainerError) {
    store = try StateStore(root: root)
    self.trace = trace
    self.warn = warn
  }

  /// The state of one container.
  public func state(_ id: String) throws(ContainerError) -> ContainerState {
    let journal = try store.open(id, lock: false)
    var state = try state(of: journal)
    // Whoever makes a container holds its lock all the while, and nobody else holds it before there is a process.
    if journal.pid == 0, journal.isBusy() { state.status = .creating }
    return state
  }

  /// The states of all containers, by id.
  public func states() throws(ContainerError) -> [ContainerState] {
    var states: [ContainerState] = []
    for id in try store.ids() {
      // One that was deleted meanwhile is none.
      if let state = try? state(id) { states.append(state) }
    }
    return states
  }

  func state(of journal: borrowing Journal) throws(ContainerError) -> ContainerState {
    guard let record = journal.record else {
      return ContainerState(id: journal.id, status: .stopped, pid: 0, bundle: "")
    }
    let isAlive = try journal.process() != nil
    var status = ContainerState.Status.stopped
    if isAlive { status = journal.isStarted ? .running : .created }
    if status == .running, (try? cgroup(of: record)?.state()) == .paused { status = .paused }
    return ContainerState(
      id: record.id, status: status, pid: isAlive ? journal.pid : 0, bundle: record.bundle,
      annotations: record.annotations, rootfs: record.rootfs, created: record.created, owner: userName(record.owner))
  }

  private func userName(_ uid: UInt32) -> String { uid == 0 ? "root" : "\(uid)" }
}
