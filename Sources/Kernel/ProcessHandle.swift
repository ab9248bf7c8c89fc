internal import CLinux
internal import Glibc

/// How a process ended.
public enum ExitStatus: Sendable, Equatable, CustomStringConvertible {
  case exited(CInt)
  case signalled(CInt)

  /// What a shell would report: 128 and the signal's number for a process that a signal ended.
  public var code: CInt {
    switch self {
    case .exited(let code): code
    case .signalled(let signal): 128 &+ signal
    }
  }

  /// Go's words, which engines print: `exit status 1`, `signal: killed`.
  public var description: String {
    switch self {
    case .exited(let code): return "exit status \(code)"
    case .signalled(let signal):
      guard let text = strsignal(signal) else { return "signal: \(signal)" }
      return "signal: \(String(cString: text).lowercased())"
    }
  }
}

/// A process by a pidfd: unlike a pid, it never comes to mean another process.
public struct ProcessHandle: ~Copyable, Sendable {
  /// The pidfd.
  public let descriptor: Descriptor

  /// Takes over a pidfd, from `CLONE_PIDFD` say.
  public init(adopting pidfd: consuming Descriptor) { descriptor = pidfd }

  /// Opens whatever process has this pid now.
  ///
  /// - Throws: `ESRCH` when there is none, `EINVAL` when the number is a thread's that leads no process.
  public static func open(_ pid: Int32) throws(SystemError) -> ProcessHandle {
    let number = clinux_pidfd_open(pid)
    guard number >= 0 else { throw SystemError("open process", "\(pid)") }
    return ProcessHandle(adopting: Descriptor(adopting: number))
  }

  /// Opens the process that had this pid and started at this time; `nil` when it is gone, also if the pid is
  /// another's by now.
  ///
  /// The pidfd comes first: a process that is compared while it is held cannot be replaced in between.
  public static func open(_ pid: Int32, startTime: UInt64) throws(SystemError) -> ProcessHandle? {
    guard pid > 0 else { return nil }
    let number = clinux_pidfd_open(pid)
    guard number >= 0 else {
      let error = SystemError("open process", "\(pid)")
      if error.errno == .noProcess || error.errno == .invalid { return nil }
      throw error
    }
    let handle = ProcessHandle(adopting: Descriptor(adopting: number))
    guard ProcessStat.read(pid)?.startTime == startTime else { return nil }
    return handle
  }

  /// Sends a signal; 0 only asks whether that would be possible.
  ///
  /// - Throws: `ESRCH` when the process has been waited for.
  public func sendSignal(_ signal: CInt) throws(SystemError) {
    guard clinux_pidfd_signal(descriptor.number, signal) == 0 else {
      throw SystemError("send signal \(signal)")
    }
  }

  /// Whether the process has ended, a zombie included; waits up to `timeout` milliseconds for it, -1 is for ever.
  public func exited(timeout: CInt = 0) throws(SystemError) -> Bool {
    var request = pollfd(fd: descriptor.number, events: Int16(POLLIN), revents: 0)
    let deadline = Deadline(milliseconds: timeout)
    while true {
      let count = poll(&request, 1, deadline.remaining)
      if count >= 0 { return count > 0 }
      guard errno == EINTR else { throw SystemError("wait for process") }
    }
  }

  /// Waits for a child of this process and reaps it.
  ///
  /// - Throws: `ECHILD` when it is no child, or was reaped before.
  public func wait() throws(SystemError) -> ExitStatus {
    var status: CInt = 0
    switch clinux_pidfd_wait(descriptor.number, &status) {
    case 1: return .exited(status)
    case 2: return .signalled(status)
    default: throw SystemError("wait for child")
    }
  }
}

/// What `/proc/PID/stat` says about a process.
public struct ProcessStat: Sendable, Equatable {
  /// `R`, `S`, `D`, `T`, `Z` and so on (proc(5)).
  public var state: UInt8
  /// Clock ticks between the host's boot and the process's start: with the pid, a name that is never used twice.
  public var startTime: UInt64

  /// Whether there is nothing left of the process but its exit status.
  public var isDead: Bool { state == UInt8(ascii: "Z") || state == UInt8(ascii: "X") || state == UInt8(ascii: "x") }

  /// `nil` when there is no such process, or procfs does not show it.
  public static func read(_ pid: Int32) -> ProcessStat? {
    guard pid > 0, let bytes = try? readFile("/proc/\(pid)/stat", limit: 4096) else { return nil }
    return ProcessStat(parsing: bytes)
  }

  /// Reads fields 3 and 22. Field 2, the name, is in parentheses, and a process may put anything in it, `) Z 1` too:
  /// only the last parenthesis ends it, since all that follows are numbers.
  public init?(parsing bytes: [UInt8]) {
    guard let end = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let fields = bytes[(end + 1)...].split(whereSeparator: { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") })
    guard fields.count >= 20, let state = fields[0].first, fields[0].count == 1 else { return nil }
    guard let startTime = UInt64(String(decoding: fields[19], as: UTF8.self)) else { return nil }
    self.state = state
    self.startTime = startTime
  }
}

/// A moment of the monotonic clock, for calls that a signal may interrupt.
struct Deadline {
  /// In nanoseconds; `nil` never comes.
  private let end: Int64?

  /// Below zero: never.
  init(milliseconds: CInt) {
    end = milliseconds < 0 ? nil : Self.now + Int64(milliseconds) * 1_000_000
  }

  /// `nil`: never.
  init(seconds: Int?) {
    end = seconds.map { Self.now + Int64(clamping: min(max($0, 0), 1 << 30)) * 1_000_000_000 }
  }

  /// For poll(2): rounded up, so that a timeout never comes early; -1 is for ever.
  var remaining: CInt {
    guard let end else { return -1 }
    return CInt(clamping: max(0, (end - Self.now + 999_999) / 1_000_000))
  }

  private static var now: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
