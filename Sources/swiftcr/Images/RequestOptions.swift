internal import Arguments
internal import Container
internal import Glibc
internal import Kernel
internal import OCI

extension ContainerRequest {
  /// What the options of `run --image` and `bundle` ask for.
  init(_ values: OptionValues, command: [String], hostname: String) throws {
    let network = try Self.network(values.value("network"))
    self.init(hostname: values.value("hostname") ?? (network == .host ? Self.hostName() : hostname))
    self.network = network
    self.command = command
    if let program = values.value("entrypoint") { entrypoint = program.isEmpty ? [] : [program] }
    env = try Self.environment(values)
    workingDirectory = values.value("workdir")
    user = values.value("user")
    terminal = values.flag("tty")
    isReadonly = values.flag("read-only")
    for text in values.values("volume") { volumes.append(try Self.volume(text)) }
    for text in values.values("tmpfs") { temporaries.append(try Temporary(parsing: text)) }
    if values.flag("privileged") { (rights.isPrivileged, rights.seccomp) = (true, nil) }
    rights.added = values.values("cap-add")
    rights.dropped = values.values("cap-drop")
    for text in values.values("security-opt") { try rights.apply(text) }
    if let bytes = values.integer("memory"), bytes > 0 { try limits.setMemory(Int64(bytes)) }
    if let text = values.value("cpus") {
      try limits.setProcessors(text, available: max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN))))
    }
    if let count = values.integer("pids-limit"), count > 0 { limits.pids = Int64(count) }
  }

  private static func network(_ text: String?) throws(UsageError) -> Network {
    switch text {
    case nil, "none": return .none
    case "host": return .host
    case .some(let path):
      guard path.hasPrefix("/") else {
        throw .expected("none, host or the absolute path of a network namespace", for: "--network", found: path)
      }
      return .path(path)
    }
  }

  private static func hostName() -> String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Files first, as docker has it. A name alone is passed on from here; one that is not set here is not set there.
  private static func environment(_ values: OptionValues) throws -> [String] {
    var entries: [String] = []
    for file in values.values("env-file") {
      let lines = String(decoding: try InputDocument(file).bytes, as: UTF8.self).split(separator: "\n")
      for line in lines.map({ $0.drop { $0 == " " || $0 == "\t" } }) where !line.isEmpty && !line.hasPrefix("#") {
        entries.append(String(line.hasSuffix("\r") ? line.dropLast() : line))
      }
    }
    entries += values.values("env")
    return try entries.map { entry throws(UsageError) in
      guard !entry.isEmpty, !entry.hasPrefix("=") else {
        throw UsageError("invalid environment variable: \(quoted(entry))")
      }
      guard !entry.contains("="), let value = getenv(entry) else { return entry }
      return "\(entry)=\(String(cString: value))"
    }
  }

  /// A directory of the host that is not there is made, as docker does.
  private static func volume(_ text: String) throws -> Volume {
    var volume = try Volume(parsing: text)
    if !volume.source.hasPrefix("/") {
      guard let here = getcwd(nil, 0) else { throw SystemError("find the working directory") }
      defer { free(here) }
      volume.source = String(cString: here) + "/" + volume.source
    }
    if access(volume.source, F_OK) != 0, errno == ENOENT { try Directories.make(volume.source) }
    return volume
  }
}

extension ContainerRequest.Rights {
  /// `--security-opt`, with docker's names.
  fileprivate mutating func apply(_ text: String) throws {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let value = parts.count > 1 ? parts[1] : ""
    switch parts[0] {
    case "no-new-privileges" where ["", "true", "false"].contains(value): noNewPrivileges = value != "false"
    case "seccomp" where value == "unconfined": seccomp = nil
    case "seccomp" where value == "builtin": seccomp = .default
    case "seccomp" where !value.isEmpty:
      seccomp = try InputDocument(value).load { (bytes, limit) throws(SpecFaults) in
        try SeccompTemplate.load(bytes, limit: limit)
      }
    case "apparmor" where !value.isEmpty: apparmor = value
    case "label" where value == "disable": selinux = nil
    case "label":
      let label = value.split(separator: ":", maxSplits: 1).map(String.init)
      guard label.count == 2, let place = ["user", "role", "type", "level"].firstIndex(of: label[0]) else {
        fallthrough
      }
      var fields = (selinux ?? "system_u:system_r:container_t:s0").split(separator: ":", maxSplits: 3).map(String.init)
      fields[place] = label[1]
      selinux = fields.joined(separator: ":")
    default:
      throw UsageError.expected(
        "no-new-privileges, seccomp=FILE|unconfined, apparmor=PROFILE or label=disable|type:TYPE",
        for: "--security-opt", found: text)
    }
  }
}
