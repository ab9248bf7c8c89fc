internal import CLinux
internal import Glibc
public import OCI

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
