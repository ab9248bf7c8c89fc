internal import OCI

/// Where images are fetched from and how: mirrors, insecure registries, certificates, proxies, patience.
public struct RegistryConfiguration: Sendable {
  /// First that fits best, whatever the order: the rule with the longest prefix counts.
  public var rules: [RegistryRule] = []
  /// `--tls-verify=false`: no certificate is checked, and plain HTTP will do.
  public var verifiesTLS = true
  /// Directories with `HOST[:PORT]/*.crt`, `*.cert` and `*.key`.
  public var certificateDirectories = ["/etc/containers/certs.d", "/etc/docker/certs.d"]
  public var proxies = ProxySettings()
  public var patience = Patience()
  public var userAgent = "swiftcr"
  /// The most bytes of one request of an upload; larger blobs are sent in several.
  public var uploadChunk: Int64 = 64 << 20

  public init() {}

  /// A registry is known by other names than its users know.
  private static let hosts = ["docker.io": "registry-1.docker.io", "index.docker.io": "registry-1.docker.io"]

  /// Where an image may be fetched, in the order to try: mirrors, then its own place.
  ///
  /// - Throws: for blocked registries, and rules that make no reference of it.
  func sources(of reference: Reference) throws(RegistryError) -> [RegistrySource] {
    guard let rule = rule(for: reference) else { return [source(reference, insecure: nil)] }
    if rule.isBlocked { throw RegistryError("\(reference): registries.conf blocks \(rule.prefix.quotedForMessage())") }
    var sources: [RegistrySource] = []
    for mirror in rule.mirrors where mirror.serves(reference) {
      let place = try rule.rewrite(reference, to: mirror.location)
      sources.append(source(place, insecure: mirror.isInsecure, isMirror: true))
    }
    let place = try rule.rewrite(reference, to: rule.location)
    return sources + [source(place, insecure: rule.isInsecure)]
  }

  /// Where an image is pushed to: never a mirror.
  func target(of reference: Reference) throws(RegistryError) -> RegistrySource {
    guard let last = try sources(of: reference).last else { throw RegistryError("\(reference): no registry") }
    return last
  }

  private func source(_ place: Reference, insecure: Bool?, isMirror: Bool = false) -> RegistrySource {
    let host = Self.hosts[place.domain] ?? place.domain
    return RegistrySource(
      host: host, domain: place.domain, repository: place.path,
      isInsecure: insecure == true || (insecure ?? isLoopback(host)) || !verifiesTLS, isMirror: isMirror)
  }

  /// The registry itself, for a login.
  func source(of domain: String) throws(RegistryError) -> RegistrySource {
    let reference: Reference
    do { reference = try Reference(parsing: "\(domain)/login") } catch {
      throw RegistryError("\(domain.quotedForMessage()) is no registry's host")
    }
    guard reference.domain == domain || Self.hosts[domain] != nil else {
      throw RegistryError("\(domain.quotedForMessage()) is no registry's host: it has no dot and no port")
    }
    return source(reference, insecure: rule(for: reference)?.isInsecure)
  }

  /// Whether a host that is no registry's own, as that of a token server or a store of blobs, may be anybody.
  func isInsecure(_ origin: Origin) -> Bool {
    let place = "\(origin.authority)/"
    let rule = rules.filter { !$0.prefix.contains("/") && place.hasPrefix($0.prefix + "/") }.first
    return !verifiesTLS || (rule?.isInsecure ?? origin.isLoopback)
  }

  private func isLoopback(_ host: String) -> Bool {
    Origin(isSecure: true, authority: host)?.isLoopback ?? false
  }

  private func rule(for reference: Reference) -> RegistryRule? {
    rules.filter { $0.matches(reference) }.max { $0.prefix.utf8.count < $1.prefix.utf8.count }
  }
}

/// One place where an image may be: a registry's host as it is reached, and the repository there.
struct RegistrySource: Hashable, Sendable {
  /// Whom requests go to: `registry-1.docker.io`.
  var host: String
  /// Whose credentials they are: `docker.io`.
  var domain: String
  var repository: String
  var isInsecure: Bool
  var isMirror: Bool
}

/// What holds for the images whose names begin with a prefix: a table `[[registry]]` of registries.conf.
public struct RegistryRule: Sendable, Equatable {
  /// `example.com`, `example.com/team`, `*.example.com`.
  public var prefix: String
  /// What stands in the prefix's place when the image is fetched; the prefix itself when empty.
  public var location: String
  /// `nil`: only this machine itself is.
  public var isInsecure: Bool?
  public var isBlocked = false
  public var mirrors: [Mirror] = []

  /// Another place with the same content.
  public struct Mirror: Sendable, Equatable {
    public enum Pulls: String, Sendable {
      case all
      case digestOnly = "digest-only"
      case tagOnly = "tag-only"
    }

    public var location: String
    public var isInsecure: Bool?
    /// Which images it is asked for.
    public var pulls = Pulls.all

    public init(_ location: String, isInsecure: Bool? = nil, pulls: Pulls = .all) {
      (self.location, self.isInsecure, self.pulls) = (location, isInsecure, pulls)
    }

    func serves(_ reference: Reference) -> Bool {
      switch pulls {
      case .all: true
      case .digestOnly: reference.digest != nil
      case .tagOnly: reference.digest == nil
      }
    }
  }

  public init(_ prefix: String, location: String = "", isInsecure: Bool? = nil, mirrors: [Mirror] = []) {
    (self.prefix, self.location, self.isInsecure, self.mirrors) = (prefix, location, isInsecure, mirrors)
  }

  func matches(_ reference: Reference) -> Bool {
    if prefix.hasPrefix("*.") {
      let host = reference.domain.prefix { $0 != ":" }
      return host.hasSuffix(prefix.dropFirst()) && host.utf8.count >= prefix.utf8.count
    }
    let name = reference.repository
    return name == prefix || name.hasPrefix(prefix + "/") || (prefix.contains("/") && "\(reference)" == prefix)
  }

  /// The same image at another place.
  func rewrite(_ reference: Reference, to location: String) throws(RegistryError) -> Reference {
    guard !location.isEmpty, location != prefix else { return reference }
    let matched = prefix.hasPrefix("*.") ? reference.domain : prefix
    let name = location + reference.repository.dropFirst(matched.utf8.count)
    let slash = name.firstIndex(of: "/") ?? name.endIndex
    var place = reference
    (place.domain, place.path) = (String(name[..<slash]), String(name[slash...].dropFirst()))
    guard let parsed = try? Reference(parsing: "\(place)"), parsed == place else {
      throw RegistryError("\(reference): the location \(location.quotedForMessage()) in registries.conf makes no name")
    }
    return place
  }
}
