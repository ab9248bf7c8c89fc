internal import OCI

extension ContainerRecord {
  /// The journal's first line, without its end.
  var json: JSON {
    var members: [JSON.Member] = [
      JSON.Member("version", .integer(Self.version)),
      JSON.Member("id", .string(id.value)),
      JSON.Member("bundle", .string(bundle)),
      JSON.Member("rootfs", .string(rootfs)),
      JSON.Member("created", .array([.integer(created.seconds), .integer(Int64(created.nanoseconds))])),
      JSON.Member("owner", .integer(Int64(ownerID))),
      JSON.Member("ociVersion", .string(ociVersion)),
      JSON.Member("bootID", .string(bootID)),
      JSON.Member("runtime", runtime.json),
    ]
    if !annotations.isEmpty { members.append(JSON.Member("annotations", .strings(annotations))) }
    if !cgroups.isEmpty { members.append(JSON.Member("cgroups", .strings(cgroups))) }
    if let systemdUnit { members.append(JSON.Member("systemdUnit", .string(systemdUnit))) }
    if let layer { members.append(JSON.Member("layer", .string(layer))) }
    if !leases.isEmpty { members.append(JSON.Member("leases", .strings(leases))) }
    if !mounts.isEmpty { members.append(JSON.Member("mounts", .strings(mounts))) }
    if !poststop.isEmpty { members.append(JSON.Member("poststop", .array(poststop.map(Self.json(of:))))) }
    if !newKeyring { members.append(JSON.Member("newKeyring", .bool(false))) }
    return .object(members)
  }

  /// `nil` when something is missing or of the wrong kind: this was not written by `json`, or not all of it.
  init?(json: JSON) {
    guard let id = json["id"]?.string.flatMap({ try? ContainerID(validating: $0) }),
      let bundle = json["bundle"]?.string, let rootfs = json["rootfs"]?.string,
      let seconds = json["created"]?[0]?.integer,
      let nanoseconds = json["created"]?[1]?.integer.flatMap({ UInt32(exactly: $0) }),
      let ownerID = json["owner"]?.integer.flatMap({ UInt32(exactly: $0) }),
      let ociVersion = json["ociVersion"]?.string, let bootID = json["bootID"]?.string,
      let runtime = json["runtime"].flatMap({ ProcessID(json: $0) }),
      let cgroups = Self.strings(json["cgroups"]), let leases = Self.strings(json["leases"]),
      let mounts = Self.strings(json["mounts"])
    else { return nil }
    self.init(
      id: id, bundle: bundle, rootfs: rootfs, created: Timestamp(seconds: seconds, nanoseconds: nanoseconds),
      ownerID: ownerID, bootID: bootID, runtime: runtime)
    self.ociVersion = ociVersion
    self.cgroups = cgroups
    self.leases = leases
    self.mounts = mounts
    systemdUnit = json["systemdUnit"]?.string
    layer = json["layer"]?.string
    newKeyring = json["newKeyring"] != .bool(false)
    for member in json["annotations"]?.members ?? [] { annotations[member.key] = member.value.string }
    for element in json["poststop"]?.elements ?? [] {
      guard let hook = Self.hook(element) else { return nil }
      poststop.append(hook)
    }
  }

  private static func strings(_ json: JSON?) -> [String]? {
    guard let json else { return [] }
    guard let elements = json.elements else { return nil }
    let texts = elements.compactMap(\.string)
    return texts.count == elements.count ? texts : nil
  }

  private static func json(of hook: Hook) -> JSON {
    var members = [JSON.Member("path", .string(hook.path))]
    if !hook.args.isEmpty { members.append(JSON.Member("args", .strings(hook.args))) }
    if !hook.env.isEmpty { members.append(JSON.Member("env", .strings(hook.env))) }
    if let timeout = hook.timeout { members.append(JSON.Member("timeout", .integer(Int64(timeout)))) }
    return .object(members)
  }

  private static func hook(_ json: JSON) -> Hook? {
    guard let path = json["path"]?.string, let args = strings(json["args"]), let env = strings(json["env"]) else {
      return nil
    }
    var hook = Hook()
    hook.path = path
    hook.args = args
    hook.env = env
    hook.timeout = json["timeout"]?.integer.map { Int($0) }
    return hook
  }
}

extension ProcessID {
  var json: JSON {
    .object([
      JSON.Member("pid", .integer(Int64(pid))),
      JSON.Member("startTime", .integer(Int64(clamping: startTime))),
    ])
  }

  init?(json: JSON) {
    guard let pid = json["pid"]?.integer.flatMap({ Int32(exactly: $0) }), pid > 0,
      let startTime = json["startTime"]?.integer.flatMap({ UInt64(exactly: $0) })
    else { return nil }
    self.init(pid: pid, startTime: startTime)
  }
}
