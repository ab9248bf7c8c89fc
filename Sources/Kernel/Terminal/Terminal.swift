internal import CLinux
internal import Glibc

/// A terminal in raw mode; as it was before when this value goes.
public struct RawTerminal: ~Copyable, Sendable {
  private let number: CInt
  private let saved: [UInt8]

  /// - Returns: `nil` if the descriptor is no terminal.
  public init?(_ number: CInt) {
    var saved = [UInt8](repeating: 0, count: 64)
    guard clinux_terminal_raw(number, &saved) == 0 else { return nil }
    self.number = number
    self.saved = saved
  }

  /// As it was before.
  public func restore() { _ = clinux_terminal_restore(number, saved) }

  deinit { restore() }
}

/// Terminal calls that need no state.
public enum Terminal {
  /// Prepares a container's terminal, before its program sees it, for being relayed to another one: the size is that
  /// one's, and so is the carriage return before each newline.
  public static func join(master: CInt, to outer: CInt) {
    copySize(from: outer, to: master)
    _ = clinux_terminal_keep_newlines(master)
  }

  /// Gives one terminal the window size of another; what is no terminal is left alone.
  public static func copySize(from: CInt, to: CInt) { _ = clinux_copy_window_size(from, to) }

  /// Copies what can be read from one descriptor to another, at most one buffer.
  ///
  /// - Returns: false at the end: end of file, or EIO of a master whose slaves are all closed.
  public static func copy(from: CInt, to: CInt) -> Bool {
    var buffer = [UInt8](repeating: 0, count: 16384)
    let count = retrying { read(from, &buffer, buffer.count) }
    guard count > 0 else { return count < 0 && errno == EAGAIN }
    var written = 0
    while written < count {
      let result = buffer.withUnsafeBytes { bytes in
        retrying { write(to, bytes.baseAddress?.advanced(by: written), count - written) }
      }
      if result < 0 {
        // A terminal that its user made non-blocking: wait until it takes more.
        guard errno == EAGAIN else { return false }
        var entry = pollfd(fd: to, events: Int16(POLLOUT), revents: 0)
        _ = poll(&entry, 1, -1)
        continue
      }
      written += result
    }
    return true
  }

  /// Hands a descriptor to whoever listens at a socket: a terminal's master (`--console-socket`), a pidfd, a listener.
  public static func send(_ descriptor: CInt, toSocket path: String, message: [UInt8]? = nil) throws(SystemError) {
    let socket = clinux_stream_socket(0)
    guard socket >= 0 else { throw SystemError("make socket") }
    defer { close(socket) }
    guard clinux_connect(socket, path) == 0 else { throw SystemError("connect to socket", path) }
    // runc's message is the slave's name; receivers only look at the descriptor.
    let name = message ?? Array("/dev/pts/ptmx".utf8)
    guard clinux_send(socket, name, name.count, descriptor) == name.count else {
      throw SystemError("send descriptor to", path)
    }
  }
}
