internal import FoundationEssentials
internal import Glibc
internal import Kernel
internal import OCI

/// docker's config.json, or podman's auth.json. What this program does not know stays as it is.
struct CredentialsFile {
  private let path: String
  private(set) var json: JSON

  private static let longest = 4 << 20
  private static let dockerKey = "https://index.docker.io/v1/"

  /// - Returns: `nil` when there is no such file.
  static func load(_ path: String) throws(RegistryError) -> CredentialsFile? {
    let bytes: [UInt8]
    do { bytes = try readFile(path, limit: longest) } catch {
      if error.errno == .noEntry || error.errno == .notDirectory { return nil }
      throw RegistryError("\(error)")
    }
    // podman leaves empty files behind.
    if bytes.allSatisfy({ $0 <= 0x20 }) { return CredentialsFile(path: path, json: .object([])) }
    do {
      let json = try JSON.parse(bytes)
      guard json.members != nil else { throw RegistryError("\(path): expected an object") }
      return CredentialsFile(path: path, json: json)
    } catch let error as JSONError {
      // The line, not what is in it.
      throw RegistryError("\(path): line \(error.line), column \(error.column): no valid JSON")
    } catch {
      throw RegistryError("\(path): expected an object")
    }
  }

  /// The name of a registry in the file, and for helpers.
  static func key(for domain: String) -> String { domain == Reference.defaultDomain ? dockerKey : domain }

  /// `https://host/v1/` is how docker's first registries were written.
  private static func name(of key: String) -> String {
    var rest = key[...]
    for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) { rest = rest.dropFirst(scheme.utf8.count) }
    while rest.hasSuffix("/") { rest = rest.dropLast() }
    for version in ["/v1", "/v2"] where rest.hasSuffix(version) { rest = rest.dropLast(version.utf8.count) }
    return rest == "index.docker.io" || rest == "registry-1.docker.io" ? Reference.defaultDomain : String(rest)
  }

  /// The helper that keeps a registry's credentials, if not the file itself does.
  func helper(for domain: String) -> String? {
    let own = json["credHelpers"]?.members?.first { Self.name(of: $0.key) == domain }?.value.string
    return [own, json["credsStore"]?.string].compactMap { $0 }.first { !$0.isEmpty }
  }

  func knows(_ domain: String) -> Bool {
    json["auths"]?.members?.contains { Self.name(of: $0.key) == domain } ?? false
  }

  /// The entry with the longest name that the repository is in.
  func secret(for domain: String, repository: String) throws(RegistryError) -> Secret? {
    let entries = json["auths"]?.members ?? []
    var name = repository.isEmpty ? domain : "\(domain)/\(repository)"
    while true {
      for entry in entries where Self.name(of: entry.key) == name {
        if let secret = try secret(of: entry) { return secret }
      }
      guard let slash = name.lastIndex(of: "/") else { return nil }
      name = String(name[..<slash])
    }
  }

  private func secret(of entry: JSON.Member) throws(RegistryError) -> Secret? {
    func text(_ key: String) -> String? { entry.value[key]?.string.flatMap { $0.isEmpty ? nil : $0 } }
    if let token = text("identitytoken") { return .identityToken(token) }
    if let token = text("registrytoken") { return .registryToken(token) }
    if let user = text("username"), let password = text("password") { return .password(user: user, password: password) }
    guard let encoded = text("auth") else { return nil }
    let decoded = Data(base64Encoded: encoded).map { String(decoding: $0, as: UTF8.self) } ?? ""
    guard let colon = decoded.firstIndex(of: ":") else {
      throw RegistryError("\(path): auths[\(entry.key.quotedForMessage())].auth: expected USER:PASSWORD in base64")
    }
    let password = decoded[decoded.index(after: colon)...].filter { $0 != "\0" }
    return .password(user: String(decoded[..<colon]), password: password)
  }

  // MARK: Changes

  /// - Parameter secret: `nil` only notes that a helper knows the registry.
  mutating func set(_ secret: Secret?, for domain: String) {
    remove(domain)
    var members: [JSON.Member] = []
    switch secret {
    case .password(let user, let password):
      members = [JSON.Member("auth", .string(Data("\(user):\(password)".utf8).base64EncodedString()))]
    case .identityToken(let token): members = [JSON.Member("identitytoken", .string(token))]
    case .registryToken(let token): members = [JSON.Member("registrytoken", .string(token))]
    case nil: break
    }
    var auths = json["auths"]?.members ?? []
    auths.append(JSON.Member(Self.key(for: domain), .object(members)))
    replace("auths", with: .object(auths))
  }

  mutating func remove(_ domain: String) {
    guard let auths = json["auths"]?.members else { return }
    replace("auths", with: .object(auths.filter { Self.name(of: $0.key) != domain }))
  }

  private mutating func replace(_ key: String, with value: JSON) {
    var members = json.members ?? []
    if let index = members.firstIndex(where: { $0.key == key }) {
      members[index].value = value
    } else {
      members.append(JSON.Member(key, value))
    }
    json = .object(members)
  }

  /// Reads, changes and replaces the file in one go: two logins at once both count, and no reader sees half of it.
  static func update(
    _ path: String, _ change: (inout CredentialsFile) throws(RegistryError) -> Void
  ) throws(RegistryError) {
    // A link stays one: some keep the file elsewhere.
    let real = realpath(path, nil)
    defer { free(real) }
    let target = real.map { String(cString: $0) } ?? path
    let slash = target.lastIndex(of: "/") ?? target.startIndex
    let directory = slash == target.startIndex ? (target.hasPrefix("/") ? "/" : ".") : String(target[..<slash])
    do {
      let parent = try Directories.open(directory)
      guard retrying({ flock(parent.number, LOCK_EX) }) == 0 else { throw SystemError("lock", directory) }
      var file = try load(target) ?? CredentialsFile(path: target, json: .object([]))
      try change(&file)
      try file.replace(in: parent, target)
    } catch let error as RegistryError {
      throw error
    } catch {
      throw RegistryError("\(error)")
    }
  }

  private func replace(in directory: borrowing Descriptor, _ target: String) throws(SystemError) {
    let temporary = "\(target).swiftcr-\(getpid())"
    _ = unlink(temporary)
    let file = try Descriptor.open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
    do throws(SystemError) {
      try file.writeAll(json.bytes(indent: "\t") + [0x0A], subject: temporary)
      guard fsync(file.number) == 0 else { throw SystemError("sync", temporary) }
      guard rename(temporary, target) == 0 else { throw SystemError("replace", target) }
    } catch {
      _ = unlink(temporary)
      throw error
    }
    _ = fsync(directory.number)
  }
}
