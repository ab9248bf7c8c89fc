internal import NIOHTTP1
internal import OCI
internal import Synchronization

/// A client for registries (distribution-spec 1.1): what `pull`, `push` and `login` are made of.
///
/// Requests for one image go to its mirrors first, if it has some; what is fetched by digest is what it says it is. All
/// methods may be called at the same time.
public final class RegistryClient: Sendable {
  let configuration: RegistryConfiguration
  let credentials: Credentials
  let session: Session
  /// Mirrors that could not be reached: not every layer has to find that out anew.
  private let unreachable = Mutex<Set<String>>([])

  /// - Parameter warn: is given what registries want their users to know (`Warning: 299`), fit to be printed.
  public init(
    _ configuration: RegistryConfiguration = RegistryConfiguration(), _ credentials: Credentials = Credentials(nil),
    warn: (@Sendable (String) -> Void)? = nil
  ) {
    (self.configuration, self.credentials) = (configuration, credentials)
    session = Session(configuration, credentials, warn: warn)
  }

  /// Closes all connections. Has to be called once, before the client goes.
  public func shutdown() async { await session.shutdown() }

  /// Checks credentials at a registry, and keeps them if it accepts them.
  ///
  /// - Parameter domain: as references have it: `docker.io`, `localhost:5000`.
  public func login(_ domain: String, _ secret: Secret) async throws(RegistryError) {
    let domain = domain == "index.docker.io" ? Reference.defaultDomain : domain
    let source = try configuration.source(of: domain)
    let session = Session(configuration, Credentials(secret))
    do throws(Failure) {
      var reply = try await configuration.patience.retrying { () throws(Failure) in
        var reply = try await session.send(RegistryRequest(.GET, .root, at: source, .none))
        if reply.status >= 500 || reply.status == 429 { throw await reply.failure() }
        return reply
      }
      // Registries without a login answer 404 to strangers; they are no registries of this kind.
      guard reply.isSuccess else { throw await reply.failure() }
      await reply.drain()
    } catch {
      await session.shutdown()
      var failure = error
      if error.status == 401 { failure = Failure("it refuses the name or the password", status: 401) }
      throw RegistryError("log in to \(domain)", failure)
    }
    await session.shutdown()
    try await credentials.store(secret, for: domain)
  }

  /// Does something at each place where an image may be until one has it, passing over mirrors that fail.
  func atEachSource<Value>(
    of reference: Reference, _ step: String,
    _ operation: (RegistrySource) async throws(Failure) -> Value
  ) async throws(RegistryError) -> Value {
    var mirrorFailures: [String] = []
    for source in try sources(of: reference) {
      do throws(Failure) {
        return try await configuration.patience.retrying { () throws(Failure) in try await operation(source) }
      } catch {
        guard source.isMirror, !Task.isCancelled else {
          throw RegistryError(Self.subject(step, reference, source, mirrorFailures), error)
        }
        note(error, at: source)
        mirrorFailures.append("\(source.host): \(error.reason)")
      }
    }
    throw RegistryError("\(step) \(reference): no registry")
  }

  func sources(of reference: Reference) throws(RegistryError) -> [RegistrySource] {
    let unreachable = unreachable.withLock { $0 }
    return try configuration.sources(of: reference).filter { !$0.isMirror || !unreachable.contains($0.host) }
  }

  func note(_ failure: Failure, at mirror: RegistrySource) {
    if failure.kind == .connection { unreachable.withLock { _ = $0.insert(mirror.host) } }
  }

  /// The step and the image; where it was looked for if the name does not say it.
  static func subject(
    _ step: String, _ reference: Reference, _ source: RegistrySource, _ mirrorFailures: [String] = []
  ) -> String {
    let place = source.domain == reference.domain ? "" : " at \(source.host)"
    let mirrors = mirrorFailures.isEmpty ? "" : " (mirrors: \(mirrorFailures.joined(separator: "; ")))"
    return "\(step) \(reference)\(place)\(mirrors)"
  }
}
