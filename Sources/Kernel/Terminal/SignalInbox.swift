internal import CLinux
internal import Glibc

/// The signals of this process, as something to read: none of them ends it half-way.
public struct SignalInbox: ~Copyable, Sendable {
  public let descriptor: Descriptor

  /// Blocks every signal that is not a fault of the program's own, from now on.
  public init() throws(SystemError) {
    var before: UInt64 = 0
    guard clinux_block_signals(&before) == 0 else { throw SystemError("block signals") }
    let number = clinux_signal_descriptor()
    guard number >= 0 else { throw SystemError("open signal descriptor") }
    descriptor = Descriptor(adopting: number)
  }

  /// The next signal that is there, if any.
  public func next() -> CInt? {
    let signal = clinux_next_signal(descriptor.number)
    return signal > 0 ? signal : nil
  }
}

/// Waits until one of the descriptors can be read, or was closed at its other end.
///
/// - Returns: for each whether it is so; all false when `timeout` (milliseconds, -1 for none) has passed.
public func waitReadable(_ descriptors: [CInt], timeout: CInt = -1) throws(SystemError) -> [Bool] {
  var entries = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
  let count = retrying { poll(&entries, nfds_t(entries.count), timeout) }
  guard count >= 0 else { throw SystemError("poll") }
  return entries.map { $0.revents != 0 }
}
