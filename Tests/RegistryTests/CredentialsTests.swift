import Foundation
import Glibc
import OCI
import Testing

@testable import Registry

struct CredentialsTests {
  private let scratch = Scratch()

  private func credentials(_ text: String, environment: [String: String] = [:]) -> Credentials {
    let file = scratch.write(text, to: "auth.json")
    return Credentials(environment: environment, file: file)
  }

  private static let alice = Secret.password(user: "alice", password: "pass:word")

  @Test(
    "docker's and podman's ways to write a registry",
    arguments: [
      (#"{"auths":{"h:5000":{"auth":"YWxpY2U6cGFzczp3b3Jk"}}}"#, "h:5000", "a", true),
      (#"{"auths":{"https://h:5000":{"auth":"YWxpY2U6cGFzczp3b3Jk"}}}"#, "h:5000", "a", true),
      (#"{"auths":{"http://h:5000/v2/":{"username":"alice","password":"pass:word"}}}"#, "h:5000", "", true),
      (#"{"auths":{"https://index.docker.io/v1/":{"auth":"YWxpY2U6cGFzczp3b3Jk"}}}"#, "docker.io", "library/x", true),
      (#"{"auths":{"docker.io":{"auth":"YWxpY2U6cGFzczp3b3Jk"}}}"#, "docker.io", "", true),
      (#"{"auths":{"h":{"auth":"Ym9iOmI="},"h/team":{"auth":"YWxpY2U6cGFzczp3b3Jk"}}}"#, "h", "team/app/x", true),
      (#"{"auths":{"h/team":{"auth":"YWxpY2U6cGFzczp3b3Jk"}}}"#, "h", "teams/app", false),
      (#"{"auths":{"h:5000":{"auth":"YWxpY2U6cGFzczp3b3Jk"}}}"#, "h", "a", false),
      (#"{"auths":{"h":{}}}"#, "h", "a", false), (#"{"auths":{}}"#, "h", "a", false), ("{}", "h", "a", false),
      ("", "h", "a", false), (#"{"auths":{"h":{"auth":"YWxpY2U6cGFzczp3b3JkAAA="}}}"#, "h", "a", true),
    ])
  func files(text: String, domain: String, repository: String, isKnown: Bool) async throws {
    let secret = try await credentials(text).secret(for: domain, repository: repository)
    #expect(secret == (isKnown ? Self.alice : nil))
  }

  @Test("tokens instead of passwords")
  func tokens() async throws {
    let text = #"{"auths":{"h":{"auth":"YWxpY2U6","identitytoken":"id"},"r":{"registrytoken":"reg"}}}"#
    #expect(try await credentials(text).secret(for: "h") == .identityToken("id"))
    #expect(try await credentials(text).secret(for: "r") == .registryToken("reg"))
  }

  @Test(
    "what cannot be read is said with its place, without what is in it",
    arguments: [
      (#"{"auths":{"h":{"auth":"c2VjcmV0"}}}"#, ".auth: expected USER:PASSWORD in base64"),
      (#"{"auths":{"h":{"auth":"secret!"}}}"#, ".auth: expected USER:PASSWORD in base64"),
      (#"{"auths": secret}"#, ": line 1, column 11: no valid JSON"), ("[]", ": expected an object"),
    ])
  func faults(text: String, reason: String) async throws {
    let said = await message { _ = try await credentials(text).secret(for: "h") }
    #expect(said.hasPrefix("\(scratch.path)/auth.json: ") && said.hasSuffix(reason), "\(said)")
    #expect(!said.contains("secret"))
  }

  @Test("secrets do not show themselves")
  func hidden() {
    let secrets: [Secret] = [Self.alice, .identityToken("pass:word"), .registryToken("pass:word")]
    for secret in secrets {
      var dumped = ""
      dump(secret, to: &dumped)
      #expect(!"\(secret) \(String(reflecting: secret)) \(dumped)".contains("pass:word"))
    }
  }

  @Test("which files count: docker's first, then podman's; one alone if it is named")
  func places() async throws {
    let entry = { (user: String) in
      let encoded = Data("\(user):x".utf8).base64EncodedString()
      return #"{"auths":{"h":{"auth":"\#(encoded)"}}}"#
    }
    scratch.write(entry("docker"), to: "home/.docker/config.json")
    scratch.write(entry("podman"), to: "run/containers/auth.json")
    let named = scratch.write(entry("named"), to: "named.json")
    func user(_ environment: [String: String]) async throws -> String? {
      guard case .password(let user, _) = try await Credentials(environment: environment).secret(for: "h") else {
        return nil
      }
      return user
    }
    let home = ["HOME": "\(scratch.path)/home", "XDG_RUNTIME_DIR": "\(scratch.path)/run"]
    #expect(try await user(home) == "docker")
    #expect(try await user(home.merging(["DOCKER_CONFIG": "/nowhere"]) { $1 }) == "podman")
    #expect(try await user(home.merging(["REGISTRY_AUTH_FILE": named]) { $1 }) == "named")
    #expect(try await user(["HOME": "/nowhere", "XDG_RUNTIME_DIR": "/nowhere"]) == nil)
  }

  @Test("a login changes what it is about and nothing else; the file is nobody else's, and stays a link")
  func store() async throws {
    let real = scratch.write(
      #"{"detachKeys":"ctrl-x","auths":{"http://h/v1/":{"auth":"eDp5","email":"m"},"o":{"auth":"eDp5"}},"n":1.5}"#,
      to: "real.json")
    let link = "\(scratch.path)/home/.docker/config.json"
    try FileManager.default.createDirectory(
      atPath: "\(scratch.path)/home/.docker", withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: real)
    let credentials = Credentials(environment: ["HOME": "\(scratch.path)/home", "XDG_RUNTIME_DIR": "/nowhere"])
    try await credentials.store(Self.alice, for: "h")
    #expect(try await credentials.secret(for: "h") == Self.alice)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == real)
    var status = stat()
    #expect(stat(real, &status) == 0 && status.st_mode & 0o7777 == 0o600)
    let json = try JSON.parse(Array(FileManager.default.contents(atPath: real) ?? Data()))
    #expect(json["detachKeys"] == .string("ctrl-x") && json["n"] == .number(1.5))
    #expect(json["auths"]?.members?.map(\.key) == ["o", "h"])

    #expect(try await credentials.logout("h"))
    #expect(try await !credentials.logout("h"))
    #expect(try await credentials.secret(for: "h") == nil)
    #expect(try await credentials.secret(for: "o") == .password(user: "x", password: "y"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.path).sorted() == ["home", "real.json"])
  }

  @Test("the first login makes the file; docker's name for its own registry is written as docker writes it")
  func firstLogin() async throws {
    let credentials = Credentials(environment: ["DOCKER_CONFIG": "\(scratch.path)/a/b"])
    try await credentials.store(.identityToken("t"), for: "docker.io")
    let json = try JSON.parse(Array(FileManager.default.contents(atPath: "\(scratch.path)/a/b/config.json") ?? Data()))
    #expect(json["auths"]?["https://index.docker.io/v1/"]?["identitytoken"] == .string("t"))
  }

  @Test("logins at the same time all count")
  func together() async throws {
    let credentials = Credentials(environment: [:], file: "\(scratch.path)/auth.json")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<20 { group.addTask { try await credentials.store(Self.alice, for: "h\(number):1") } }
      try await group.waitForAll()
    }
    for number in 0..<20 { #expect(try await credentials.secret(for: "h\(number):1") == Self.alice) }
  }

  // MARK: Helpers

  /// Keeps what it is given in a file, as the real ones do in a keyring.
  private func helper() -> [String: String] {
    scratch.write(
      """
      #!/bin/sh
      store="\(scratch.path)/kept"
      case $1 in
        store) cat >"$store" ;;
        get)
          read -r server
          [ "$server" = odd ] && { echo nonsense; exit 0; }
          [ "$server" = locked ] && { echo "the keyring is locked"; exit 1; }
          grep -q "\\"$server\\"" "$store" 2>/dev/null || { echo "credentials not found in native keychain"; exit 1; }
          cat "$store" ;;
        erase)
          [ -e "$store" ] || { echo "credentials not found in native keychain"; exit 1; }
          rm "$store" ;;
      esac
      """, to: "bin/docker-credential-kept", mode: 0o755)
    return ["PATH": "relative::\(scratch.path)/bin:/usr/bin:/bin"]
  }

  @Test("a helper keeps the secret, the file only the name")
  func helpers() async throws {
    let credentials = credentials(#"{"credHelpers":{"h":"kept"},"auths":{"o":{"auth":"eDp5"}}}"#, environment: helper())
    #expect(try await credentials.secret(for: "h") == nil)
    for secret in [Self.alice, .identityToken(String(repeating: "t", count: 20_000))] {
      try await credentials.store(secret, for: "h")
      #expect(try await credentials.secret(for: "h") == secret)
    }
    let file = String(
      decoding: FileManager.default.contents(atPath: "\(scratch.path)/auth.json") ?? Data(), as: UTF8.self)
    #expect(file.contains("\"h\": {}") && !file.contains("ttt"))
    #expect(try await credentials.secret(for: "o") == .password(user: "x", password: "y"))
    #expect(try await credentials.logout("h"))
    #expect(try await credentials.secret(for: "h") == nil)
  }

  @Test("helpers that fail, lie, are missing, or are no names")
  func badHelpers() async throws {
    let environment = helper()
    for (name, domain, reason) in [
      ("kept", "odd", "docker-credential-kept get: expected JSON with Username and Secret"),
      ("kept", "locked", "docker-credential-kept get: it failed: \"the keyring is locked\\n\""),
      ("missing", "h", "docker-credential-missing is not in PATH"),
      ("../../bin/sh", "h", "\"../../bin/sh\" is no credential helper's name"),
    ] {
      let said = await message {
        _ = try await credentials(#"{"credsStore":"\#(name)"}"#, environment: environment).secret(for: domain)
      }
      #expect(said.hasPrefix(reason), "\(said)")
    }
  }
}
