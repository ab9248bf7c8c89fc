internal import Glibc
internal import Kernel
internal import NIOPosix
internal import OCI

/// A program `docker-credential-NAME`, which keeps secrets for docker and its relatives
/// (github.com/docker/docker-credential-helpers): one word as argument, JSON or a name over standard streams.
struct CredentialHelper {
  var name: String
  var environment: [String: String]

  /// Seconds; some ask the user or the network.
  private static let timeout = 60
  private static let longestAnswer = 64 << 10
  /// Instead of a user's name when the secret is an identity token.
  private static let tokenUser = "<token>"

  func get(_ server: String) async throws(RegistryError) -> Secret? {
    guard let answer = try await run("get", input: Array(server.utf8), mayNotKnow: true) else { return nil }
    guard let json = try? JSON.parse(answer), let user = json["Username"]?.string, let secret = json["Secret"]?.string
    else { throw RegistryError("\(program) get: expected JSON with Username and Secret") }
    if secret.isEmpty { return nil }
    return user == Self.tokenUser ? .identityToken(secret) : .password(user: user, password: secret)
  }

  func store(_ secret: Secret, for server: String) async throws(RegistryError) {
    let (user, text): (String, String)
    switch secret {
    case .password(let name, let password): (user, text) = (name, password)
    case .identityToken(let token): (user, text) = (Self.tokenUser, token)
    case .registryToken: throw RegistryError("\(program) store: it cannot keep tokens of a registry")
    }
    let json = JSON.object([
      JSON.Member("ServerURL", .string(server)), JSON.Member("Username", .string(user)),
      JSON.Member("Secret", .string(text)),
    ])
    _ = try await run("store", input: json.bytes())
  }

  /// - Returns: whether it was known.
  func erase(_ server: String) async throws(RegistryError) -> Bool {
    try await run("erase", input: Array(server.utf8), mayNotKnow: true) != nil
  }

  private var program: String { "docker-credential-\(name)" }

  /// - Returns: what it printed; `nil` when it does not know the registry.
  private func run(_ verb: String, input: [UInt8], mayNotKnow: Bool = false) async throws(RegistryError) -> [UInt8]? {
    var child = ChildProgram(path: try path(), arguments: [program, verb])
    child.environment = environment.map { "\($0)=\($1)" }
    child.input = input
    child.timeout = Self.timeout
    child.keptOutput = Self.longestAnswer
    let outcome: ChildProgram.Outcome
    do {
      // It blocks, which the threads that tasks share must not.
      outcome = try await NIOThreadPool.singleton.runIfActive { [child] in try child.run() }
    } catch {
      throw RegistryError("\(error)")
    }
    if outcome.timedOut { throw RegistryError("\(program) \(verb): not done within \(Self.timeout) seconds") }
    if outcome.status.code == 0 { return outcome.output }
    // They tell errors on standard output, this one in these words (credentials/error.go there).
    let said = String(decoding: outcome.output + outcome.errorOutput, as: UTF8.self)
    if mayNotKnow, said.contains("credentials not found") || said.contains("no credentials") { return nil }
    // What it printed may have a secret in it when it stores one.
    throw RegistryError("\(program) \(verb): it failed" + (verb == "store" ? "" : ": \(said.quotedForMessage())"))
  }

  private func path() throws(RegistryError) -> String {
    let isName = name.utf8.allSatisfy { byte in
      byte < 0x80 && (UnicodeScalar(byte).properties.isAlphabetic || "0123456789-_.".utf8.contains(byte))
    }
    guard isName, !name.isEmpty else {
      throw RegistryError("\(name.quotedForMessage()) is no credential helper's name")
    }
    for directory in (environment["PATH"] ?? "").split(separator: ":") where directory.hasPrefix("/") {
      let path = "\(directory)/\(program)"
      if access(path, X_OK) == 0 { return path }
    }
    throw RegistryError("\(program) is not in PATH: install it, or remove it from docker's config.json")
  }
}
