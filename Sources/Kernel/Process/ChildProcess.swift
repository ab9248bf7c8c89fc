internal import CLinux
internal import Glibc

/// Children of this process, by pidfd.
public enum ChildProcess {
  /// Takes the status of a child that has ended or is about to; `nil` if it is not ours.
  @discardableResult
  public static func reap(_ pidfd: CInt) -> ExitStatus? {
    var signaled: CInt = 0
    let status = retrying { clinux_wait(pidfd, &signaled) }
    guard status >= 0 else { return nil }
    return signaled != 0 ? .signaled(status) : .exited(status)
  }

  /// Signals a child; one that has ended needs none.
  public static func signal(_ pidfd: CInt, _ signal: CInt) { _ = clinux_kill(pidfd, signal) }

  /// Kills a child and takes its status.
  public static func end(_ pidfd: CInt) {
    _ = clinux_kill(pidfd, SIGKILL)
    reap(pidfd)
  }
}

/// A process that only keeps a user namespace with these maps alive, and ends with this value.
public struct NamespaceHolder: ~Copyable, Sendable {
  public let namespace: Descriptor
  private let pidfd: Descriptor

  /// The maps as user_namespaces(7) has them.
  public init(uidMap: String, gidMap: String) throws(SystemError) {
    let pair = try PacketPair()
    var number: CInt = -1
    let pid = clinux_hold_namespace(clinux_clone_newuser, pair.theirs.number, &number)
    guard pid > 0 else { throw SystemError("make user namespace") }
    let child = Descriptor(adopting: number)
    let opened: CInt
    do throws(SystemError) {
      try writeControl(uidMap, to: "/proc/\(pid)/uid_map")
      try writeControl(gidMap, to: "/proc/\(pid)/gid_map")
      opened = try Descriptor.open("/proc/\(pid)/ns/user", O_RDONLY).release()
    } catch {
      ChildProcess.end(child.number)
      throw error
    }
    namespace = Descriptor(adopting: opened)
    pidfd = child
  }

  deinit { ChildProcess.end(pidfd.number) }
}
