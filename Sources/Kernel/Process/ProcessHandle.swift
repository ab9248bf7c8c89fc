internal import CLinux
internal import Glibc

/// How a process ended.
public enum ExitStatus: Sendable, Equatable {
  case exited(Int32)
  case signaled(Int32)

  /// As a shell has it: 128 and the signal's number.
  public var code: Int32 {
    switch self {
    case .exited(let status): status
    case .signaled(let signal): 128 + signal
    }
  }
}

/// A process that cannot be mistaken for the next owner of its pid.
public struct ProcessHandle: ~Copyable, Sendable {
  public let pid: Int32
  public let pidfd: Descriptor

  /// Opens a process that was seen before; `nil` if it is gone or somebody else has its pid.
  ///
  /// - Parameter startTime: field 22 of `/proc/PID/stat`, in clock ticks since boot.
  public static func open(pid: Int32, startTime: UInt64) throws(SystemError) -> ProcessHandle? {
    let number = clinux_pidfd_open(pid)
    guard number >= 0 else {
      if errno == ESRCH || errno == EINVAL { return nil }
      throw SystemError("open process", "\(pid)")
    }
    let pidfd = Descriptor(adopting: number)
    // Looked at after the pidfd is open: from now on the pid cannot be given to another process unseen.
    guard let found = Self.stat(of: pid), found.startTime == startTime, !found.isZombie else { return nil }
    return ProcessHandle(pid: pid, pidfd: pidfd)
  }

  private init(pid: Int32, pidfd: consuming Descriptor) {
    self.pid = pid
    self.pidfd = pidfd
  }

  /// The start time of a process; `nil` if there is none.
  public static func startTime(of pid: Int32) -> UInt64? { stat(of: pid)?.startTime }

  private static func stat(of pid: Int32) -> (startTime: UInt64, isZombie: Bool)? {
    guard let bytes = try? readFile("/proc/\(pid)/stat", limit: 4096) else { return nil }
    // The command's name may hold anything, parentheses too: fields are counted from the last one.
    guard let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let fields = bytes[(end + 1)...].split(separator: UInt8(ascii: " "))
    guard fields.count > 19, let time = UInt64(String(decoding: fields[19], as: UTF8.self)) else { return nil }
    let state = fields[0].first
    return (time, state == UInt8(ascii: "Z") || state == UInt8(ascii: "X"))
  }

  public func signal(_ signal: CInt) throws(SystemError) {
    guard clinux_kill(pidfd.number, signal) == 0 else { throw SystemError("signal process", "\(pid)") }
  }

  /// Waits until it has ended, `timeout` milliseconds at most.
  public func hasExited(timeout: CInt) throws(SystemError) -> Bool {
    try waitReadable([pidfd.number], timeout: timeout)[0]
  }
}
