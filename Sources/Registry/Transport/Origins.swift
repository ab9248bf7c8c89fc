internal import OCI

/// Finds out how a registry is reached: with TLS, or, if it may be without, with whichever it answers to.
actor Origins {
  private let transport: Transport
  private var found: [RegistrySource: Task<Origin, any Error>] = [:]

  init(_ transport: Transport) { self.transport = transport }

  func origin(of source: RegistrySource) async throws(Failure) -> Origin {
    guard let secure = Origin(isSecure: true, authority: source.host),
      let plain = Origin(isSecure: false, authority: source.host)
    else { throw Failure("\(source.host.quotedForMessage()) is no host") }
    guard source.isInsecure else { return secure }
    let key = RegistrySource(host: source.host, domain: "", repository: "", isInsecure: true, isMirror: false)
    let task = found[key] ?? Task { [transport] in try await Self.probe(secure, plain, transport) }
    found[key] = task
    do { return try await task.value } catch {
      if found[key] == task { found[key] = nil }
      throw Failure(error, at: secure)
    }
  }

  private static func probe(_ secure: Origin, _ plain: Origin, _ transport: Transport) async throws -> Origin {
    do {
      return try await answers(secure, transport)
    } catch let first {
      // A certificate of ours that cannot be read, say, is no reason to go on without any.
      guard first.kind != .lasting else { throw first }
      do { return try await answers(plain, transport) } catch {
        throw first.reason == "it answers without TLS" ? error : first
      }
    }
  }

  private static func answers(_ origin: Origin, _ transport: Transport) async throws(Failure) -> Origin {
    var reply = try await transport.execute(WebRequest(address: WebAddress(origin, "/v2/"), verifiesTLS: false))
    await reply.drain()
    return origin
  }
}
