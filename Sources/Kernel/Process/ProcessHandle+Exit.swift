internal import CLinux
internal import Glibc

extension ProcessHandle {
  /// Waits until the process has ended, and finds out how, without being its parent.
  ///
  /// Whoever reaps the process takes the status away, but a kernel from 6.15 on keeps it for those who had a pidfd. On
  /// others it can be seen only until then, in `/proc/PID/stat`.
  /// - Returns: nil if the process was reaped, and the kernel does not tell.
  public func waitForExit() throws(SystemError) -> ExitStatus? {
    _ = try waitReadable([pidfd.number])
    if let status = keptStatus { return status }
    if let status = zombieStatus { return status }
    // It may have been reaped between the two.
    return keptStatus
  }

  private var keptStatus: ExitStatus? {
    var status: CInt = 0
    return clinux_exit_information(pidfd.number, &status) == 1 ? ExitStatus(waitStatus: status) : nil
  }

  private var zombieStatus: ExitStatus? {
    guard let found = ProcessStat.read(pid), found.isDead, mayLookInside else { return nil }
    // The pid is not given away before the process is reaped: it was still there after the file had been read.
    guard clinux_kill(pidfd.number, 0) == 0 else { return nil }
    return ExitStatus(waitStatus: found.waitStatus)
  }

  /// Without the right to trace the process, its status reads 0. The link of its program needs the same right, and a dead
  /// process has none.
  private var mayLookInside: Bool {
    var byte: CChar = 0
    return readlink("/proc/\(pid)/exe", &byte, 1) >= 0 || errno == ENOENT
  }
}
