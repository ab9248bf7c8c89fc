internal import CLinux
internal import Glibc
public import Kernel
internal import OCI

extension Runtime {
  /// `start`: lets a created container execute its program, and hears of it if that fails.
  ///
  /// A container that could not be started, or whose `poststart` hooks fail, is stopped and destroyed (runtime.md,
  /// "Lifecycle"): it can never run again.
  ///
  /// - Parameter manager: waits until the container says that it is ready, if it was created for that.
  public func start(_ id: String, manager: ServiceManager?) throws(ContainerError) {
    var journal = try store.open(id, lock: true)
    let state = try state(of: journal)
    guard state.status == .created else {
      let reason =
        state.status == .stopped
        ? "cannot start a container that has stopped" : "cannot start an already running container"
      throw ContainerError(reason)
    }
    let number = clinux_stream_socket(0)
    guard number >= 0 else { throw ContainerError(SystemError("make socket")) }
    let socket = Descriptor(adopting: number)
    guard clinux_connect(number, journal.startSocket) == 0 else {
      throw ContainerError(SystemError("connect to the created container", id))
    }
    let readiness = try Readiness(manager, id, in: store)
    try journal.noteStarted()
    let link = StageLink(socket: PacketSocket(descriptor: socket), steps: [])
    do throws(ContainerError) {
      try link.answer()
      while true {
        if case .gone = try link.next() { break }
      }
      unlink(journal.startSocket)
      try runPoststart(try Self.spec(of: journal), journal)
    } catch {
      try? destroy(journal)
      throw error
    }
    if let readiness, let process = try journal.process() {
      journal.unlock()
      try readiness.wait(process.pid, pidfd: process.pidfd.number)
    }
  }

  func runPoststart(_ spec: Spec, _ journal: borrowing Journal) throws(ContainerError) {
    guard !spec.hooks.poststart.isEmpty else { return }
    try HostHooks.run(spec.hooks.poststart, kind: "poststart", state: try state(of: journal))
  }

  /// config.json as the container was made from it.
  static func spec(of journal: borrowing Journal) throws(ContainerError) -> Spec {
    let bytes = try journal.config()
    do throws(SpecFaults) { return try Spec.load(bytes) } catch { throw ContainerError("\(error)") }
  }
}
