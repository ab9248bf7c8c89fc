import Foundation
import Glibc
import Kernel
import NIOCore
import OCI
import Testing

@testable import Registry

@Suite(.enabled(if: DockerRegistry.isInstalled, "docker-registry is not installed"))
struct AuthorizationTests {
  private static let alice = Secret.password(user: "alice", password: "secret")

  private func message(
    _ client: RegistryClient, _ reference: Reference
  ) async -> String {
    await RegistryTests.message { _ = try await client.manifest(reference) }
  }

  @Test(
    "basic: a login that the registry accepts is kept and used",
    .enabled(if: access("/usr/bin/htpasswd", X_OK) == 0, "htpasswd is not installed"))
  func basic() async throws {
    let scratch = Scratch()
    let hashed = ChildProgram(path: "/usr/bin/htpasswd", arguments: ["htpasswd", "-Bbn", "alice", "secret"])
    let users = scratch.write(String(decoding: try hashed.run().output, as: UTF8.self), to: "users")
    let registry = try await DockerRegistry(auth: "auth:\n  htpasswd: {realm: tests, path: \(users)}")
    let reference = try Reference(parsing: "\(registry.host)/app:1")
    let image = SampleImage(layerSize: 1000)
    let file = Credentials(environment: [:], file: "\(scratch.path)/auth.json")

    try await withClient(.test(), file) { client in
      let stranger = await message(client, reference)
      #expect(stranger.hasSuffix("not authorized (401) (run swiftcr login \(registry.host))"))
      let wrong = await RegistryTests.message {
        try await client.login(registry.host, .password(user: "alice", password: "guess-me"))
      }
      #expect(wrong == "log in to \(registry.host): it refuses the name or the password")
      #expect(access("\(scratch.path)/auth.json", F_OK) != 0)
      try await client.login(registry.host, Self.alice)
      #expect(try await file.secret(for: registry.host) == Self.alice)
      try await image.push(client, to: reference)
      #expect(try await client.bytes(image.manifest.layers[0], of: reference) == image.layer)
    }
    try await withClient(.test(), Credentials(.password(user: "alice", password: "guess-me"))) { client in
      let refused = await message(client, reference)
      #expect(
        refused.hasSuffix("not authorized (401) with these credentials (run swiftcr login \(registry.host))"))
      #expect(!refused.contains("guess"))
    }
  }

  @Test("tokens: asked for once for each scope, by many at once; strangers read what is public")
  func tokens() async throws {
    let issuer = try TokenIssuer()
    let registry = try await DockerRegistry(auth: issuer.auth)
    let image = SampleImage(layerSize: 100_000)
    let (open, closed) = (
      try Reference(parsing: "\(registry.host)/public/app"), try Reference(parsing: "\(registry.host)/private/app")
    )
    try await withClient(.test(), Credentials(Self.alice)) { client in
      try await image.push(client, to: open)
      try await image.push(client, to: closed, mountingFrom: ["public/app"])
    }
    let pushes = issuer.server.requests.map { URLComponents(string: $0.target)?.queryItems ?? [] }.map { items in
      items.filter { $0.name == "scope" }.compactMap(\.value)
    }
    let push = { (team: String) in "repository:\(team)/app:pull,push" }
    #expect(Set(pushes) == [[push("public")], [push("private")], [push("private"), "repository:public/app:pull"]])
    #expect(pushes.count == 3)

    try await withClient { client in
      let before = issuer.server.requests.count
      try await withThrowingTaskGroup(of: [UInt8].self) { group in
        for _ in 0..<8 { group.addTask { try await client.bytes(image.manifest.layers[0], of: open) } }
        for try await bytes in group { #expect(bytes == image.layer) }
      }
      #expect(issuer.server.requests.count == before + 1)
      let said = await message(client, closed)
      #expect(said.hasSuffix("(run swiftcr login \(registry.host))"), "\(said)")
      let pushSaid = await RegistryTests.message { try await image.push(client, to: open.with(tag: "2")) }
      #expect(pushSaid.contains("401"), "\(pushSaid)")
    }
  }

  @Test("a token that is over is asked for anew")
  func expiry() async throws {
    let issuer = try TokenIssuer(seconds: 1)
    let registry = try await DockerRegistry(auth: issuer.auth)
    let reference = try Reference(parsing: "\(registry.host)/app")
    try await withClient(.test(), Credentials(Self.alice)) { client in
      for count in 1...2 {
        let end = ContinuousClock.now + .seconds(20)
        // Until the client has asked so often: the first token is good for nine tenths of a second.
        while issuer.server.requests.count < count, ContinuousClock.now < end {
          _ = try await client.resolve(reference)
        }
      }
      #expect(issuer.server.requests.count == 2)
    }
  }

  @Test("an identity token is exchanged, as docker's login leaves it behind")
  func identityToken() async throws {
    let issuer = try TokenIssuer()
    let registry = try await DockerRegistry(auth: issuer.auth)
    let (image, reference) = (SampleImage(layerSize: 10), try Reference(parsing: "\(registry.host)/private/app"))
    try await withClient(.test(), Credentials(.identityToken("alices-token"))) { client in
      try await image.push(client, to: reference)
      #expect(try await client.manifest(reference).bytes == image.bytes)
    }
    #expect(issuer.server.requests.allSatisfy { $0.method == "POST" && $0.headers["authorization"] == nil })
  }

  @Test("a wrong password is the login's fault, not the image's")
  func wrongPassword() async throws {
    let issuer = try TokenIssuer()
    let registry = try await DockerRegistry(auth: issuer.auth)
    try await withClient(.test(), Credentials(.password(user: "alice", password: "guess-me"))) { client in
      let said = try await message(client, Reference(parsing: "\(registry.host)/app"))
      #expect(said.contains("token of http://\(issuer.server.host)/token: not authorized (401) with these credentials"))
      #expect(said.hasSuffix("(run swiftcr login \(registry.host))") && !said.contains("guess"))
    }
  }

  @Test("token servers that lie: no token, no end, sent elsewhere, broken words")
  func badTokenServers() async throws {
    let answers: [([ScriptedServer.Step], String)] = [
      (.reply(200, [], text: "{}"), "no token in the answer"),
      (.reply(200, [], text: "<html>"), "no token in the answer"),
      (.reply(200, [], text: "{\"token\":\"a\\nX-Evil: 1\"}"), "no token in the answer"),
      (.reply(200, [], [UInt8](repeating: 0x20, count: 70_000)), "an answer of more than 65536 bytes"),
      (.reply(307, [("Location", "http://127.0.0.1:1/")]), "it redirects (307), which token servers may not"),
      (.reply(404), "not found (404)"),
    ]
    for (steps, reason) in answers {
      let tokens = try ScriptedServer { _ in steps }
      let challenge = "Bearer realm=\"http://\(tokens.host)/token\""
      let server = try ScriptedServer { request in
        request.path == "/v2/" ? .reply(200) : .reply(401, [("WWW-Authenticate", challenge)])
      }
      try await withClient(.test(), Credentials(Self.alice)) { client in
        let said = try await message(client, Reference(parsing: "\(server.host)/app"))
        #expect(said.hasSuffix("token of http://\(tokens.host)/token: \(reason)"), "\(said)")
      }
      #expect(tokens.requests.count == 1)
    }
  }

  @Test("a registry that never has enough")
  func never() async throws {
    let server = try ScriptedServer { request in
      request.path == "/v2/" ? .reply(200) : .reply(401, [("WWW-Authenticate", "Basic realm=x")])
    }
    try await withClient(.test(), Credentials(Self.alice)) { client in
      let said = try await message(client, Reference(parsing: "\(server.host)/app"))
      #expect(said.contains("not authorized (401) with these credentials"))
    }
    #expect(server.requests.filter { $0.path != "/v2/" }.count == 2)
    for challenge in ["Negotiate", "Bearer realm=\"x", ""] {
      let odd = try ScriptedServer { request in
        request.path == "/v2/" ? .reply(200) : .reply(401, [("WWW-Authenticate", challenge)])
      }
      try await withClient(.test(), Credentials(Self.alice)) { client in
        let said = try await message(client, Reference(parsing: "\(odd.host)/app"))
        #expect(said.contains("it does not say in a known way what it wants to see"))
      }
    }
  }
}
