/// Why a request did not give what was wanted; what it was about is added where that is known (`RegistryError`).
struct Failure: Error, Sendable {
  enum Kind: Sendable {
    /// No connection, or none that TLS was possible on: with an insecure registry plain HTTP may do.
    case connection
    /// It broke off, took too long, or the registry is too busy: it may work the next time.
    case passing
    /// It will not work the next time.
    case lasting
  }

  var reason: String
  var kind: Kind = .lasting
  /// What the registry answered, if it did.
  var status: Int?
  /// What the user can do.
  var hint: String?
  /// What the registry asks to wait.
  var retryAfter: Duration?
  /// It is the certificate that is wrong, not the connection.
  var isCertificate = false

  init(
    _ reason: String, _ kind: Kind = .lasting, status: Int? = nil, hint: String? = nil, retryAfter: Duration? = nil
  ) {
    (self.reason, self.kind, self.status, self.hint, self.retryAfter) = (reason, kind, status, hint, retryAfter)
  }

  /// A name that does not resolve and a port at which nobody listens will hardly change in seconds.
  var isTransient: Bool { kind == .passing }
}
