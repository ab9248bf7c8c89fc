internal import AsyncHTTPClient
internal import Glibc
internal import Kernel
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL
internal import OCI

// What the layers below report, in a person's words.
extension Failure {
  init(_ error: any Error, at origin: Origin) {
    switch error {
    case let error as Failure: self = error
    case let error as NIOConnectionError: self.init(error)
    case let error as IOError:
      // Whether there was a connection decides whether trying again at once makes sense.
      let isRefusal = [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL].contains(error.errnoCode)
      self.init(Errno(error.errnoCode).description, isRefusal ? .connection : .passing)
    case NIOSSLError.handshakeFailed(let error): self.init(ssl: error, at: origin)
    // With TLS 1.3 a server that wants a certificate says so only when the client has finished.
    case let error as BoringSSLError: self.init(ssl: error, at: origin)
    // NIOSSL ends handshakes like that when the other side just closes.
    case NIOSSLError.uncleanShutdown: self.init("the connection broke off", .passing)
    case NIOSSLError.unableToValidateCertificate, NIOSSLError.noCertificateToValidate:
      self.init(certificate: "the certificate cannot be verified", at: origin)
    case let error as NIOSSLError: self.init("no TLS connection: \("\(error)".quotedForMessage())", .connection)
    case is NIOSSLExtraError:
      self.init(certificate: "the certificate is for another host than \(origin.host)", at: origin)
    case let error as HTTPClientError: self.init(error)
    case HTTPParserError.invalidEOFState: self.init("the connection broke off", .passing)
    case HTTPParserError.headerOverflow: self.init("the headers of its answer are too long")
    case is HTTPParserError: self.init("it does not answer in HTTP")
    case is CancellationError: self.init("cancelled")
    case is ChannelError: self.init("the connection broke off", .passing)
    default: self.init("\(error)".quotedForMessage(limit: 120))
    }
  }

  private init(_ error: NIOConnectionError) {
    if error.connectionErrors.isEmpty {
      self.init(
        "no address for \(error.host.quotedForMessage())", .connection, hint: "is the name right, and DNS working?")
      return
    }
    let reasons = error.connectionErrors.compactMap { ($0.error as? IOError).map { Errno($0.errnoCode).description } }
    let reason = reasons.first ?? "no connection"
    self.init(reason, .connection)
  }

  private init(ssl error: BoringSSLError, at origin: Origin) {
    let text = "\(error)"
    // What is behind this is the library's file and line.
    let name = text.firstRange(of: "OPENSSL_internal:").map { text[$0.upperBound...].prefix { $0 != " " } } ?? ""
    switch name {
    case "CERTIFICATE_VERIFY_FAILED":
      self.init(certificate: "the certificate is not signed by an authority that is known here", at: origin)
    case "WRONG_VERSION_NUMBER", "HTTP_REQUEST":
      self.init(
        "it answers without TLS", .connection,
        hint: "if plain HTTP is all it has, list it as insecure in registries.conf, or say --tls-verify=false")
    case "TLSV1_ALERT_CERTIFICATE_REQUIRED", "TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_BAD_CERTIFICATE":
      self.init(
        "it wants a certificate of yours",
        hint: "put .cert and .key into /etc/containers/certs.d/\(origin.authority)")
    default:
      let reason = name.isEmpty ? text.quotedForMessage() : name.lowercased().replacing("_", with: " ")
      self.init("no TLS connection: \(reason)", .connection)
    }
  }

  private init(certificate reason: String, at origin: Origin) {
    self.init(
      "x509: \(reason)", .connection,
      hint: "put the authority's certificate into /etc/containers/certs.d/\(origin.authority)/ca.crt, "
        + "or list the registry as insecure in registries.conf")
    isCertificate = true
  }

  private init(_ error: HTTPClientError) {
    switch error {
    case .connectTimeout, .tlsHandshakeTimeout, .httpProxyHandshakeTimeout, .socksHandshakeTimeout,
      .getConnectionFromPoolTimeout:
      self.init("no connection in time", .connection)
    case .readTimeout, .deadlineExceeded: self.init("no answer in time", .passing)
    case .writeTimeout: self.init("it takes no more data", .passing)
    case .remoteConnectionClosed, .uncleanShutdown: self.init("the connection broke off", .passing)
    case .cancelled, .requestStreamCancelled: self.init("cancelled")
    case .proxyAuthenticationRequired: self.init("the proxy wants a name and a password", .connection)
    case .invalidProxyResponse: self.init("the proxy does not connect", .connection)
    default: self.init("\(error)".quotedForMessage(limit: 120))
    }
  }
}
