internal import Glibc
internal import Kernel
internal import OCI
internal import TOMLKit

// registries.conf, version 2, as podman, buildah and skopeo have it (containers-registries.conf(5)).
extension RegistryConfiguration {
  private static let longestFile = 1 << 20
  private static let mostDropIns = 1000

  /// What holds on this host: the registries file, and the proxies of the environment.
  ///
  /// The first file that there is of `$CONTAINERS_REGISTRIES_CONF`, `~/.config/containers/registries.conf`,
  /// `/etc/swiftcr/registries.conf`; else `/etc/containers/registries.conf` with `registries.conf.d/*.conf` beside it.
  public static func load(environment: [String: String]) throws(RegistryError) -> RegistryConfiguration {
    var configuration = RegistryConfiguration()
    configuration.proxies = ProxySettings(environment: environment)
    if let path = environment["CONTAINERS_REGISTRIES_CONF"], !path.isEmpty {
      try configuration.add(file: path)
      return configuration
    }
    let own = environment["HOME"].map { "\($0)/.config/containers/registries.conf" }
    for path in [own, "/etc/swiftcr/registries.conf"].compactMap({ $0 }) {
      if try configuration.add(file: path, mayBeMissing: true) { return configuration }
    }
    try configuration.add(file: "/etc/containers/registries.conf", mayBeMissing: true)
    try configuration.add(directory: "/etc/containers/registries.conf.d")
    return configuration
  }

  private mutating func add(directory path: String) throws(RegistryError) {
    guard let directory = try? Descriptor.open(path, O_RDONLY | O_DIRECTORY) else { return }
    let names: [String]
    do { names = try Directories.names(in: directory.number, limit: Self.mostDropIns) } catch {
      throw RegistryError("\(path): \(error)")
    }
    for name in names.sorted() where name.hasSuffix(".conf") {
      try add(file: "\(path)/\(name)", mayBeMissing: true)
    }
  }

  /// Adds the rules of one file; a rule for the same prefix takes the place of the one that was there.
  ///
  /// - Returns: whether there is such a file.
  @discardableResult
  public mutating func add(file path: String, mayBeMissing: Bool = false) throws(RegistryError) -> Bool {
    let bytes: [UInt8]
    do { bytes = try readFile(path, limit: Self.longestFile) } catch {
      if mayBeMissing, error.errno == .noEntry || error.errno == .notDirectory { return false }
      throw RegistryError("\(error)")
    }
    for rule in try Self.rules(of: bytes, in: path) {
      rules.removeAll { $0.prefix == rule.prefix }
      rules.append(rule)
    }
    return true
  }

  private static func rules(of bytes: [UInt8], in path: String) throws(RegistryError) -> [RegistryRule] {
    let json: JSON
    do {
      let table = try TOMLTable(string: String(decoding: bytes, as: UTF8.self))
      json = try JSON.parse(Array(table.convert(to: .json).utf8))
    } catch let error as TOMLParseError {
      throw RegistryError("\(path): line \(error.source.begin.line): \(error.description.quotedForMessage())")
    } catch {
      throw RegistryError("\(path): \("\(error)".quotedForMessage())")
    }
    if json["registries"] != nil {
      throw RegistryError("\(path): it is written in version 1 of the format: write [[registry]] tables instead")
    }
    guard let tables = json["registry"] else { return [] }
    guard let tables = tables.elements else { throw RegistryError("\(path): registry: expected [[registry]] tables") }
    var rules: [RegistryRule] = []
    for (index, table) in tables.enumerated() {
      let reader = RuleReader(table: table, place: "\(path): registry \(index + 1)")
      rules.append(try reader.rule())
    }
    return rules
  }
}

/// One `[[registry]]` or `[[registry.mirror]]` table.
private struct RuleReader {
  let table: JSON
  let place: String

  func rule() throws(RegistryError) -> RegistryRule {
    let location = try text("location") ?? ""
    let prefix = try text("prefix") ?? location
    guard !prefix.isEmpty else { throw RegistryError("\(place): neither prefix nor location") }
    var rule = RegistryRule(prefix, location: location, isInsecure: try flag("insecure"))
    rule.isBlocked = try flag("blocked") ?? false
    let byDigestOnly = try flag("mirror-by-digest-only") ?? false
    for (index, mirror) in (table["mirror"]?.elements ?? []).enumerated() {
      let reader = RuleReader(table: mirror, place: "\(place), mirror \(index + 1)")
      guard let location = try reader.text("location"), !location.isEmpty else {
        throw RegistryError("\(reader.place): no location")
      }
      let pulls = try reader.text("pull-from-mirror") ?? (byDigestOnly ? "digest-only" : "all")
      guard let pulls = RegistryRule.Mirror.Pulls(rawValue: pulls) else {
        throw RegistryError(
          "\(reader.place): pull-from-mirror: expected all, digest-only or tag-only, found \(pulls.quotedForMessage())")
      }
      rule.mirrors.append(.init(location, isInsecure: try reader.flag("insecure"), pulls: pulls))
    }
    return rule
  }

  func text(_ key: String) throws(RegistryError) -> String? {
    guard let value = table[key] else { return nil }
    guard let text = value.string else { throw RegistryError("\(place): \(key): expected a string") }
    // People copy addresses from their browsers.
    guard !text.contains("://") else { throw RegistryError("\(place): \(key): expected a host, without https://") }
    var end = text[...]
    while end.hasSuffix("/") { end.removeLast() }
    return String(end)
  }

  func flag(_ key: String) throws(RegistryError) -> Bool? {
    guard let value = table[key] else { return nil }
    guard case .bool(let flag) = value else { throw RegistryError("\(place): \(key): expected true or false") }
    return flag
  }
}
