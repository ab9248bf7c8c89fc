internal import CLinux
internal import Glibc

/// A moment of the monotonic clock, for calls that a signal may interrupt.
public struct Deadline: Sendable {
  /// In nanoseconds; `nil` never comes.
  private let end: Int64?

  /// Below zero: never.
  public init(milliseconds: CInt) {
    end = milliseconds < 0 ? nil : MonotonicClock.now + Int64(milliseconds) * 1_000_000
  }

  /// `nil`: never.
  public init(seconds: Int?) {
    end = seconds.map { MonotonicClock.now + Int64(clamping: min(max($0, 0), 1 << 30)) * 1_000_000_000 }
  }

  /// For poll(2): rounded up, so that a timeout never comes early; -1 is for ever.
  public var remaining: CInt {
    guard let end else { return -1 }
    return CInt(clamping: max(0, (end - MonotonicClock.now + 999_999) / 1_000_000))
  }
}
