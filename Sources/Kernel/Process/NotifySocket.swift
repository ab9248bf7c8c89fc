internal import CLinux
internal import Glibc

/// A socket on which a service says that it is ready (sd_notify(3)).
public struct NotifySocket: ~Copyable, Sendable {
  /// Readable when something came.
  public let descriptor: Descriptor

  /// Binds it to a name below a directory.
  ///
  /// - Parameter path: 107 bytes at most; a socket that is there is replaced.
  public init(path: String) throws(SystemError) {
    let number = clinux_datagram_socket()
    guard number >= 0 else { throw SystemError("make socket") }
    let socket = Descriptor(adopting: number)
    unlink(path)
    guard clinux_bind(number, path) == 0 else { throw SystemError("bind socket", path) }
    // The service may be any user of the container's.
    guard chmod(path, 0o777) == 0 else { throw SystemError("change mode of", path) }
    descriptor = socket
  }

  /// Reads what came. Only readiness is heard: a container has nothing else to tell the host's service manager.
  public func saysReady() throws(SystemError) -> Bool {
    var message = [UInt8](repeating: 0, count: 4096)
    var isReady = false
    // As many as a queue of the kernel's holds, so that nobody keeps us here.
    for _ in 0..<512 {
      let count = retrying { recv(descriptor.number, &message, message.count, 0) }
      if count < 0 {
        if errno == EAGAIN { break }
        throw SystemError("receive notification")
      }
      let lines = message.prefix(count).split(separator: UInt8(ascii: "\n"))
      if lines.contains(where: { $0.elementsEqual("READY=1".utf8) }) { isReady = true }
    }
    return isReady
  }
}

/// Who started this process and waits to hear that it is ready: `NOTIFY_SOCKET` of its environment.
public struct ServiceManager: Sendable, Equatable {
  /// A path, or `@` and a name in the abstract namespace.
  public let address: String

  /// - Returns: `nil` for what is neither.
  public init?(address: String) {
    guard address.utf8.count > 1, address.hasPrefix("/") || address.hasPrefix("@") else { return nil }
    self.address = address
  }

  public static var current: ServiceManager? {
    getenv("NOTIFY_SOCKET").flatMap { ServiceManager(address: String(cString: $0)) }
  }

  /// Sends assignments, one a line, and waits until they have been read: whoever exits at once may be unknown by then.
  public func tell(_ lines: [String]) throws(SystemError) {
    let number = clinux_datagram_socket()
    guard number >= 0 else { throw SystemError("make socket") }
    let socket = Descriptor(adopting: number)
    guard clinux_connect(number, address) == 0 else { throw SystemError("notify", address) }
    let text = Array(lines.joined(separator: "\n").utf8)
    guard retrying({ clinux_send(number, text, text.count, -1) }) == text.count else {
      throw SystemError("notify", address)
    }
    try barrier(socket)
  }

  /// sd_notify_barrier(3): the descriptor is closed when the message has been read; one who does not know it closes it too.
  private func barrier(_ socket: borrowing Descriptor) throws(SystemError) {
    let pair = try PacketPair()
    let (number, theirs) = (socket.number, pair.theirs.number)
    let text = Array("BARRIER=1".utf8)
    guard retrying({ clinux_send(number, text, text.count, theirs) }) == text.count else { return }
    let ours = pair.keepOurs()
    _ = try waitReadable([ours.descriptor.number], timeout: 5000)
  }
}
