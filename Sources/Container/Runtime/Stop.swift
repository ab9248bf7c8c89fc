internal import Glibc
internal import Kernel
public import OCI

extension Runtime {
  /// Asks a container's process to end, and kills it if it has not after a while; one that has ended needs neither.
  public func stop(_ id: String, signal: CInt, seconds: Int32) throws(ContainerError) {
    let journal = try store.open(id, lock: false)
    guard let process = try journal.process() else { return }
    // A paused one would hear of it later only.
    if try state(of: journal).status == .paused { try? resume(id) }
    try kernel { () throws(SystemError) in
      do throws(SystemError) { try process.signal(signal) } catch {
        if error.errno != .noProcess { throw error }
      }
      if try process.hasExited(timeout: seconds * 1000) { return }
      try process.signal(SIGKILL)
      guard try process.hasExited(timeout: 10_000) else {
        throw SystemError.refusal("container \(id) did not end within 10 s of SIGKILL")
      }
    }
  }

  /// The status of a container; `nil` when there is none of that id.
  public func status(_ id: String) throws(ContainerError) -> ContainerState.Status? {
    do throws(ContainerError) {
      return try state(id).status
    } catch {
      if error.description == ContainerError.notFound.description { return nil }
      throw error
    }
  }
}
