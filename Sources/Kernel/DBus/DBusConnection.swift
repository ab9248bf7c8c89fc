internal import CLinux
internal import Glibc

/// A client's connection to a message bus, or to systemd itself. One call at a time; every wait ends at a deadline.
public struct DBusConnection: ~Copyable {
  private let socket: Descriptor
  private let path: String
  private var serial: UInt32 = 0
  private var received: [UInt8] = []
  /// Signals that came while an answer was waited for, oldest first.
  private var signals: [DBusMessage] = []

  /// How many signals are kept: others may send them as fast as they like.
  private static let maximumSignals = 1024

  /// Connects to a socket and authenticates as this user.
  ///
  /// - Parameter isBus: `false` for systemd's private socket, which knows no Hello.
  public static func open(
    path: String, isBus: Bool, deadline: Deadline
  ) throws(SystemError) -> DBusConnection {
    var connection = DBusConnection(socket: try connect(path), path: path)
    try connection.authenticate(deadline)
    if isBus {
      _ = try connection.call(
        to: "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello", [], deadline: deadline)
    }
    return connection
  }

  private init(socket: consuming Descriptor, path: String) {
    self.socket = socket
    self.path = path
  }

  private static func connect(_ path: String) throws(SystemError) -> Descriptor {
    let number = clinux_stream_socket(1)
    guard number >= 0 else { throw SystemError("make socket for", path) }
    let socket = Descriptor(adopting: number)
    guard clinux_connect(number, path) == 0 else { throw SystemError("connect to D-Bus at", path) }
    return socket
  }

  /// SASL EXTERNAL: the peer knows the user by the socket's credentials. The first byte must be NUL. Root of a user
  /// namespace does not know its own id as the peer sees it: it says none.
  private mutating func authenticate(_ deadline: Deadline) throws(SystemError) {
    let digits = Array("0123456789abcdef".utf8)
    let isMapped = Caller.current.isRootless && Caller.current.uid == 0
    let user = "\(geteuid())".utf8.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
    try send([0] + Array("AUTH EXTERNAL".utf8) + (isMapped ? [] : [0x20] + user) + Array("\r\n".utf8), deadline)
    var answer = try line(deadline)
    if isMapped, answer.utf8.starts(with: "DATA".utf8) {
      try send(Array("DATA\r\n".utf8), deadline)
      answer = try line(deadline)
    }
    guard answer.utf8.starts(with: "OK ".utf8) else {
      throw SystemError.refusal("D-Bus at \(path): authentication refused: \(answer)")
    }
    try send(Array("BEGIN\r\n".utf8), deadline)
  }

  private mutating func line(_ deadline: Deadline) throws(SystemError) -> String {
    while true {
      if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
        let line = received[..<end].filter { $0 >= 0x20 && $0 < 0x7f }
        received.removeSubrange(...end)
        return String(decoding: line, as: UTF8.self)
      }
      guard received.count < 4096 else { throw SystemError.refusal("D-Bus at \(path): authentication: endless line") }
      try receive(deadline)
    }
  }

  /// Calls a method and waits for its answer.
  ///
  /// - Parameter destination: `nil` on systemd's private socket.
  /// - Throws: a ``DBusError``'s text for an error that the peer answers with; the reason for all else.
  public mutating func call(
    to destination: String?, _ object: String, _ interface: String, _ method: String, _ arguments: [DBusValue],
    deadline: Deadline
  ) throws(SystemError) -> [DBusValue] {
    switch try attempt(to: destination, object, interface, method, arguments, deadline: deadline) {
    case .success(let values): return values
    case .failure(let error): throw SystemError.refusal("\(method): \(error)")
    }
  }

  /// Like ``call(to:_:_:_:_:deadline:)``, for callers to whom an error of the peer is an answer.
  public mutating func attempt(
    to destination: String?, _ object: String, _ interface: String, _ method: String, _ arguments: [DBusValue],
    deadline: Deadline
  ) throws(SystemError) -> Result<[DBusValue], DBusError> {
    serial += 1
    var message = DBusMessage(.call, serial: serial)
    message.destination = destination
    message.path = object
    message.interface = interface
    message.member = method
    message.body = arguments
    try send(try message.encoded(), deadline)
    while true {
      let answer = try next(deadline)
      if answer.kind == .signal {
        guard signals.count < Self.maximumSignals else {
          throw SystemError.refusal("D-Bus at \(path): too many signals")
        }
        signals.append(answer)
      }
      guard answer.replySerial == serial else { continue }
      if answer.kind == .reply { return .success(answer.body) }
      if answer.kind == .error {
        return .failure(DBusError(name: answer.errorName ?? "unknown error", text: answer.body.first?.text ?? ""))
      }
    }
  }

  /// Waits for a signal, beginning with those that came during a call.
  public mutating func signal(
    _ interface: String, _ member: String, deadline: Deadline, where matches: ([DBusValue]) -> Bool
  ) throws(SystemError) -> [DBusValue] {
    while true {
      let message = signals.isEmpty ? try next(deadline) : signals.removeFirst()
      if message.kind == .signal, message.interface == interface, message.member == member, matches(message.body) {
        return message.body
      }
    }
  }

  private mutating func next(_ deadline: Deadline) throws(SystemError) -> DBusMessage {
    while true {
      if received.count >= DBusMessage.prefixLength {
        let length = try DBusMessage.length(prefix: received)
        if received.count >= length {
          let bytes = Array(received.prefix(length))
          received.removeFirst(length)
          if let message = try DBusMessage(decoding: bytes) { return message }
          continue
        }
      }
      try receive(deadline)
    }
  }

  private mutating func receive(_ deadline: Deadline) throws(SystemError) {
    var chunk = [UInt8](repeating: 0, count: 16384)
    while true {
      let count = retrying { recv(socket.number, &chunk, chunk.count, 0) }
      if count > 0 {
        received += chunk.prefix(count)
        return
      }
      if count == 0 { throw SystemError.refusal("D-Bus at \(path): the peer hung up") }
      guard errno == EAGAIN else { throw SystemError("receive from D-Bus at", path) }
      try wait(for: POLLIN, deadline)
    }
  }

  private func send(_ bytes: [UInt8], _ deadline: Deadline) throws(SystemError) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { part in
        retrying { Glibc.send(socket.number, part.baseAddress, part.count, CInt(MSG_NOSIGNAL)) }
      }
      if count > 0 {
        rest = rest.dropFirst(count)
        continue
      }
      guard errno == EAGAIN else { throw SystemError("send to D-Bus at", path) }
      try wait(for: POLLOUT, deadline)
    }
  }

  private func wait(for events: CInt, _ deadline: Deadline) throws(SystemError) {
    var request = pollfd(fd: socket.number, events: Int16(events), revents: 0)
    let count = poll(&request, 1, deadline.remaining)
    if count == 0 { throw SystemError("wait for D-Bus at", path, errno: Errno(ETIMEDOUT)) }
    guard count > 0 || errno == EINTR else { throw SystemError("wait for D-Bus at", path) }
  }
}

/// An error that a peer answered with.
public struct DBusError: Error, Sendable, Equatable, CustomStringConvertible {
  public var name: String
  public var text: String

  public var description: String { text.isEmpty ? name : "\(text) (\(name))" }
}
