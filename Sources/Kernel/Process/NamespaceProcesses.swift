internal import CLinux
public import Glibc

/// The processes of a container that has no cgroup: those in its pid namespace.
public enum NamespaceProcesses {
  /// - Parameter initial: the container's first process. If it has no pid namespace of its own, it is all that is known.
  public static func list(of initial: pid_t) throws(SystemError) -> [pid_t] {
    guard let namespace = namespace("\(initial)"), namespace != self.namespace("self") else { return [initial] }
    let directory = try Descriptor.open("/proc", O_RDONLY | O_DIRECTORY)
    // More than `pid_max` allows on any machine.
    let names = try Directories.names(in: directory.number, limit: 1 << 23)
    return names.compactMap { pid_t($0) }.filter { self.namespace("\($0)") == namespace }.sorted()
  }

  /// Signals them all, each by a pidfd that was opened before the namespace was looked at.
  public static func signal(_ signal: CInt, of initial: pid_t) throws(SystemError) {
    guard let namespace = namespace("\(initial)") else { return }
    for pid in try list(of: initial) {
      let number = clinux_pidfd_open(pid)
      guard number >= 0 else { continue }
      let process = Descriptor(adopting: number)
      guard self.namespace("\(pid)") == namespace else { continue }
      if clinux_kill(process.number, signal) != 0, errno != ESRCH { throw SystemError("signal process", "\(pid)") }
    }
  }

  /// The inode of a process's pid namespace; `nil` if it is gone or somebody else's.
  private static func namespace(_ process: String) -> ino_t? {
    var status = stat()
    return stat("/proc/\(process)/ns/pid", &status) == 0 ? status.st_ino : nil
  }
}
