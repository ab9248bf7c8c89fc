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

/// A child that does nothing, and ends with this value or with this process.
public struct IdleProcess: ~Copyable, Sendable {
  public let pid: Int32
  private let pidfd: Descriptor

  /// - Parameter flags: `CLONE_NEW…`.
  public init(flags: UInt64 = 0) throws(SystemError) {
    var number: CInt = -1
    pid = clinux_idle(flags, &number)
    guard pid > 0 else { throw SystemError("make process", flags == 0 ? "" : "in a new namespace") }
    pidfd = Descriptor(adopting: number)
  }

  deinit { ChildProcess.end(pidfd.number) }
}

/// A user namespace with these maps and no process in it.
public struct MappedNamespace: ~Copyable, Sendable {
  public let descriptor: Descriptor

  /// The maps as user_namespaces(7) has them.
  public init(uidMap: String, gidMap: String) throws(SystemError) {
    let maker = try IdleProcess(flags: clinux_clone_newuser)
    try writeControl(uidMap, to: "/proc/\(maker.pid)/uid_map")
    try writeControl(gidMap, to: "/proc/\(maker.pid)/gid_map")
    descriptor = try Descriptor.open("/proc/\(maker.pid)/ns/user", O_RDONLY)
  }
}
