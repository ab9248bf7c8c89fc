internal import CLinux
internal import Glibc

/// How a process ended.
public enum ExitStatus: Sendable, Equatable, CustomStringConvertible {
  case exited(Int32)
  case signaled(Int32)

  /// As a shell has it: 128 and the signal's number.
  public var code: Int32 {
    switch self {
    case .exited(let status): status
    case .signaled(let signal): 128 &+ signal
    }
  }

  /// Go's words, which engines print: `exit status 1`, `signal: killed`.
  public var description: String {
    switch self {
    case .exited(let code): return "exit status \(code)"
    case .signaled(let signal):
      guard let text = strsignal(signal) else { return "signal: \(signal)" }
      return "signal: \(String(cString: text).lowercased())"
    }
  }
}

extension ExitStatus {
  /// From a status as waitpid(2) encodes it; the bit for a core dump is passed over.
  public init(waitStatus: Int32) {
    let signal = waitStatus & 0x7f
    self = signal == 0 ? .exited((waitStatus >> 8) & 0xff) : .signaled(signal)
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
    guard let found = ProcessStat.read(pid), found.startTime == startTime, !found.isDead else { return nil }
    return ProcessHandle(pid: pid, pidfd: pidfd)
  }

  private init(pid: Int32, pidfd: consuming Descriptor) {
    self.pid = pid
    self.pidfd = pidfd
  }

  /// The start time of a process; `nil` if there is none.
  public static func startTime(of pid: Int32) -> UInt64? { ProcessStat.read(pid)?.startTime }

  /// Whether setgroups(2) is denied in its user namespace (user_namespaces(7)).
  public var deniesGroups: Bool {
    (try? readFile("/proc/\(pid)/setgroups", limit: 16)).map { $0.starts(with: Array("deny".utf8)) } ?? false
  }

  public func signal(_ signal: CInt) throws(SystemError) {
    guard clinux_kill(pidfd.number, signal) == 0 else { throw SystemError("signal process", "\(pid)") }
  }

  /// Waits until it has ended, `timeout` milliseconds at most.
  public func hasExited(timeout: CInt) throws(SystemError) -> Bool {
    try waitReadable([pidfd.number], timeout: timeout)[0]
  }
}

/// What `/proc/PID/stat` says about a process.
public struct ProcessStat: Sendable, Equatable {
  /// `R`, `S`, `D`, `T`, `Z` and so on (proc(5)).
  public var state: UInt8
  /// Clock ticks between the host's boot and the process's start: with the pid, a name that is never used twice.
  public var startTime: UInt64
  /// What waitpid(2) would give; means nothing unless the process is dead and may be looked into (ptrace(2)).
  public var waitStatus: Int32

  /// Whether there is nothing left of the process but its exit status.
  public var isDead: Bool { state == UInt8(ascii: "Z") || state == UInt8(ascii: "X") || state == UInt8(ascii: "x") }

  /// `nil` when there is no such process, or procfs does not show it.
  public static func read(_ pid: Int32) -> ProcessStat? {
    guard pid > 0, let bytes = try? readFile("/proc/\(pid)/stat", limit: 4096) else { return nil }
    return ProcessStat(parsing: bytes)
  }

  /// Reads fields 3, 22 and 52. Field 2, the name, is in parentheses, and a process may put anything in it, `) Z 1` too:
  /// only the last parenthesis ends it, since all that follows are numbers.
  public init?(parsing bytes: [UInt8]) {
    guard let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let fields = bytes[(end + 1)...].split(whereSeparator: { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") })
    guard fields.count >= 20, let state = fields[0].first, fields[0].count == 1 else { return nil }
    guard let startTime = UInt64(String(decoding: fields[19], as: UTF8.self)) else { return nil }
    self.state = state
    self.startTime = startTime
    // Field 52, since Linux 3.5.
    waitStatus = fields.count >= 50 ? Int32(String(decoding: fields[49], as: UTF8.self)) ?? 0 : 0
  }
}
