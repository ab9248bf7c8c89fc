import Foundation
import Glibc
import Kernel
import NIOCore
import OCI
import Synchronization
import Testing

@testable import Registry

struct TransferTests {
  private static let size: Int64 = 256 << 20
  private static let blob = ContentDescriptor(.layer, Digest(sha256: [UInt8](repeating: 1, count: 32)), size: size)

  /// Sends a blob as long as somebody takes it.
  private final class Sender: Sendable {
    let listener: Listener
    private let counter: Counter
    private final class Counter: Sendable { let value = Mutex(0) }

    var host: String { "127.0.0.1:\(listener.port)" }
    var sent: Int { counter.value.withLock { $0 } }

    init() throws {
      let counter = Counter()
      self.counter = counter
      listener = try Listener { connection in
        let request = Listener.receive(connection)
        guard request.first != 0x16 else { return }
        let isProbe = String(decoding: request, as: UTF8.self).hasPrefix("GET /v2/ ")
        let length = isProbe ? 0 : TransferTests.size
        _ = Listener.send(Array("HTTP/1.1 200 OK\r\nContent-Length: \(length)\r\n\r\n".utf8), to: connection)
        let piece = [UInt8](repeating: 1, count: 65536)
        for _ in 0..<(Int(length) / piece.count) {
          guard Listener.send(piece, to: connection) else { return }
          counter.value.withLock { $0 += piece.count }
        }
      }
    }
  }

  @Test("nothing is fetched that the caller has no place for yet")
  func backPressure() async throws {
    let sender = try Sender()
    let stored = Mutex(0)
    try await withClient { client in
      try await client.blob(Self.blob, of: Reference(parsing: "\(sender.host)/app")) { chunk in
        let isFirst = stored.withLock { stored in
          defer { stored += chunk.readableBytes }
          return stored == 0
        }
        guard isFirst else { return }
        // Until the other side is stuck, with what the buffers of two sockets hold.
        var (last, quiet) = (-1, 0)
        while quiet < 20 {
          (quiet, last) = (sender.sent == last ? quiet + 1 : 0, sender.sent)
          try await Task.sleep(for: .milliseconds(10))
        }
        #expect(last < 32 << 20)
      }
    }
    #expect(stored.withLock { $0 } == Int(Self.size))
  }

  @Test("a task that is cancelled ends, though the registry is silent")
  func cancelled() async throws {
    let server = try ScriptedServer { request in
      request.path == "/v2/" ? .reply(200) : [.head(200, [("Content-Length", "\(Self.size)")]), .bytes([1]), .hold]
    }
    let (started, go) = AsyncStream.makeStream(of: Void.self)
    let task = Task {
      try await withClient { client in
        try await client.blob(Self.blob, of: Reference(parsing: "\(server.host)/app")) { _ in go.yield() }
      }
    }
    var iterator = started.makeAsyncIterator()
    _ = await iterator.next()
    task.cancel()
    let said = await message { try await task.value }
    #expect(said.hasSuffix("cancelled"), "\(said)")
    #expect(server.requests.count == 2)
  }

  @Test("what came with TLS does not go on without it", .enabled(if: access("/usr/bin/openssl", X_OK) == 0))
  func downgrade() async throws {
    let (certificates, plain) = (try Certificates(), try ScriptedServer { _ in .reply(200) })
    let issued = try certificates.issue("server", for: "IP:127.0.0.1")
    let scratch = Scratch()
    scratch.write("HTTP/1.0 307 Away\r\nLocation: http://\(plain.host)/x\r\n\r\n", to: "v2/app/manifests/latest")
    let port = try Listener.freePort()
    // Answers with files that have the whole answer in them.
    let pid = try HostProgram.start(
      "env",
      [
        "-C", scratch.path, "openssl", "s_server", "-quiet", "-HTTP", "-accept", "127.0.0.1:\(port)", "-cert",
        issued.certificate, "-key", issued.key,
      ])
    defer {
      kill(pid, SIGKILL)
      var status: Int32 = 0
      _ = waitpid(pid, &status, 0)
    }
    let end = ContinuousClock.now + .seconds(20)
    while true {
      if let connection = Listener.connect(port) {
        close(connection)
        break
      }
      guard ContinuousClock.now < end else { throw TestError("openssl s_server does not listen") }
      try await Task.sleep(for: .milliseconds(5))
    }
    let host = "127.0.0.1:\(port)"
    scratch.write("", to: "certs.d/\(host)/x")
    try FileManager.default.copyItem(atPath: certificates.authority, toPath: "\(scratch.path)/certs.d/\(host)/ca.crt")
    let configuration = RegistryConfiguration.test {
      $0.rules = [RegistryRule(host, isInsecure: false)]
      $0.certificateDirectories = ["\(scratch.path)/certs.d"]
    }
    let said = await message {
      try await withClient(configuration) { client in
        _ = try await client.manifest(Reference(parsing: "\(host)/app"))
      }
    }
    #expect(said.hasSuffix("it sends us to http://\(plain.host)/x, which has no TLS"), "\(said)")
    #expect(plain.requests.isEmpty)
  }

  @Test("a name that nobody has")
  func noSuchHost() async throws {
    let said = await message {
      try await withClient { _ = try await $0.manifest(Reference(parsing: "registry.invalid/app")) }
    }
    #expect(
      said == "get manifest of registry.invalid/app:latest: no address for \"registry.invalid\" "
        + "(is the name right, and DNS working?)")
  }
}
