import Foundation
import Glibc
import Synchronization

struct TestError: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) { self.description = description }
}

/// A socket on a free port of 127.0.0.1; every connection gets a thread of its own. All are closed with it.
final class Listener: Sendable {
  let port: UInt16
  private let socket: Int32
  private let connections = Connections()

  private final class Connections: Sendable {
    private let open = Mutex<Set<Int32>>([])

    func add(_ connection: Int32) { open.withLock { _ = $0.insert(connection) } }
    /// Under the lock: the number must not be another connection's when all are cut.
    func close(_ connection: Int32) {
      open.withLock { open in
        open.remove(connection)
        Glibc.close(connection)
      }
    }
    func cut() { open.withLock { for connection in $0 { shutdown(connection, Int32(SHUT_RDWR)) } } }
  }

  init(_ serve: @escaping @Sendable (Int32) -> Void) throws {
    // A child that inherited it would keep the port.
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    self.socket = socket
    var address = Self.loopback(0)
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, size) }
    }
    guard bound == 0, listen(socket, 64) == 0 else { throw TestError("bind: \(String(cString: strerror(errno)))") }
    port = try Self.port(of: socket)
    Thread.detachNewThread { [socket, connections] in
      while true {
        let connection = accept(socket, nil, nil)
        guard connection >= 0 else { return }
        _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
        connections.add(connection)
        Thread.detachNewThread {
          serve(connection)
          connections.close(connection)
        }
      }
    }
  }

  deinit {
    shutdown(socket, Int32(SHUT_RDWR))
    close(socket)
    connections.cut()
  }

  static func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return address
  }

  private static func port(of socket: Int32) throws -> UInt16 {
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(socket, $0, &size) }
    }
    guard result == 0 else { throw TestError("getsockname: \(String(cString: strerror(errno)))") }
    return UInt16(bigEndian: address.sin_port)
  }

  /// A port at which nobody listens now.
  static func freePort() throws -> UInt16 { try Listener { _ in }.port }

  /// - Returns: a connection to a port of this machine, or `nil` if nobody listens.
  static func connect(_ port: UInt16) -> Int32? {
    let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    var address = loopback(port)
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else {
      close(socket)
      return nil
    }
    return socket
  }

  /// - Returns: whether all of it could be sent.
  static func send(_ bytes: some Collection<UInt8>, to socket: Int32) -> Bool {
    var rest = Array(bytes)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// - Returns: what came; empty at the end.
  static func receive(_ socket: Int32, _ most: Int = 65536) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: most) { buffer, filled in
      filled = max(0, recv(socket, buffer.baseAddress, most, 0))
    }
  }
}
