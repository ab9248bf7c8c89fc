internal import CLinux
internal import Glibc

/// A new process that executes a sealed image, in new namespaces.
public enum Launch {
  /// clone3(2) and execveat(2): between the two only C runs.
  ///
  /// - Parameters:
  ///   - flags: `CLONE_NEW…`.
  ///   - cgroup: a cgroup v2 directory to start in, or -1.
  ///   - scope: what `cgroup` is of, if systemd keeps it: for a user who has the right to that cgroup, and none to what
  ///     it has in common with this process's own (EACCES, cgroup v2: "Delegation Containment"), systemd moves processes.
  ///   - kept: descriptors that the program inherits under their numbers.
  ///   - report: where the child sends its errno (4 bytes) if it cannot execute the image.
  /// - Throws: also when this process has a second thread: clone3 would copy a locked heap.
  public static func start(
    image: borrowing Descriptor, flags: UInt64, cgroup: CInt, kept: [CInt], report: CInt,
    scope: SystemdScope? = nil
  ) throws(SystemError) -> LaunchedProcess {
    guard clinux_thread_count() == 1 else { throw SystemError.refusal("launch: this process has more than one thread") }
    var pidfd: CInt = -1
    let number = image.number
    func launch(_ start: (inout clinux_launch) -> Int32) -> Int32 {
      kept.withUnsafeBufferPointer { buffer in
        var launch = clinux_launch(
          flags: flags, cgroup: cgroup, program: number, kept: buffer.baseAddress, kept_count: CInt(buffer.count),
          report: report)
        return start(&launch)
      }
    }
    let pid = launch { clinux_start(&$0, &pidfd) }
    if pid > 0 { return LaunchedProcess(pid: pid, pidfd: Descriptor(adopting: pidfd)) }
    guard errno == EACCES, let scope else { throw SystemError("clone3") }
    let pair = try PacketPair()
    let channel = pair.theirs.number
    let proxy = launch { clinux_start_later(&$0, channel, &pidfd) }
    guard proxy > 0 else { throw SystemError("clone3") }
    let handle = Descriptor(adopting: pidfd)
    defer { ChildProcess.end(handle.number) }
    try scope.attach(proxy)
    return try finish(pair.keepOurs())
  }

  private static func finish(_ channel: consuming PacketSocket) throws(SystemError) -> LaunchedProcess {
    try channel.send(1)
    var answer: Int32 = 0
    guard try channel.receive(into: &answer) != nil else { throw SystemError("clone3", errno: .noProcess) }
    guard answer > 0 else { throw SystemError("clone3", errno: Errno(-answer)) }
    return try LaunchedProcess(child: answer)
  }

  /// A descriptor of another process, by its number there (`pidfd_getfd`, Linux 5.6).
  public static func descriptor(_ number: CInt, of pidfd: CInt) throws(SystemError) -> Descriptor {
    let copy = clinux_pidfd_getfd(pidfd, number)
    guard copy >= 0 else { throw SystemError("take descriptor") }
    return Descriptor(adopting: copy)
  }
}

/// A child of this process.
public struct LaunchedProcess: ~Copyable, Sendable {
  public let pid: Int32
  public let pidfd: Descriptor

  public init(pid: Int32, pidfd: consuming Descriptor) {
    self.pid = pid
    self.pidfd = pidfd
  }

  /// A child that somebody else made for this process. It may have ended by now; as nobody has waited for it, the pid is
  /// still its own.
  public init(child pid: Int32) throws(SystemError) {
    let number = clinux_pidfd_open(pid)
    guard number >= 0 else { throw SystemError("open pidfd of", "\(pid)") }
    self.init(pid: pid, pidfd: Descriptor(adopting: number))
  }
}
