/// A container of an image, ready to be written down.
public struct ContainerConfig: Sendable {
  /// `config.json`.
  public var json: JSON
  /// The program and its arguments.
  public var args: [String]

  /// As `config.json` is written.
  public var bytes: [UInt8] { json.bytes() }
}

extension ContainerRequest {
  /// The annotations that name the layers, and whether the layer on top may be lost; `nil` leaves that to the runtime.
  public static func annotations(layers: [String], isVolatile: Bool?) -> [String: String] {
    var annotations = [LayerRequest.layersKey: JSON.strings(layers).text()]
    if let isVolatile { annotations[LayerRequest.volatileKey] = isVolatile ? "true" : "false" }
    return annotations
  }

  /// The runtime specification's form of the request, as docker makes it.
  ///
  /// The image's labels do not become annotations: they are whoever made the image's, annotations tell the runtime what
  /// to do.
  public func config(
    of image: ImageConfig, accounts: Accounts, annotations: [String: String], host: Host
  ) throws(ContainerRequestError) -> ContainerConfig {
    let defaults = image.defaults
    let args = try arguments(defaults)
    let identity = try accounts.identity(of: user ?? defaults.user)
    let bounding = rights.isPrivileged ? host.capabilities : try rights.capabilities(known: host.capabilities)
    let seccomp = rights.seccomp?.profile(
      for: SeccompTemplate.Target(kernel: host.kernel, capabilities: bounding))

    var process: [JSON.Member] = []
    func add(_ key: String, _ value: JSON) { process.append(JSON.Member(key, value)) }
    if terminal { add("terminal", .bool(true)) }
    add(
      "user",
      .object([
        JSON.Member("uid", .integer(Int64(identity.uid))), JSON.Member("gid", .integer(Int64(identity.gid))),
        JSON.Member("additionalGids", .array(groups(identity, host).map { .integer(Int64($0)) })),
      ]))
    add("args", .strings(args))
    add("env", .strings(environment(defaults, identity)))
    add("cwd", .string(try directory(defaults)))
    // A program of another user than root has none until it executes a file that gives it some.
    let effective: JSON = identity.uid == 0 ? .strings(bounding) : .array([])
    add(
      "capabilities",
      .object([
        JSON.Member("bounding", .strings(bounding)), JSON.Member("effective", effective),
        JSON.Member("permitted", effective),
      ]))
    if rights.noNewPrivileges { add("noNewPrivileges", .bool(true)) }
    if let apparmor = rights.apparmor { add("apparmorProfile", .string(apparmor)) }
    if let selinux = rights.selinux { add("selinuxLabel", .string(selinux)) }

    let root = JSON.object([
      JSON.Member("path", .string("rootfs")), JSON.Member("readonly", .bool(isReadonly)),
    ])
    let json = JSON.object([
      JSON.Member("ociVersion", .string(ContainerState.ociVersion)), JSON.Member("process", .object(process)),
      JSON.Member("root", root), JSON.Member("hostname", .string(hostname)),
      JSON.Member("mounts", .array(try mounts(host).map(\.json))),
      JSON.Member("annotations", .strings(annotations)), JSON.Member("linux", linux(host, seccomp)),
    ])
    return ContainerConfig(json: json, args: args)
  }

  /// The image's defaults as this container has them: what an image that is made of the container begins with.
  public func defaults(over image: ImageDefaults) -> ImageDefaults {
    var defaults = image
    if let user { defaults.user = user }
    if let workingDirectory { defaults.workingDirectory = Self.absolute(workingDirectory) ?? workingDirectory }
    if let entrypoint { (defaults.entrypoint, defaults.cmd) = (entrypoint.isEmpty ? nil : entrypoint, nil) }
    if !command.isEmpty { defaults.cmd = command }
    defaults.env = Self.merge(image.env + env, into: [])
    return defaults
  }

  /// `--entrypoint` takes the image's CMD away as well: it was written for another program.
  private func arguments(_ image: ImageDefaults) throws(ContainerRequestError) -> [String] {
    let program = entrypoint ?? image.entrypoint ?? []
    let rest = command.isEmpty && entrypoint == nil ? image.cmd ?? [] : command
    guard !(program + rest).isEmpty else {
      throw ContainerRequestError("no command specified: neither the image nor the command line has one")
    }
    return program + rest
  }

  /// What every container has, then the image's variables, then those of the command line.
  private func environment(_ image: ImageDefaults, _ identity: Accounts.Identity) -> [String] {
    var variables = ["PATH=\(Self.defaultPath)", "HOSTNAME=\(hostname)"]
    if terminal { variables.append("TERM=xterm") }
    variables = Self.merge(image.env + env, into: variables)
    if !variables.contains(where: { $0.hasPrefix("HOME=") }) {
      let home = identity.home ?? ""
      variables.append("HOME=\(home.isEmpty ? "/" : home)")
    }
    return variables
  }

  /// Later values take the place of earlier ones; a name alone takes the variable away.
  private static func merge(_ entries: [String], into variables: [String]) -> [String] {
    var variables = variables
    for entry in entries {
      let name = entry.prefix { $0 != "=" }
      let at = variables.firstIndex { $0.hasPrefix(name) && $0.dropFirst(name.count).first == "=" }
      guard name.count < entry.count else {
        if let at { variables.remove(at: at) }
        continue
      }
      if let at { variables[at] = entry } else { variables.append(entry) }
    }
    return variables
  }

  private static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  private func directory(_ image: ImageDefaults) throws(ContainerRequestError) -> String {
    if let workingDirectory {
      guard let path = Self.absolute(workingDirectory) else {
        throw ContainerRequestError(
          "the working directory \(quoted(workingDirectory)) is invalid, it needs to be an absolute path")
      }
      return path
    }
    // Images have been made with a relative one; Docker takes it from the root.
    return Self.absolute("/" + image.workingDirectory) ?? "/"
  }

  /// A user with no more than an id of his own can have no groups.
  private func groups(_ identity: Accounts.Identity, _ host: Host) -> [UInt32] {
    guard let maps = host.idMaps, maps.gids.count == 1, maps.gids[0].size == 1 else { return identity.groups }
    return []
  }
}
