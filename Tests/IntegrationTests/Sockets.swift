import CLinux
import Foundation
import Glibc

/// The other end of `--console-socket`, `--pidfd-socket` or a seccomp agent's socket: receives one message with one
/// descriptor.
final class Listener {
  let path: String
  private let socket: Int32

  init(_ path: String) throws {
    self.path = path
    socket = clinux_stream_socket(1)
    guard clinux_bind_and_listen(socket, path) == 0 else {
      throw HostError(description: "\(path): \(String(cString: strerror(errno)))")
    }
  }

  deinit {
    close(socket)
    unlink(path)
  }

  struct Message {
    var text: String
    var handle: Handle
    /// Whether the sender has closed the connection after it.
    var isLast = false
  }

  /// Whether nobody has connected, for cases in which nothing may be sent.
  var isQuiet: Bool {
    var poll = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
    return Glibc.poll(&poll, 1, 0) == 0
  }

  /// The message of the next one who connects.
  func receive() throws -> Message {
    var connection: Int32 = -1
    try Host.wait(for: "a connection at \(path)") {
      connection = accept(socket, nil, nil)
      return connection >= 0
    }
    defer { close(connection) }
    var bytes = [UInt8](repeating: 0, count: 65536)
    var fd: Int32 = -1
    // The connection blocks: whoever connects either sends or closes, and both end the wait.
    let count = clinux_receive(connection, &bytes, bytes.count, &fd)
    guard count > 0, fd >= 0 else { throw HostError(description: "\(path): \(count) bytes, descriptor \(fd)") }
    var message = Message(text: String(decoding: bytes.prefix(Int(count)), as: UTF8.self), handle: Handle(fd))
    var rest = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
    var byte: UInt8 = 0
    message.isLast = poll(&rest, 1, 5000) == 1 && recv(connection, &byte, 1, 0) == 0
    return message
  }
}

/// A descriptor that was received; closed when it is dropped.
final class Handle {
  let fd: Int32

  init(_ fd: Int32) { self.fd = fd }

  deinit { close(fd) }

  /// What it is open on: `/dev/pts/0`, `anon_inode:[pidfd]`.
  var target: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(fd)")) ?? ""
  }

  /// A field of its fdinfo, as `Pid` of a pidfd.
  func information(_ field: String) -> String {
    for line in Host.read("/proc/self/fdinfo/\(fd)").split(separator: "\n") where line.hasPrefix("\(field):") {
      return line.dropFirst(field.count + 1).trimmingCharacters(in: .whitespaces)
    }
    return ""
  }

  func write(_ text: String) {
    let bytes = Array(text.utf8)
    _ = Glibc.write(fd, bytes, bytes.count)
  }

  /// Reads a terminal's master until what came contains a text, or without one until all slaves are closed (EIO).
  func read(until wanted: String? = nil) throws -> String {
    _ = fcntl(fd, F_SETFL, O_NONBLOCK)
    var text = ""
    try Host.wait(for: "\(wanted ?? "the end") from \(target), after “\(text)”") {
      if let wanted, text.contains(wanted) { return true }
      var bytes = [UInt8](repeating: 0, count: 4096)
      let count = Glibc.read(fd, &bytes, bytes.count)
      if count > 0 { text += String(decoding: bytes.prefix(count), as: UTF8.self) }
      return wanted == nil && count <= 0 && !(count < 0 && errno == EAGAIN)
    }
    return text.replacingOccurrences(of: "\r\n", with: "\n")
  }
}
