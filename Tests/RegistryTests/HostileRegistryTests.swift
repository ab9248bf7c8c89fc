import Foundation
import NIOCore
import OCI
import Synchronization
import Testing

@testable import Registry

/// What no honest registry does, and what the best ones do at times.
struct HostileRegistryTests {
  /// The answer to `GET /v2/`, by which the client finds out that there is no TLS.
  static func registry(
    _ answer: @escaping @Sendable (ScriptedServer.Request) -> [ScriptedServer.Step]
  ) throws -> ScriptedServer {
    try ScriptedServer { request in request.path == "/v2/" ? .reply(200) : answer(request) }
  }

  static let brief = RegistryConfiguration.test { $0.patience.attempts = 2 }
  static let impatient = RegistryConfiguration.test {
    $0.patience.idle = .milliseconds(500)
    $0.patience.attempts = 2
  }

  static let config = ContentDescriptor(.config, Digest(sha256: [UInt8](repeating: 1, count: 32)), size: 1000)
  static let manifest = ImageManifest(config: config, layers: []).json.bytes()

  /// What a manifest that is asked for by tag gives.
  func manifestError(
    _ steps: [ScriptedServer.Step], with configuration: RegistryConfiguration = brief,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> String {
    let server = try Self.registry { _ in steps }
    let prefix = "get manifest of \(server.host)/app:latest: "
    let said = await message {
      try await withClient(configuration) { _ = try await $0.manifest(Reference(parsing: "\(server.host)/app")) }
    }
    #expect(said.hasPrefix(prefix), "\(said)", sourceLocation: sourceLocation)
    #expect(!said.contains("\n") && said.utf8.count < 500, "\(said)", sourceLocation: sourceLocation)
    return String(said.dropFirst(prefix.count))
  }

  static let oci = [("Content-Type", MediaType.manifest.description)]
  static let chunked = oci + [("Transfer-Encoding", "chunked")]
  static let chunk = Array("10000\r\n".utf8) + [UInt8](repeating: 0x20, count: 65536) + Array("\r\n".utf8)

  // MARK: Manifests

  @Test("a manifest without an end")
  func endless() async throws {
    let said = try await manifestError([.head(200, Self.chunked), .forever(Self.chunk)])
    #expect(said == "an answer of more than 4194304 bytes")
  }

  @Test("headers without an end, and many")
  func headers() async throws {
    let long = try await manifestError([
      .bytes(Array("HTTP/1.1 200 OK\r\nX: ".utf8)), .forever([UInt8](repeating: 0x78, count: 4096)),
    ])
    #expect(long == "the headers of its answer are too long")
    let many = try await manifestError([.bytes(Array("HTTP/1.1 200 OK\r\n".utf8)), .forever(Array("X: y\r\n".utf8))])
    #expect(many == "the headers of its answer are too long")
  }

  @Test("silence, before and in the answer, and an answer that drips")
  func silence() async throws {
    #expect(try await manifestError([.hold], with: Self.impatient) == "no answer in time")
    let start = ScriptedServer.Step.head(200, Self.oci + [("Content-Length", "900")])
    #expect(try await manifestError([start, .hold], with: Self.impatient) == "no answer in time")
    let drip = try await manifestError([start, .drip(0x20)], with: Self.impatient)
    // The second on a machine that is busy: either way it ends long before the 900 bytes are there.
    #expect(drip.hasPrefix("only ") || drip == "no answer in time", "\(drip)")
    let head = try await manifestError(
      [.bytes(Array("HTTP/1.1 200 OK\r\nX: ".utf8)), .drip(0x78)], with: Self.impatient)
    #expect(head == "no answer in time")
  }

  @Test("less than was announced, and no HTTP at all")
  func broken() async throws {
    let cut = try await manifestError([.head(200, Self.oci + [("Content-Length", "900")]), .bytes(Self.manifest)])
    #expect(cut == "the connection broke off")
    #expect(try await manifestError([.bytes(Array("SSH-2.0-OpenSSH_9\r\n\r\n".utf8))]) == "it does not answer in HTTP")
    #expect(try await manifestError([]) == "the connection broke off")
  }

  @Test("content that is not what was asked for")
  func digests() async throws {
    let server = try Self.registry { _ in .reply(200, Self.oci, Self.manifest) }
    try await withClient { client in
      let reference = try Reference(parsing: "\(server.host)/app")
      let digest = RegistryClient.digest(of: Self.manifest, .sha256)
      #expect(try await client.manifest(reference.with(digest: digest)).bytes == Self.manifest)
      let other = reference.with(digest: Digest(sha256: [UInt8](repeating: 3, count: 32)))
      let said = await message { _ = try await client.manifest(other) }
      #expect(said.hasSuffix("the content is not what was asked for: it has \(digest)"))
      let sha512 = RegistryClient.digest(of: Self.manifest, .sha512)
      #expect(try await client.manifest(reference.with(digest: sha512)).digest == sha512)
    }
  }

  @Test(
    "types that are not those of a manifest",
    arguments: [
      ("text/html", "it answers with \"text/html\", which is no manifest"),
      (MediaType.index.description, "announced as \"\(MediaType.index)\", says \"\(MediaType.manifest)\" of itself"),
      ("application/vnd.docker.distribution.manifest.v1+prettyjws", "announced as "), ("application/json", ""),
      ("application/vnd.oci.image.manifest.v1+json; charset=utf-8", ""), ("text/plain", ""),
    ])
  func types(type: String, wanted: String) async throws {
    let server = try Self.registry { _ in .reply(200, [("Content-Type", type)], Self.manifest) }
    try await withClient { client in
      let reference = try Reference(parsing: "\(server.host)/app")
      if wanted.isEmpty {
        #expect(try await client.manifest(reference).mediaType == .manifest)
      } else {
        let said = await message { _ = try await client.manifest(reference) }
        #expect(said.contains(": \(wanted)"))
      }
    }
  }

  @Test("documents that are no documents")
  func documents() async throws {
    let bomb = String(repeating: "[", count: 100_000)
    #expect(try await manifestError(.reply(200, Self.oci, text: bomb)).contains("nested deeper than"))
    #expect(try await manifestError(.reply(200, Self.oci, text: "{}")).contains("required"))
    let gzip = [("Content-Encoding", "gzip")]
    #expect(try await manifestError(.reply(200, Self.oci + gzip, [0x1F, 0x8B, 8, 0])).contains("not valid JSON"))
  }

  @Test("the registry's own words are cut and cleaned")
  func words() async throws {
    let long = String(repeating: "x", count: 5000)
    let error = #"{"errors":[{"code":"DENIED","message":"no\u001b[31m\nentry \#(long)"}]}"#
    let said = try await manifestError(.reply(403, [], text: error))
    #expect(said.hasPrefix(#"denied (403): DENIED "no\u001b[31m\nentry xxx"#))
    #expect(said.utf8.count < 300)
    #expect(try await manifestError(.reply(403, [], text: "<html>")) == "denied (403)")
    let odd = #"{"errors":[{"code":"\u001b","message":7}]}"#
    #expect(try await manifestError(.reply(418, [], text: odd)) == "it answers 418")
  }

  // MARK: Redirects

  @Test("redirects that go in circles, nowhere, or to what is not the web")
  func circles() async throws {
    #expect(try await manifestError(.reply(307, [("Location", "/v2/x")])) == "more than 10 redirects")
    #expect(try await manifestError(.reply(307)) == "a redirect to \"nowhere\", which is refused")
    for place in ["file:///etc/shadow", "ftp://127.0.0.1/x", "https://user:secret@h/x", "unix:/run/x"] {
      let said = try await manifestError(.reply(302, [("Location", place)]))
      #expect(said == "a redirect to \"\(place)\", which is refused")
    }
  }

  @Test("credentials do not follow to another host or port")
  func elsewhere() async throws {
    let store = try ScriptedServer { _ in
      .reply(200, Self.oci, Self.manifest)
    }
    let place = "http://\(store.host)/blob?signature=s"
    let server = try ScriptedServer { request in
      if request.path == "/v2/" { return .reply(200) }
      if request.headers["authorization"] == nil { return .reply(401, [("WWW-Authenticate", "Basic realm=x")]) }
      if request.path.hasSuffix("same") { return .reply(307, [("Location", "/v2/app/manifests/other")]) }
      return .reply(307, [("Location", place)])
    }
    try await withClient(.test(), Credentials(.password(user: "user", password: "secret"))) { client in
      let fetched = try await client.manifest(Reference(parsing: "\(server.host)/app:same"))
      #expect(fetched.bytes == Self.manifest)
    }
    #expect(server.requests.last?.headers["authorization"] == "Basic dXNlcjpzZWNyZXQ=")
    #expect(server.requests.last?.path == "/v2/app/manifests/other")
    #expect(store.requests.map(\.target) == ["/blob?signature=s"])
    #expect(store.requests.allSatisfy { $0.headers["authorization"] == nil })
  }

  @Test("who was redirected to gets no answer to a challenge of their own")
  func challengeElsewhere() async throws {
    let thief = try ScriptedServer { _ in .reply(401, [("WWW-Authenticate", "Basic realm=x")]) }
    let place = "http://\(thief.host)/steal"
    let server = try Self.registry { _ in .reply(307, [("Location", place)]) }
    let said = await message {
      try await withClient(.test(), Credentials(.password(user: "user", password: "secret"))) { client in
        _ = try await client.manifest(Reference(parsing: "\(server.host)/app"))
      }
    }
    #expect(said.contains("not authorized (401)"))
    #expect(thief.requests.count == 1)
    #expect(thief.requests.allSatisfy { $0.headers["authorization"] == nil })
  }
}
