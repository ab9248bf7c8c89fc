internal import CLinux
internal import Glibc
public import OCI

/// The clock that nobody sets: for how long something takes.
public enum MonotonicClock {
  /// Nanoseconds since some moment.
  public static var now: Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

extension Timestamp {
  /// The present moment.
  public static var now: Timestamp {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Timestamp(seconds: Int64(time.tv_sec), nanoseconds: UInt32(clamping: time.tv_nsec))
  }

  /// The present second: what log lines have.
  public static var thisSecond: Timestamp { Timestamp(seconds: now.seconds) }
}
