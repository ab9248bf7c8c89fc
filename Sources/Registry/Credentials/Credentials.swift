internal import Glibc
internal import OCI

/// The users' names and passwords, where docker and podman keep them: config.json, auth.json, credential helpers.
public struct Credentials: Sendable {
  /// Read in this order; the first that knows the registry counts.
  private let files: [String]
  /// Where a login goes.
  private let ownFile: String?
  private let environment: [String: String]
  /// Instead of all files.
  private var fixed: Secret?

  /// - Parameters:
  ///   - environment: `REGISTRY_AUTH_FILE`, `DOCKER_CONFIG`, `XDG_RUNTIME_DIR`, `XDG_CONFIG_HOME`, `HOME` say where; helpers
  ///     are looked up in its `PATH` and inherit it.
  ///   - file: the only one to use (`--authfile`).
  public init(environment: [String: String], file: String? = nil) {
    self.environment = environment
    func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    if let only = file ?? value("REGISTRY_AUTH_FILE") {
      (files, ownFile) = ([only], only)
      return
    }
    let home = value("HOME")
    let docker = (value("DOCKER_CONFIG") ?? home.map { "\($0)/.docker" }).map { "\($0)/config.json" }
    let runtime = value("XDG_RUNTIME_DIR") ?? "/run/containers/\(getuid())"
    let settings = value("XDG_CONFIG_HOME") ?? home.map { "\($0)/.config" }
    let podman = [
      value("XDG_RUNTIME_DIR") == nil ? "\(runtime)/auth.json" : "\(runtime)/containers/auth.json",
      settings.map { "\($0)/containers/auth.json" },
    ]
    files = ([docker] + podman).compactMap { $0 }
    ownFile = docker
  }

  /// No files: these for every registry, or none at all.
  public init(_ secret: Secret?) {
    (files, ownFile, environment, fixed) = ([], nil, [:], secret)
  }

  /// What is known for a registry, or for the repository there (podman's keys can be as long as `host/team/app`).
  ///
  /// - Parameter domain: as references have it: `docker.io`, `localhost:5000`.
  public func secret(for domain: String, repository: String = "") async throws(RegistryError) -> Secret? {
    if let fixed { return fixed }
    for path in files {
      guard let file = try CredentialsFile.load(path) else { continue }
      if let name = file.helper(for: domain) {
        let helper = CredentialHelper(name: name, environment: environment)
        if let secret = try await helper.get(CredentialsFile.key(for: domain)) { return secret }
      }
      if let secret = try file.secret(for: domain, repository: repository) { return secret }
    }
    return nil
  }

  /// Keeps what a registry has accepted, in the helper that the file names, or in the file itself (mode 0600).
  public func store(_ secret: Secret, for domain: String) async throws(RegistryError) {
    let path = try writableFile()
    if let name = try CredentialsFile.load(path)?.helper(for: domain) {
      try await CredentialHelper(name: name, environment: environment)
        .store(secret, for: CredentialsFile.key(for: domain))
      // As docker does: the list of registries one is logged in to, without secrets.
      try CredentialsFile.update(path) { file throws(RegistryError) in file.set(nil, for: domain) }
    } else {
      try CredentialsFile.update(path) { file throws(RegistryError) in file.set(secret, for: domain) }
    }
  }

  /// Forgets a registry.
  ///
  /// - Returns: whether it was known.
  @discardableResult
  public func logout(_ domain: String) async throws(RegistryError) -> Bool {
    var wasKnown = false
    for path in files {
      guard let file = try CredentialsFile.load(path) else { continue }
      if let name = file.helper(for: domain) {
        let helper = CredentialHelper(name: name, environment: environment)
        if try await helper.erase(CredentialsFile.key(for: domain)) { wasKnown = true }
      }
      if file.knows(domain) {
        try CredentialsFile.update(path) { file throws(RegistryError) in file.remove(domain) }
        wasKnown = true
      }
    }
    return wasKnown
  }

  private func writableFile() throws(RegistryError) -> String {
    guard let ownFile else { throw RegistryError("no place for credentials: neither HOME nor DOCKER_CONFIG is set") }
    return ownFile
  }
}
