internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
internal import Synchronization

/// One request, to one address: no redirects, no credentials but those in its headers.
struct WebRequest: Sendable {
  var method: HTTPMethod = .GET
  var address: WebAddress
  var headers: HTTPHeaders = [:]
  var body: Body = .none
  /// Whether the certificate has to be right.
  var verifiesTLS = true

  enum Body: Sendable {
    case none
    case bytes([UInt8])
    case file(FileRange)
  }
}

/// The HTTP clients, one for each proxy, and the TLS settings, one for each host.
final class Transport: Sendable {
  private struct TLSKey: Hashable {
    var authority: String
    var verifies: Bool
  }
  private struct State {
    var clients: [ProxySettings.Proxy?: HTTPClient] = [:]
    var settings: [TLSKey: TLSConfiguration] = [:]
  }

  private let configuration: RegistryConfiguration
  private let state = Mutex(State())

  init(_ configuration: RegistryConfiguration) { self.configuration = configuration }

  func shutdown() async {
    let clients = state.withLock { state in
      defer { state.clients = [:] }
      return Array(state.clients.values)
    }
    for client in clients { try? await client.shutdown() }
  }

  /// Sends a request and returns as soon as the answer's head is there.
  func execute(_ request: WebRequest) async throws(Failure) -> Reply {
    let origin = request.address.origin
    var message = HTTPClientRequest(url: request.address.description)
    message.method = request.method
    message.headers = request.headers
    message.headers.replaceOrAdd(name: "User-Agent", value: configuration.userAgent)
    // Digests are those of the bytes as they are, and a decoder is one more door for bombs.
    message.headers.replaceOrAdd(name: "Accept-Encoding", value: "identity")
    let patience = configuration.patience
    var deadline = NIODeadline.now() + .init(patience.connect + patience.idle)
    switch request.body {
    case .none: break
    case .bytes(let bytes): message.body = .bytes(ByteBuffer(bytes: bytes))
    case .file(let range):
      message.body = .stream(range, length: .known(range.count))
      // It lasts as long as it lasts; the client's idle times apply.
      deadline = .distantFuture
    }
    if origin.isSecure { message.tlsConfiguration = try tlsSettings(for: origin, verifies: request.verifiesTLS) }
    let client = try client(for: configuration.proxies.proxy(for: origin))
    do {
      let response = try await client.execute(message, deadline: deadline)
      return Reply(
        status: Int(response.status.code), headers: response.headers, address: request.address,
        body: ReplyBody(response.body, from: origin, patience))
    } catch {
      throw Failure(error, at: origin)
    }
  }

  private func client(for proxy: ProxySettings.Proxy?) throws(Failure) -> HTTPClient {
    let patience = configuration.patience
    return try state.withLock { state throws(Failure) in
      if let client = state.clients[proxy] { return client }
      var settings = HTTPClient.Configuration(redirectConfiguration: .disallow, decompression: .disabled)
      settings.timeout = .init(
        connect: .init(patience.connect), read: .init(patience.idle), write: .init(patience.idle))
      // HTTP/2 gives nothing to a few large transfers, and its windows take from them.
      settings.httpVersion = .http1Only
      settings.connectionPool.retryConnectionEstablishment = false
      settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 32
      settings.proxy = try proxy.map { proxy throws(Failure) in try proxy.configuration }
      let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
      state.clients[proxy] = client
      return client
    }
  }

  private func tlsSettings(for origin: Origin, verifies: Bool) throws(Failure) -> TLSConfiguration {
    let key = TLSKey(authority: origin.authority, verifies: verifies)
    return try state.withLock { state throws(Failure) in
      if let settings = state.settings[key] { return settings }
      let settings = try CertificateDirectories(configuration.certificateDirectories).settings(
        for: origin, verifies: verifies)
      state.settings[key] = settings
      return settings
    }
  }
}

extension TimeAmount {
  init(_ duration: Duration) {
    let (seconds, attoseconds) = duration.components
    self = .seconds(seconds) + .nanoseconds(attoseconds / 1_000_000_000)
  }
}
