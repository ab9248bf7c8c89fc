internal import Arguments
internal import Glibc
internal import Image
internal import OCI

extension BuildOptions {
  /// What the command line says.
  init(_ values: OptionValues, _ globals: OptionValues) throws {
    let place = values.positionals.first ?? ""
    self.init(context: place == "-" ? .standardInput : .directory(place))
    file = values.value("file")
    tags = values.values("tag")
    arguments = values.values("build-arg").map { text in
      let (name, value) = Self.pair(text)
      // Without a value it is passed on from here.
      return (name, value ?? getenv(name).map { String(cString: $0) })
    }
    labels = values.values("label").map { text in
      let (key, value) = Self.pair(text)
      return (key, value ?? "")
    }
    target = values.value("target")
    if let text = values.value("platform") {
      guard let platform = Platform(parsing: text) else {
        throw UsageError.expected("a platform such as linux/arm64", for: "--platform", found: text)
      }
      self.platform = platform
    }
    ignoresCache = values.flag("no-cache")
    pulls = values.flag("pull")
    contexts = try values.values("build-context").map { text throws(UsageError) in
      guard case (let name, let place?) = Self.pair(text), !name.isEmpty, !place.isEmpty else {
        throw .expected("NAME=PLACE", for: "--build-context", found: text)
      }
      return (name, place)
    }
    secrets = try values.values("secret").map(Self.secret)
    agents = try Self.agents(values.values("ssh"))
    network = values.value("network") == "none" ? .none : .host
    hosts = try values.values("add-host").map { text throws(UsageError) in
      guard let cut = text.firstIndex(where: { $0 == ":" || $0 == "=" }), cut > text.startIndex else {
        throw .expected("NAME:ADDRESS", for: "--add-host", found: text)
      }
      return (String(text[..<cut]), String(text[text.index(after: cut)...]))
    }
    allowsInsecure = try values.values("allow").contains { right throws(UsageError) in
      guard ["security.insecure", "network.host"].contains(right) else {
        throw .expected("security.insecure or network.host", for: "--allow", found: right)
      }
      return right == "security.insecure"
    }
    output = try values.value("output").map(Self.output)
    cacheSources = try values.values("cache-from").map { try Self.cachePlace($0, key: "src", option: "--cache-from") }
    cacheTargets = try values.values("cache-to").map { try Self.cachePlace($0, key: "dest", option: "--cache-to") }
    onlyChecks = values.flag("check")
    opensShell = values.flag("debug-shell")
    guard !opensShell || isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 else {
      throw UsageError("--debug-shell: standard input and output must be a terminal")
    }
    explainsCache = values.flag("explain-cache")
    stateRoot = globals.value("root")
  }

  private static func pair(_ text: String) -> (String, String?) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    return (parts[0], parts.count > 1 ? parts[1] : nil)
  }

  /// `a=b,c=d`.
  private static func members(_ text: String) -> [String: String] {
    var members: [String: String] = [:]
    for part in text.split(separator: ",") {
      let (key, value) = pair(String(part))
      members[key] = value ?? ""
    }
    return members
  }

  private static func secret(_ text: String) throws(UsageError) -> BuildSecret {
    let members = members(text)
    let id = members["id"] ?? ""
    guard !id.isEmpty else { throw .expected("id=ID[,src=FILE|env=NAME]", for: "--secret", found: text) }
    if let name = members["env"], !name.isEmpty { return BuildSecret(id: id, source: .environment(name)) }
    if let path = members["src"] ?? members["source"] { return BuildSecret(id: id, source: .file(path)) }
    if getenv(id) != nil, members["type"] != "file" { return BuildSecret(id: id, source: .environment(id)) }
    return BuildSecret(id: id, source: .file(id))
  }

  private static func agents(_ texts: [String]) throws(UsageError) -> [String: String] {
    var agents: [String: String] = [:]
    for text in texts {
      let (id, path) = pair(text)
      guard let socket = path ?? getenv("SSH_AUTH_SOCK").map({ String(cString: $0) }) else {
        throw UsageError("--ssh \(text): there is no SSH_AUTH_SOCK in the environment: give \(text)=SOCKET")
      }
      agents[id.isEmpty ? "default" : id] = socket
    }
    return agents
  }

  private static func output(_ text: String) throws(UsageError) -> BuildOutput {
    guard text.contains("=") else { return text == "-" ? .archive(nil) : .directory(text) }
    let members = members(text)
    let place = members["dest"].flatMap { $0 == "-" ? nil : $0 }
    switch members["type"] {
    case "local":
      guard let place else { throw UsageError("--output: type=local wants dest=DIR") }
      return .directory(place)
    case "tar": return .archive(place)
    case "oci": return .oci(place)
    case "docker": return .docker(place)
    default: throw .expected("type=local, tar, oci or docker", for: "--output", found: text)
    }
  }

  private static func cachePlace(_ text: String, key: String, option: String) throws(UsageError) -> CachePlace {
    let members = members(text)
    if let reference = members["ref"] { return .registry(reference) }
    if !text.contains("=") { return text.hasPrefix("/") || text.hasPrefix(".") ? .directory(text) : .registry(text) }
    guard members["type"] == "local", let path = members[key], !path.isEmpty else {
      throw .expected("type=local,\(key)=DIR or type=registry,ref=NAME", for: option, found: text)
    }
    return .directory(path)
  }
}
