internal import Glibc
internal import Kernel
internal import OCI

extension Runtime {
  /// Removes everything that a container has, the state last: whatever happens on the way, the next `delete` goes on.
  func takeDown(_ journal: borrowing Journal) throws(ContainerError) {
    guard let record = journal.record else {
      journal.remove()
      return
    }
    var first: ContainerError?
    trace("step: remove cgroup")
    do throws(ContainerError) {
      try removeCgroup(of: record, isOwn: journal.hasCgroup)
    } catch {
      first = error
    }
    if let layer = record.layer {
      trace("step: remove container layer")
      do throws(ContainerError) { try removeLayer(layer, record) } catch { first = first ?? error }
    }
    runPoststop(journal, record)
    if let first { throw first }
    trace("step: remove state")
    journal.remove()
  }

  private func removeLayer(_ layer: String, _ record: ContainerRecord) throws(ContainerError) {
    if record.keepsLayer { ContainerLayer.detachMounts(layer) } else { try ContainerLayer.remove(layer) }
  }

  /// Their failure is only told (runtime.md, "Lifecycle").
  private func runPoststop(_ journal: borrowing Journal, _ record: ContainerRecord) {
    guard journal.pid > 0 || journal.hadHooks, let bytes = try? journal.config(), let spec = try? Spec.load(bytes),
      !spec.hooks.poststop.isEmpty
    else { return }
    let state = ContainerState(
      id: record.id, status: .stopped, pid: 0, bundle: record.bundle, annotations: record.annotations)
    for failure in HostHooks.runAll(spec.hooks.poststop, kind: "poststop", state: state) { warn("\(failure)") }
  }

  /// `delete`.
  public func delete(_ id: String, force: Bool) throws(ContainerError) {
    let journal: Journal
    do throws(ContainerError) {
      journal = try store.open(id, lock: true)
    } catch {
      if force, error.description == ContainerError.notFound.description { return }
      throw error
    }
    if let process = try journal.process() {
      let status = try state(of: journal).status
      // A created container runs nothing of its own yet: runc takes it down without asking.
      guard force || status == .created else {
        throw ContainerError("cannot delete container \(id) that is not stopped: \(status.rawValue)")
      }
      if status == .paused { try? resume(journal) }
      try end(process, id)
    }
    try takeDown(journal)
  }

  /// Stops the container's process, and removes everything.
  func destroy(_ journal: borrowing Journal) throws(ContainerError) {
    if let process = try journal.process() { try end(process, journal.id) }
    try takeDown(journal)
  }

  private func end(_ process: borrowing ProcessHandle, _ id: String) throws(ContainerError) {
    try kernel { () throws(SystemError) in
      do throws(SystemError) { try process.signal(SIGKILL) } catch {
        if error.errno != .noProcess { throw error }
      }
      guard try process.hasExited(timeout: 10_000) else {
        throw SystemError.refusal("container \(id) did not end within 10 s of SIGKILL")
      }
    }
  }

  /// `kill`.
  public func kill(_ id: String, signal: CInt, all: Bool) throws(ContainerError) {
    let journal = try store.open(id, lock: false)
    if all {
      guard let record = journal.record else { return }
      if let cgroup = try cgroup(of: record) {
        try kernel { () throws(SystemError) in try cgroup.kill(signal) }
      } else if let process = try journal.process() {
        try kernel { () throws(SystemError) in try NamespaceProcesses.signal(signal, of: process.pid) }
      }
      return
    }
    guard let process = try journal.process() else { throw ContainerError("container not running") }
    try kernel { () throws(SystemError) in try process.signal(signal) }
  }

  /// `pause`.
  public func pause(_ id: String) throws(ContainerError) {
    let journal = try store.open(id, lock: true)
    let status = try state(of: journal).status
    guard status == .running || status == .created, let record = journal.record else {
      throw ContainerError("container not running or created: \(status.rawValue)")
    }
    guard let cgroup = try cgroup(of: record) else { throw Self.noCgroup("pause", id) }
    try kernel { () throws(SystemError) in try cgroup.freeze() }
  }

  static func noCgroup(_ command: String, _ id: String) -> ContainerError {
    ContainerError("\(command): rootless container \(id) has no cgroup: none was delegated to the user who made it")
  }

  /// `resume`.
  public func resume(_ id: String) throws(ContainerError) {
    let journal = try store.open(id, lock: true)
    guard try state(of: journal).status == .paused else { throw ContainerError("container not paused") }
    try resume(journal)
  }

  private func resume(_ journal: borrowing Journal) throws(ContainerError) {
    guard let record = journal.record, let cgroup = try cgroup(of: record) else { return }
    try kernel { () throws(SystemError) in try cgroup.thaw() }
  }

  /// The pids of all of a container's processes, as the host sees them.
  public func processes(_ id: String) throws(ContainerError) -> [Int32] {
    let journal = try store.open(id, lock: false)
    guard let record = journal.record else { return [] }
    if let cgroup = try cgroup(of: record) {
      return try kernel { () throws(SystemError) in try cgroup.processes() }
    }
    guard let process = try journal.process() else { return [] }
    return try kernel { () throws(SystemError) in try NamespaceProcesses.list(of: process.pid) }
  }
}
