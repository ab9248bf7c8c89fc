internal import Arguments
internal import Glibc
internal import Image
internal import OCI
internal import Registry

/// `pull`, `push`, `login` and `logout`.
extension ImageCommand {
  func pull() async throws -> Int32 {
    let library = try library()
    let isQuiet = values.flag("quiet")
    for name in values.positionals {
      let reference = try Reference(parsing: name)
      if reference.tag == "latest", !isQuiet, !name.hasSuffix(":latest") { Output.print("Using default tag: latest\n") }
      if !isQuiet {
        Output.print("\(reference.tag ?? reference.digest?.description ?? ""): Pulling from \(reference.path)\n")
      }
      let progress = ProgressBoard(isQuiet: isQuiet, words: .pull)
      let outcome = try await withClient { client in
        try await Pull(library, client, progress)(reference, platforms: try platforms())
      }
      progress.finish()
      if isQuiet {
        Output.print("\(reference)\n")
      } else {
        let state = outcome.wasUpToDate ? "Image is up to date for" : "Downloaded newer image for"
        Output.print("Digest: \(outcome.digest)\nStatus: \(state) \(reference.familiar)\n\(reference)\n")
      }
    }
    return 0
  }

  func push() async throws -> Int32 {
    let library = try library()
    let isQuiet = values.flag("quiet")
    guard let name = argument(0) else { return 1 }
    let destination = try Reference(parsing: argument(1) ?? name)
    if !isQuiet { Output.print("The push refers to repository [\(destination.repository)]\n") }
    let progress = ProgressBoard(isQuiet: isQuiet, words: .push)
    let only = values.value("platform") == nil ? nil : try platform()
    let pushed = try await withClient { client in
      try await Push(library, client, progress)(name, to: destination, platform: only)
    }
    progress.finish()
    let label = destination.tag ?? "\(pushed.digest)"
    return Output.print(
      isQuiet ? "\(destination)\n" : "\(label): digest: \(pushed.digest) size: \(pushed.size)\n")
  }

  /// `nil` for all of them.
  private func platforms() throws -> [Platform]? {
    if values.flag("all-platforms") { return nil }
    return [try platform()]
  }

  func platform() throws -> Platform {
    guard let text = values.value("platform") else { return .host }
    guard let platform = Platform(parsing: text) else {
      throw UsageError.expected("a platform such as linux/arm64", for: "--platform", found: text)
    }
    return platform
  }

  /// A client as the host's configuration and the options have it, for the time of the body.
  func withClient<Value>(_ body: (RegistryClient) async throws -> Value) async throws -> Value {
    let environment = Self.environment
    var configuration = try RegistryConfiguration.load(environment: environment)
    if values.value("tls-verify") == "false" { configuration.verifiesTLS = false }
    configuration.userAgent = "swiftcr/\(CommandTable.version)"
    let client = RegistryClient(
      configuration, Credentials(environment: environment), warn: { [log] in log.warning($0) })
    do {
      let value = try await body(client)
      await client.shutdown()
      return value
    } catch {
      await client.shutdown()
      throw error
    }
  }

  static var environment: [String: String] {
    var variables: [String: String] = [:]
    var entry = environ
    while let text = entry.pointee {
      let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
      entry += 1
    }
    return variables
  }
}
