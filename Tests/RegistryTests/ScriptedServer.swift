import Foundation
import Glibc
import Synchronization

/// A registry that does whatever a case says, once for each connection: what no honest server does.
final class ScriptedServer: Sendable {
  struct Request: Sendable {
    var method: String
    var target: String
    /// By small letters.
    var headers: [String: String]
    var body: [UInt8]

    var path: String { String(target.prefix { $0 != "?" }) }
  }

  enum Step: Sendable {
    case bytes([UInt8])
    /// The same again and again, until nobody takes it.
    case forever([UInt8])
    /// One byte at a time, until nobody takes it.
    case drip(UInt8)
    /// Nothing, until the other side goes.
    case hold
  }

  private let listener: Listener
  private let log: Log

  private final class Log: Sendable {
    let requests = Mutex<[Request]>([])
  }

  var port: UInt16 { listener.port }
  var host: String { "127.0.0.1:\(port)" }
  var requests: [Request] { log.requests.withLock { $0 } }

  /// - Parameter answer: what a request is answered with; the connection is closed after it.
  init(_ answer: @escaping @Sendable (Request) -> [Step]) throws {
    let log = Log()
    self.log = log
    listener = try Listener { connection in
      guard let request = Self.read(connection) else { return }
      log.requests.withLock { $0.append(request) }
      for step in answer(request) where !Self.perform(step, connection) { return }
    }
  }

  private static func perform(_ step: Step, _ connection: Int32) -> Bool {
    switch step {
    case .bytes(let bytes): return Listener.send(bytes, to: connection)
    case .forever(let bytes):
      while Listener.send(bytes, to: connection) {}
      return false
    case .drip(let byte):
      while Listener.send([byte], to: connection) { usleep(20_000) }
      return false
    case .hold:
      while !Listener.receive(connection).isEmpty {}
      return false
    }
  }

  private static func read(_ connection: Int32) -> Request? {
    var bytes: [UInt8] = []
    let end = Array("\r\n\r\n".utf8)
    while true {
      if let range = bytes.firstRange(of: end) {
        let lines = String(decoding: bytes[..<range.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ").map(String.init)
        guard words.count == 3 else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
          let parts = line.split(separator: ":", maxSplits: 1)
          headers[parts[0].lowercased()] = parts.last.map { $0.trimmingCharacters(in: .whitespaces) }
        }
        var body = Array(bytes[range.upperBound...])
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        while body.count < length {
          let more = Listener.receive(connection)
          if more.isEmpty { return nil }
          body += more
        }
        return Request(method: words[0], target: words[1], headers: headers, body: body)
      }
      let more = Listener.receive(connection)
      // As servers without TLS do when somebody tries it.
      if more.isEmpty || bytes.isEmpty && more[0] == 0x16 { return nil }
      bytes += more
    }
  }
}

extension [ScriptedServer.Step] {
  /// A whole answer.
  static func reply(_ status: Int, _ headers: [(String, String)] = [], _ body: [UInt8] = []) -> Self {
    [.head(status, headers + [("Content-Length", "\(body.count)")]), .bytes(body)]
  }

  static func reply(_ status: Int, _ headers: [(String, String)] = [], text: String) -> Self {
    reply(status, headers, [UInt8](text.utf8))
  }
}

extension ScriptedServer.Step {
  static func head(_ status: Int, _ headers: [(String, String)]) -> Self {
    let lines = ["HTTP/1.1 \(status) Word"] + headers.map { "\($0.0): \($0.1)" } + ["Connection: close", "", ""]
    return .bytes(Array(lines.joined(separator: "\r\n").utf8))
  }
}
