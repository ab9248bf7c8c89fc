internal import NIOHTTP1
internal import OCI

/// One request to a registry, as the distribution specification has them.
struct RegistryRequest {
  enum Place {
    /// Below `/v2/REPOSITORY/`; a query may follow.
    case path(String)
    /// `/v2/` itself.
    case root
    /// What the registry named: the place of an upload, the next page.
    case address(WebAddress)
  }

  var method: HTTPMethod = .GET
  var source: RegistrySource
  var place: Place
  var headers: HTTPHeaders = [:]
  var body: WebRequest.Body = .none
  /// What a token has to be good for.
  var scopes: [String]

  init(_ method: HTTPMethod = .GET, _ place: Place, at source: RegistrySource, _ access: Access = .pull) {
    (self.method, self.place, self.source) = (method, place, source)
    scopes = access.scopes(of: source)
  }

  enum Access {
    case none
    case pull
    case push
    /// Also reading another repository.
    case mount(String)

    func scopes(of source: RegistrySource) -> [String] {
      switch self {
      case .none: []
      case .pull: ["repository:\(source.repository):pull"]
      case .push: ["repository:\(source.repository):pull,push"]
      case .mount(let other): ["repository:\(source.repository):pull,push", "repository:\(other):pull"]
      }
    }
  }
}

/// Sends requests with what they need: the scheme, credentials, redirects. Each is tried once.
final class Session: Sendable {
  let configuration: RegistryConfiguration
  private let transport: Transport
  private let origins: Origins
  private let authorizer: Authorizer
  private let warn: (@Sendable (String) -> Void)?

  private static let mostRedirects = 10
  private static let longestWarning = 300

  init(
    _ configuration: RegistryConfiguration, _ credentials: Credentials, warn: (@Sendable (String) -> Void)? = nil
  ) {
    (self.configuration, self.warn) = (configuration, warn)
    transport = Transport(configuration)
    origins = Origins(transport)
    authorizer = Authorizer(transport, configuration, credentials)
  }

  func shutdown() async { await transport.shutdown() }

  /// - Returns: whatever the registry answers in the end; only a 401 that nothing helps against is an error.
  func send(_ request: RegistryRequest) async throws(Failure) -> Reply {
    let source = request.source
    let origin = try await origins.origin(of: source)
    var message = WebRequest(
      method: request.method, address: request.address(at: origin), headers: request.headers, body: request.body)
    message.verifiesTLS = !source.isInsecure
    // An upload may go on at another place; whoever that is, they know it by the address alone.
    guard message.address.origin == origin else { return try await sendElsewhere(message, source) }

    let header = try await authorizer.header(for: source, at: origin, request.scopes)
    if let header { message.headers.replaceOrAdd(name: "Authorization", value: header) }
    var reply = try await transport.execute(message)
    if reply.status == 401 {
      await reply.drain()
      let answer = try await authorizer.answer(
        reply.headers[canonicalForm: "WWW-Authenticate"].map(String.init), of: source, at: origin, request.scopes,
        refused: header)
      message.headers.replaceOrAdd(name: "Authorization", value: answer)
      reply = try await transport.execute(message)
      if reply.status == 401 { throw Authorizer.refusal(source, hadCredentials: true) }
    }
    for header in reply.headers["Warning"].prefix(8) { tell(header) }
    guard request.method == .GET || request.method == .HEAD else { return reply }
    return try await follow(reply, of: message, source)
  }

  private func sendElsewhere(_ message: WebRequest, _ source: RegistrySource) async throws(Failure) -> Reply {
    var message = message
    try check(message.address, source)
    message.headers.remove(name: "Authorization")
    message.verifiesTLS = !configuration.isInsecure(message.address.origin)
    return try await transport.execute(message)
  }

  /// Follows redirects of a GET or HEAD. The credentials stay with the registry: once it sends us elsewhere they are gone.
  private func follow(
    _ first: Reply, of firstMessage: WebRequest, _ source: RegistrySource
  ) async throws(Failure) -> Reply {
    var (reply, message, hops) = (first, firstMessage, 0)
    while [301, 302, 303, 307, 308].contains(reply.status) {
      hops += 1
      guard hops <= Self.mostRedirects else { throw Failure("more than \(Self.mostRedirects) redirects") }
      guard let location = reply.header("Location"), let next = WebAddress(location, relativeTo: message.address) else {
        throw Failure("a redirect to \((reply.header("Location") ?? "nowhere").quotedForMessage()), which is refused")
      }
      try check(next, source)
      await reply.drain()
      if next.origin != message.address.origin {
        message.headers.remove(name: "Authorization")
        message.verifiesTLS = !configuration.isInsecure(next.origin)
      }
      message.address = next
      do { reply = try await transport.execute(message) } catch {
        var failure = error
        failure.reason = "\(next.origin): \(error.reason)"
        throw failure
      }
    }
    return reply
  }

  /// What TLS protected does not go on without it.
  private func check(_ address: WebAddress, _ source: RegistrySource) throws(Failure) {
    guard address.origin.isSecure || source.isInsecure else {
      throw Failure("it sends us to \(address.shown), which has no TLS")
    }
  }

  /// `299 - "text"` (distribution-spec "Warnings"): for the user.
  private func tell(_ header: String) {
    guard let warn, header.hasPrefix("299 ") else { return }
    var parser = HeaderParser(String(header.dropFirst(4)))
    guard parser.token() != nil else { return }
    parser.skip(anyOf: " ")
    guard let text = parser.quotedString(), !text.isEmpty else { return }
    warn(text.quotedForMessage(limit: Self.longestWarning))
  }
}

extension RegistryRequest {
  func address(at origin: Origin) -> WebAddress {
    switch place {
    case .path(let path): WebAddress(origin, "/v2/\(source.repository)/\(path)")
    case .root: WebAddress(origin, "/v2/")
    case .address(let address): address
    }
  }
}
