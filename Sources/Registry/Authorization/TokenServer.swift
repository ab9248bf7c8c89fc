internal import NIOHTTP1
internal import OCI

/// Gets tokens (distribution's token and OAuth2 specifications).
struct TokenServer: Sendable {
  let transport: Transport
  let configuration: RegistryConfiguration

  struct Request: Sendable {
    var realm: String
    var service: String?
    var scopes: [String]
    var secret: Secret?
  }

  private static let client = "swiftcr"
  private static let longestAnswer = 64 << 10
  /// What the specification says a token without a word about it lasts, and the most that we believe.
  private static let (usual, longest): (Int64, Int64) = (60, 86_400)

  func token(
    _ request: Request, for source: RegistrySource, at origin: Origin
  ) async throws(Failure) -> Authorizer.Header {
    guard let realm = WebAddress(request.realm) else {
      throw Failure("its token server has no valid address: \(request.realm.quotedForMessage())")
    }
    guard realm.origin.isSecure || source.isInsecure else {
      throw Failure("its token server \(realm.shown) has no TLS, and no credentials go there")
    }
    let isOwnHost = realm.origin.host == origin.host && source.isInsecure
    var message = request.message(to: realm)
    message.verifiesTLS = !isOwnHost && !configuration.isInsecure(realm.origin)
    do {
      return try await configuration.patience.retrying { () throws(Failure) in
        try await exchange(message, source, hadCredentials: request.secret != nil)
      }
    } catch {
      var failure = error
      failure.reason = "token of \(realm.shown): \(error.reason)"
      throw failure
    }
  }

  private func exchange(
    _ message: WebRequest, _ source: RegistrySource, hadCredentials: Bool
  ) async throws(Failure) -> Authorizer.Header {
    let start = ContinuousClock.now
    var reply = try await transport.execute(message)
    guard reply.status == 200 else {
      // Redirects are not followed: there may be a password in the request.
      if (300..<400).contains(reply.status) {
        throw Failure("it redirects (\(reply.status)), which token servers may not")
      }
      let failure = await reply.failure()
      if reply.status == 401 || (reply.status == 400 && hadCredentials) {
        throw Authorizer.refusal(source, hadCredentials: hadCredentials)
      }
      throw failure
    }
    let bytes = try await reply.body.collect(upTo: Self.longestAnswer)
    guard let json = try? JSON.parse(bytes),
      let token = [json["token"]?.string, json["access_token"]?.string].compactMap({ $0 }).first(where: { !$0.isEmpty }
      ),
      token.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
    else { throw Failure("no token in the answer") }
    let seconds = min(max(json["expires_in"]?.integer ?? Self.usual, 1), Self.longest)
    // It has to last until the registry reads it.
    return Authorizer.Header(value: "Bearer \(token)", expires: start + .seconds(seconds) * 0.9)
  }
}

extension TokenServer.Request {
  private static let client = "swiftcr"

  fileprivate func message(to realm: WebAddress) -> WebRequest {
    var parameters: [(String, String)] = []
    if let service { parameters.append(("service", service)) }
    if case .identityToken(let token) = secret {
      parameters += [("client_id", Self.client), ("grant_type", "refresh_token"), ("refresh_token", token)]
      if !scopes.isEmpty { parameters.append(("scope", scopes.joined(separator: " "))) }
      let form = parameters.map { "\($0.0)=\(WebAddress.escaped($0.1))" }.joined(separator: "&")
      return WebRequest(
        method: .POST, address: realm, headers: ["Content-Type": "application/x-www-form-urlencoded"],
        body: .bytes(Array(form.utf8)))
    }
    var request = WebRequest(address: realm)
    if case .password(let user, let password) = secret {
      parameters += [("client_id", Self.client), ("account", user)]
      request.headers.add(name: "Authorization", value: Authorizer.basic(user, password))
    }
    parameters += scopes.map { ("scope", $0) }
    for (name, value) in parameters { request.address = request.address.adding(name, value) }
    return request
  }
}
