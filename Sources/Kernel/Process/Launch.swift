internal import CLinux
internal import Glibc

/// A new process that executes a sealed image, in new namespaces.
public enum Launch {
  /// clone3(2) and execveat(2): between the two only C runs.
  ///
  /// - Parameters:
  ///   - flags: `CLONE_NEW…`.
  ///   - cgroup: a cgroup v2 directory to start in, or -1.
  ///   - kept: descriptors that the program inherits under their numbers.
  ///   - report: where the child sends its errno (4 bytes) if it cannot execute the image.
  /// - Throws: also when this process has a second thread: clone3 would copy a locked heap.
  public static func start(
    image: borrowing Descriptor, flags: UInt64, cgroup: CInt, kept: [CInt], report: CInt
  ) throws(SystemError) -> LaunchedProcess {
    guard clinux_thread_count() == 1 else { throw SystemError.refusal("launch: this process has more than one thread") }
    var pidfd: CInt = -1
    let number = image.number
    let pid = kept.withUnsafeBufferPointer { buffer in
      var launch = clinux_launch(
        flags: flags, cgroup: cgroup, program: number, kept: buffer.baseAddress, kept_count: CInt(buffer.count),
        report: report)
      return clinux_start(&launch, &pidfd)
    }
    guard pid > 0 else { throw SystemError("clone3") }
    return LaunchedProcess(pid: pid, pidfd: Descriptor(adopting: pidfd))
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
}
