internal import FoundationEssentials

/// Finds the `Authorization` header for a registry. Tokens are kept as long as they last, one for each set of scopes; those
/// who want the same at once wait for the same answer.
actor Authorizer {
  private struct Key: Hashable {
    var source: RegistrySource
    var origin: Origin
    var scopes: [String]
  }

  private let tokens: TokenServer
  private let credentials: Credentials
  /// What a registry wanted to see the last time.
  private var challenges: [Origin: Challenge] = [:]
  private var headers: [Key: Task<Header, any Error>] = [:]

  /// The value of the header.
  struct Header: Sendable {
    var value: String
    var expires: ContinuousClock.Instant?
  }

  init(_ transport: Transport, _ configuration: RegistryConfiguration, _ credentials: Credentials) {
    tokens = TokenServer(transport: transport, configuration: configuration)
    self.credentials = credentials
  }

  /// What will do as far as is known; `nil` when the registry has not asked for anything yet.
  func header(for source: RegistrySource, at origin: Origin, _ scopes: [String]) async throws(Failure) -> String? {
    guard let challenge = challenges[origin] else { return nil }
    return try await header(Key(source: source, origin: origin, scopes: scopes), challenge)
  }

  /// The answer to a 401.
  ///
  /// - Parameter refused: the header that was not good enough, if there was one.
  func answer(
    _ texts: [String], of source: RegistrySource, at origin: Origin, _ scopes: [String], refused: String?
  ) async throws(Failure) -> String {
    guard let challenge = Challenge.best(of: texts) else {
      throw Failure("not authorized (401), and it does not say in a known way what it wants to see", status: 401)
    }
    challenges[origin] = challenge
    let key = Key(source: source, origin: origin, scopes: scopes)
    if let refused {
      if let known = headers[key], let header = try? await known.value, header.value == refused { headers[key] = nil }
    }
    guard let header = try await header(key, challenge), header != refused else {
      throw Self.refusal(source, hadCredentials: refused != nil)
    }
    return header
  }

  static func refusal(_ source: RegistrySource, hadCredentials: Bool) -> Failure {
    let reason = hadCredentials ? "not authorized (401) with these credentials" : "not authorized (401)"
    return Failure(reason, status: 401, hint: "run swiftcr login \(source.domain)")
  }

  private func header(_ key: Key, _ challenge: Challenge) async throws(Failure) -> String? {
    if let known = headers[key] {
      let header = try await value(of: known, key)
      if header.expires.map({ $0 > .now }) ?? true { return header.value }
      // Unless somebody else was faster.
      if headers[key] == known { headers[key] = nil }
      return try await self.header(key, challenge)
    }
    let task = Task { [tokens, credentials] in try await Self.make(key, challenge, tokens, credentials) }
    headers[key] = task
    return try await value(of: task, key).value
  }

  private func value(of task: Task<Header, any Error>, _ key: Key) async throws(Failure) -> Header {
    do { return try await task.value } catch {
      if headers[key] == task { headers[key] = nil }
      throw error as? Failure ?? Failure("\(error)")
    }
  }

  private static func make(
    _ key: Key, _ challenge: Challenge, _ tokens: TokenServer, _ credentials: Credentials
  ) async throws -> Header {
    let secret: Secret?
    do { secret = try await credentials.secret(for: key.source.domain, repository: key.source.repository) } catch {
      throw Failure(error.description)
    }
    switch (challenge, secret) {
    case (_, .registryToken(let token)): return Header(value: "Bearer \(token)")
    case (.basic, .password(let user, let password)): return Header(value: basic(user, password))
    case (.basic, _): throw refusal(key.source, hadCredentials: false)
    case (.bearer(let realm, let service, let wanted), _):
      // What we are going to do, and what the registry takes it for: some call their repositories otherwise.
      let scopes = key.scopes + wanted.prefix(8).filter { !key.scopes.contains($0) }
      let request = TokenServer.Request(realm: realm, service: service, scopes: scopes, secret: secret)
      return try await tokens.token(request, for: key.source, at: key.origin)
    }
  }

  static func basic(_ user: String, _ password: String) -> String {
    "Basic " + Data("\(user):\(password)".utf8).base64EncodedString()
  }
}
