import NIOCore
import OCI
import Synchronization
import Testing

@testable import Registry

extension HostileRegistryTests {
  private func blobError(
    from offset: Int64 = 0,
    _ answer: @escaping @Sendable (ScriptedServer.Request) -> [ScriptedServer.Step]
  ) async throws -> (said: String, bytes: Int) {
    let server = try Self.registry(answer)
    var count = 0
    let said = await message {
      try await withClient(Self.brief) { client in
        try await client.blob(Self.config, of: Reference(parsing: "\(server.host)/app"), from: offset) {
          count += $0.readableBytes
        }
      }
    }
    let prefix = "get \(Self.config.digest) of \(server.host)/app:latest: "
    #expect(said.hasPrefix(prefix))
    return (String(said.dropFirst(prefix.count)), count)
  }

  @Test("more bytes than the descriptor says, announced or not")
  func tooMuch() async throws {
    let announced = try await blobError { _ in .reply(200, [], [UInt8](repeating: 1, count: 1001)) }
    #expect(announced == ("it has 1001 bytes, not 1000", 0))
    let endless = try await blobError { _ in [.head(200, Self.chunked), .forever(Self.chunk)] }
    #expect(endless.said == "it sends more than 1000 bytes")
    #expect(endless.bytes == 0)
    let short = try await blobError { _ in .reply(200, [], [UInt8](repeating: 1, count: 999)) }
    #expect(short.said == "it has 999 bytes, not 1000")
  }

  @Test("another part than was asked for")
  func otherPart() async throws {
    for range in ["bytes 0-899/1000", "bytes 101-999/1000", "bytes 100-999/2000", "nonsense", ""] {
      let answer = try await blobError(from: 100) { _ in
        .reply(206, [("Content-Range", range)], [UInt8](repeating: 1, count: 900))
      }
      #expect(answer.said.hasPrefix("after 100 of 1000 bytes") || answer.said.contains("another part"), "\(range)")
      #expect(answer.bytes == 0)
    }
    // A part that nobody asked for.
    let part = try await blobError { _ in .reply(206, [("Content-Range", "bytes 0-999/1000")], []) }
    #expect(part.said == "it answers 206")
  }

  @Test("a server that knows no ranges sends it all again, and what is there is skipped")
  func noRanges() async throws {
    let content = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
    let server = try Self.registry { request in
      // Cut off twice, then whole.
      let isLast = request.headers["range"] == "bytes=600-"
      return [
        .head(200, [("Content-Length", "1000")]),
        .bytes(Array(content.prefix(isLast ? 1000 : request.headers["range"] == nil ? 300 : 600))),
      ]
    }
    try await withClient { client in
      let reference = try Reference(parsing: "\(server.host)/app")
      #expect(try await client.bytes(Self.config, of: reference) == content)
    }
    let ranges = server.requests.filter { $0.path != "/v2/" }.map { $0.headers["range"] ?? "" }
    #expect(ranges == ["", "bytes=300-", "bytes=600-"])
  }

  @Test("a registry that stalls, is busy or broken for a moment is asked again, and not for ever")
  func busy() async throws {
    let content = [UInt8](repeating: 5, count: 1000)
    let count = Mutex(0)
    let server = try Self.registry { _ in
      switch count.withLock({ number in
        number += 1
        return number
      }) {
      case 1: .reply(503)
      case 2: .reply(429, [("Retry-After", "0")])
      case 3: [.head(200, [("Content-Length", "1000")]), .bytes(Array(content.prefix(500))), .hold]
      default: .reply(206, [("Content-Range", "bytes 500-999/1000")], Array(content.suffix(500)))
      }
    }
    let configuration = RegistryConfiguration.test { $0.patience.idle = .milliseconds(200) }
    try await withClient(configuration) { client in
      let bytes = try await client.bytes(Self.config, of: Reference(parsing: "\(server.host)/app"))
      #expect(bytes == content)
    }
    let never = try await blobError { _ in .reply(503) }
    #expect(never.said == "not available now (503)")
    #expect(try await manifestError(.reply(429, [("Retry-After", "999999999999")])) == "too many requests (429)")
  }

  @Test("the wait that a registry asks for is kept to, up to a bound")
  func retryAfter() {
    var patience = Patience()
    patience.pause = .seconds(1)
    patience.longestPause = .seconds(10)
    #expect(patience.pause(before: 1, retryAfter: .seconds(5)) == .seconds(5))
    #expect(patience.pause(before: 1, retryAfter: .seconds(5000)) == .seconds(10))
    #expect((0.7...1.3).contains(patience.pause(before: 1) / .seconds(1)))
    #expect((2.9...5.1).contains(patience.pause(before: 3) / .seconds(1)))
    #expect((7.4...10).contains(patience.pause(before: 100) / .seconds(1)))
  }

  @Test("what the caller throws comes out as it is, and nothing is fetched again")
  func callersError() async throws {
    struct Full: Error {}
    let server = try Self.registry { _ in .reply(200, [], [UInt8](repeating: 1, count: 1000)) }
    try await withClient { client in
      let reference = try Reference(parsing: "\(server.host)/app")
      await #expect(throws: Full.self) { try await client.blob(Self.config, of: reference) { _ in throw Full() } }
    }
    #expect(server.requests.count == 2)
  }

  // MARK: Lists and warnings

  @Test("pages of tags follow each other, on the same registry, and not without end")
  func pages() async throws {
    let server = try Self.registry { request in
      switch request.target {
      case "/v2/app/tags/list?n=1000":
        .reply(200, [("Link", "</v2/app/tags/list?last=b>; rel=\"next\"")], text: #"{"name":"app","tags":["a","b"]}"#)
      case "/v2/app/tags/list?last=b": .reply(200, [], text: #"{"tags":["c","../d"]}"#)
      case "/v2/none/tags/list?n=1000": .reply(200, [], text: #"{"tags":null}"#)
      case "/v2/away/tags/list?n=1000":
        .reply(200, [("Link", "<http://other.example/x>; rel=next")], text: #"{"tags":[]}"#)
      case let target where target.hasPrefix("/v2/endless/"):
        .reply(200, [("Link", "<\(target)1>; rel=next")], text: #"{"tags":["x"]}"#)
      default: .reply(200, [("Link", "<\(request.target)>; rel=next")], text: #"{"tags":["x"]}"#)
      }
    }
    try await withClient { client in
      func tags(_ name: String) async throws -> [String] {
        try await client.tags(Reference(parsing: "\(server.host)/\(name)"))
      }
      let app = try await tags("app")
      #expect(app == ["a", "b", "c"])
      #expect(try await tags("none").isEmpty)
      let away = await message { _ = try await tags("away") }
      #expect(away.hasSuffix("the next page is said to be at http://other.example/x, which is refused"))
      let same = await message { _ = try await tags("same") }
      #expect(same.hasSuffix("which is refused"))
      let endless = await message { _ = try await tags("endless") }
      #expect(endless.hasSuffix(": more than 1000 pages"))
    }
  }

  @Test("the list of referrers, filtered or not")
  func referrers() async throws {
    var entry = Self.config
    entry.artifactType = "application/x-sig"
    let index = ImageIndex(manifests: [entry, Self.config]).json.bytes()
    let server = try Self.registry { _ in .reply(200, [("Content-Type", MediaType.index.description)], index) }
    try await withClient { client in
      let reference = try Reference(parsing: "\(server.host)/app@\(Self.config.digest)")
      #expect(try await client.referrers(of: reference) == [entry, Self.config])
      #expect(try await client.referrers(of: reference, artifactType: "application/x-sig") == [entry])
    }
    #expect(server.requests.last?.target == "/v2/app/referrers/\(Self.config.digest)?artifactType=application%2Fx-sig")
  }

  @Test("warnings reach the user, cleaned; other headers of that name do not")
  func warnings() async throws {
    let server = try Self.registry { _ in
      let headers = [
        ("Warning", #"299 - "an \"old\" image \#(String(repeating: "x", count: 999))""#),
        ("Warning", #"299 - "second""#), ("Warning", #"110 x "y""#), ("Warning", "299 broken"),
      ]
      return .reply(200, Self.oci + headers, Self.manifest)
    }
    let said = Mutex<[String]>([])
    try await withClient(warn: { text in said.withLock { $0.append(text) } }) { client in
      _ = try await client.manifest(Reference(parsing: "\(server.host)/app"))
    }
    let all = said.withLock { $0 }
    #expect(all.count == 2)
    #expect(all.first?.hasPrefix(#""an \"old\" image xxx"#) == true)
    #expect(all.first.map { $0.utf8.count < 350 } == true)
    #expect(all.last == "\"second\"")
  }
}
