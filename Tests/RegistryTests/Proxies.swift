import Foundation
import Glibc
import Synchronization

/// A proxy between a client and a server on this machine that cuts each connection after so many bytes in one direction.
final class CuttingProxy: Sendable {
  private let listener: Listener
  private let counter: Counter

  private final class Counter: Sendable {
    let value = Mutex(0)
  }

  var port: UInt16 { listener.port }
  /// How many connections were cut.
  var cuts: Int { counter.value.withLock { $0 } }

  init(to port: UInt16, after limit: Int) throws {
    let counter = Counter()
    self.counter = counter
    listener = try Listener { client in
      guard let server = Listener.connect(port) else { return }
      Self.join(client, server, after: limit) { counter.value.withLock { $0 += 1 } }
      close(server)
    }
  }

  /// Passes on what comes from both sides until one of them, or the limit, ends it.
  static func join(_ one: Int32, _ other: Int32, after limit: Int, _ onCut: @escaping @Sendable () -> Void) {
    let pump: @Sendable (Int32, Int32) -> Void = { from, to in
      if Self.pump(from, to, limit) { onCut() }
      shutdown(from, Int32(SHUT_RDWR))
      shutdown(to, Int32(SHUT_RDWR))
    }
    let done = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      pump(other, one)
      done.signal()
    }
    pump(one, other)
    done.wait()
  }

  /// - Returns: whether the limit was reached.
  private static func pump(_ from: Int32, _ to: Int32, _ limit: Int) -> Bool {
    var left = limit
    while true {
      let bytes = Listener.receive(from)
      if bytes.isEmpty { return false }
      guard Listener.send(bytes.prefix(left), to: to) else { return false }
      left -= bytes.count
      if left <= 0 { return true }
    }
  }
}

/// A proxy that takes CONNECT to one place, which is another one in truth.
final class ConnectProxy: Sendable {
  private let listener: Listener
  private let log: Log

  private final class Log: Sendable {
    let heads = Mutex<[String]>([])
  }

  var port: UInt16 { listener.port }
  /// The heads of the requests.
  var requests: [String] { log.heads.withLock { $0 } }

  init(to port: UInt16, only place: String) throws {
    let log = Log()
    self.log = log
    listener = try Listener { client in
      var bytes: [UInt8] = []
      while bytes.firstRange(of: Array("\r\n\r\n".utf8)) == nil {
        let more = Listener.receive(client)
        if more.isEmpty { return }
        bytes += more
      }
      let head = String(decoding: bytes, as: UTF8.self)
      log.heads.withLock { $0.append(head) }
      guard head.hasPrefix("CONNECT \(place) "), let server = Listener.connect(port) else {
        _ = Listener.send(Array("HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n".utf8), to: client)
        return
      }
      _ = Listener.send(Array("HTTP/1.1 200 Connected\r\n\r\n".utf8), to: client)
      CuttingProxy.join(client, server, after: .max) {}
      close(server)
    }
  }
}
