internal import Glibc
public import Kernel

extension Runtime {
  /// `wait`: waits until a container ends, as anybody, not only as its parent.
  ///
  /// - Throws: also when it has stopped already, since nobody wrote down how, and when the kernel does not tell.
  public func wait(_ id: String) throws(ContainerError) -> ExitStatus {
    let journal = try store.open(id, lock: false)
    guard let process = try journal.process() else {
      throw ContainerError("container \(id) has stopped already: how it ended cannot be known any more")
    }
    let status: ExitStatus?
    do throws(SystemError) { status = try process.waitForExit() } catch { throw ContainerError(error) }
    guard let status else {
      throw ContainerError(
        "container \(id) has ended, how cannot be known: only its parent hears of it before Linux 6.15")
    }
    return status
  }
}
