internal import CLinux
public import Glibc

extension Cgroup {
  /// More than `pid_max` allows on any machine: a bound on what a container can make its runtime remember.
  private static let limit = 1 << 23

  /// The ids of all of the container's processes, those in cgroups that it made itself included.
  ///
  /// A list of the past: any of them may have exited. Empty if the cgroup is not there (any more).
  public func processes() throws(SystemError) -> [pid_t] {
    guard let directory = processDirectory else { return [] }
    return try Self.processes(in: directory.path)
  }

  static func processes(in path: String) throws(SystemError) -> [pid_t] {
    var seen: Set<pid_t> = []
    var isTop = true
    do throws(SystemError) {
      try CgroupTree.walk(
        path,
        enter: { (directory) throws(SystemError) in
          var bytes: [UInt8] = []
          do throws(SystemError) {
            bytes = try readFile("cgroup.procs", limit: limit * 8, at: directory)
          } catch {
            // Threaded cgroups do not say. Below the top their processes are listed by the domain above them.
            guard error.errno == .notSupported else { throw error }
            if isTop { bytes = try readFile("cgroup.threads", limit: limit * 8, at: directory) }
          }
          isTop = false
          // 0 is a process of another pid namespace.
          for pid in parse(bytes) where pid > 0 { seen.insert(pid) }
        }, leave: { (_, _) throws(SystemError) in })
    } catch {
      guard isGone(error.errno) else { throw error }
    }
    return seen.sorted()
  }

  static func isGone(_ error: Errno) -> Bool { error == .noEntry || error.code == ENODEV }

  static func parse(_ bytes: [UInt8]) -> [pid_t] {
    var pids: [pid_t] = []
    var value: pid_t?
    for byte in bytes {
      if (48...57).contains(byte) {
        value = (value ?? 0) &* 10 &+ pid_t(byte - 48)
      } else if let pid = value {
        pids.append(pid)
        value = nil
      }
    }
    if let pid = value { pids.append(pid) }
    return pids
  }

  /// Sends a signal to all of the container's processes. SIGKILL reaches those as well that are forked meanwhile, and paused
  /// ones. This process itself is left out.
  /// - Throws: the reason if a process could not be signalled (one that has exited is no failure).
  public func kill(_ signal: CInt) throws(SystemError) {
    guard signal == SIGKILL else { return try signalEach(signal) }
    if try killUnified() {
      // v1's freezer holds processes that are to die; v2's lets them go, and would stop what comes into the cgroup later.
      try? thaw()
      if placement.layout == .unified { return }
      // v1's hierarchies may have a process that somebody moved out of v2.
      return try signalEach(signal)
    }
    // Frozen processes cannot fork away from the list. Without a freezer whoever waits for the end has to ask again.
    try? freeze()
    defer { try? thaw() }
    try signalEach(signal)
  }

  /// `cgroup.kill`, in one step and without a race: since 5.14, on a hybrid host too, whose bare cgroup2 has every process.
  /// - Returns: false if there is no such thing, or if it would hit this process.
  private func killUnified() throws(SystemError) -> Bool {
    guard let unified = placement.unified else { return false }
    if try Self.processes(in: unified.path).contains(getpid()) { return false }
    do throws(SystemError) {
      try writeControl("1", to: "\(unified.path)/cgroup.kill")
      return true
    } catch {
      // Not supported: a threaded cgroup.
      guard Self.isGone(error.errno) || error.errno == .notSupported else { throw error }
      return false
    }
  }

  /// One process at a time, by pidfd.
  ///
  /// A pid may be another's by the time it is used. If it is still in the cgroup after its pidfd was opened, and the pidfd
  /// then still takes a signal, it was that process all the time, because a pid is not given away before it is reaped.
  private func signalEach(_ signal: CInt) throws(SystemError) {
    guard let directory = processDirectory else { return }
    try Self.signalEach(signal, in: directory.path)
  }

  static func signalEach(_ signal: CInt, in path: String) throws(SystemError) {
    let own = getpid()
    var rest = try processes(in: path)[...]
    while !rest.isEmpty {
      // Bounded, for the limit of open files.
      let some = rest.prefix(128)
      rest = rest.dropFirst(128)
      var opened: [(pid: pid_t, descriptor: CInt)] = []
      defer { for process in opened { close(process.descriptor) } }
      for pid in some where pid != own {
        let descriptor = clinux_pidfd_open(pid)
        if descriptor >= 0 {
          opened.append((pid, descriptor))
        } else if errno != ESRCH && errno != EINVAL {
          // EINVAL: a thread of a threaded cgroup; its process is signalled by its own id.
          throw SystemError("open process", "\(pid)")
        }
      }
      let members = Set(try processes(in: path))
      for process in opened where members.contains(process.pid) {
        if clinux_kill(process.descriptor, signal) != 0 && errno != ESRCH {
          throw SystemError("send signal \(signal) to process", "\(process.pid)")
        }
      }
    }
  }
}
