extension Spec {
  /// Reads `config.json`: decodes and validates it.
  ///
  /// - Parameter limit: the most bytes that are taken.
  /// - Throws: every fault of the document at once.
  public static func load(_ bytes: [UInt8], limit: Int = JSON.defaultLimit) throws(SpecFaults) -> Spec {
    try SpecDecoder.load(bytes, limit: limit, { $0.spec($1) }) { spec, unread in
      // Without a whole list of namespaces everything that needs one would look wrong.
      let knowsNamespaces = !unread.contains { $0.keyPath == "linux" || $0.keyPath.hasPrefix("linux.namespaces") }
      return spec.validate(knowsNamespaces: knowsNamespaces)
    }
  }
}

extension Process {
  /// Reads a `process.json`, as `exec --process` has it; key paths begin at the process.
  ///
  /// - Throws: every fault of the document at once.
  public static func load(_ bytes: [UInt8], limit: Int = JSON.defaultLimit) throws(SpecFaults) -> Process {
    try SpecDecoder.load(bytes, limit: limit, { $0.process($1) }) { process, _ in process.validate() }
  }
}

extension Resources {
  /// Reads the limits that `update --resources` has; key paths begin at the resources.
  ///
  /// - Throws: every fault of the document at once.
  public static func load(_ bytes: [UInt8], limit: Int = JSON.defaultLimit) throws(SpecFaults) -> Resources {
    try SpecDecoder.load(bytes, limit: limit, { $0.resources($1) }) { resources, _ in resources.validate() }
  }
}

extension Mount {
  /// Reads the mounts that `mounts add` has: an array, or an object with a member `mounts`.
  ///
  /// - Throws: every fault of the document at once.
  public static func loadList(_ bytes: [UInt8], limit: Int = JSON.defaultLimit) throws(SpecFaults) -> [Mount] {
    try SpecDecoder.load(bytes, limit: limit, { $0.mounts($1) }) { mounts, unread in
      var validator = Validator()
      if unread.isEmpty { validator.mounts(mounts, "mounts") }
      return validator.faults
    }
  }
}

extension SpecDecoder {
  mutating func spec(_ json: JSON) -> Spec {
    var spec = Spec()
    members(json) { decoder, key, value in
      switch key {
      case "ociVersion": spec.ociVersion = decoder.string(value) ?? ""
      case "root": spec.root = decoder.root(value)
      case "mounts": spec.mounts = decoder.list(value) { $0.mount($1) }
      case "process": spec.process = decoder.process(value)
      case "hostname": spec.hostname = decoder.text(value)
      case "domainname": spec.domainname = decoder.text(value)
      case "hooks": spec.hooks = decoder.hooks(value)
      case "annotations": spec.annotations = decoder.map(value) { $0.string($1) }
      case "linux": spec.linux = decoder.linux(value)
      default: break
      }
    }
    return spec
  }

  private mutating func root(_ json: JSON) -> Root {
    var root = Root()
    members(json) { decoder, key, value in
      switch key {
      case "path": root.path = decoder.string(value) ?? ""
      case "readonly": root.readonly = decoder.bool(value) ?? false
      default: break
      }
    }
    return root
  }

  /// `[…]` or `{"mounts": […]}`.
  fileprivate mutating func mounts(_ json: JSON) -> [Mount] {
    guard case .object = json else { return list(json) { $0.mount($1) } }
    var mounts: [Mount] = []
    require(["mounts"], in: json)
    members(json) { decoder, key, value in
      if key == "mounts" { mounts = decoder.list(value) { $0.mount($1) } }
    }
    return mounts
  }

  private mutating func mount(_ json: JSON) -> Mount {
    var mount = Mount()
    members(json) { decoder, key, value in
      switch key {
      case "destination": mount.destination = decoder.string(value) ?? ""
      case "type": mount.type = decoder.text(value)
      case "source": mount.source = decoder.text(value)
      case "options": mount.options = decoder.strings(value)
      case "uidMappings": mount.uidMappings = decoder.list(value) { $0.idMapping($1) }
      case "gidMappings": mount.gidMappings = decoder.list(value) { $0.idMapping($1) }
      default: break
      }
    }
    return mount
  }

  mutating func idMapping(_ json: JSON) -> IDMapping {
    var mapping = IDMapping(containerID: 0, hostID: 0, size: 0)
    members(json) { decoder, key, value in
      switch key {
      case "containerID": mapping.containerID = decoder.integer(value) ?? 0
      case "hostID": mapping.hostID = decoder.integer(value) ?? 0
      case "size": mapping.size = decoder.integer(value) ?? 0
      default: break
      }
    }
    require(["containerID", "hostID", "size"], in: json)
    return mapping
  }

  private mutating func hooks(_ json: JSON) -> Hooks {
    var hooks = Hooks()
    members(json) { decoder, key, value in
      switch key {
      case "prestart": hooks.prestart = decoder.list(value) { $0.hook($1) }
      case "createRuntime": hooks.createRuntime = decoder.list(value) { $0.hook($1) }
      case "createContainer": hooks.createContainer = decoder.list(value) { $0.hook($1) }
      case "startContainer": hooks.startContainer = decoder.list(value) { $0.hook($1) }
      case "poststart": hooks.poststart = decoder.list(value) { $0.hook($1) }
      case "poststop": hooks.poststop = decoder.list(value) { $0.hook($1) }
      default: break
      }
    }
    return hooks
  }

  private mutating func hook(_ json: JSON) -> Hook {
    var hook = Hook()
    members(json) { decoder, key, value in
      switch key {
      case "path": hook.path = decoder.string(value) ?? ""
      case "args": hook.args = decoder.strings(value)
      case "env": hook.env = decoder.strings(value)
      case "timeout":
        hook.timeout = decoder.integer(value)
        if let timeout = hook.timeout, timeout <= 0 {
          decoder.fault("expected a number of seconds above 0, found \(timeout)")
        }
      default: break
      }
    }
    return hook
  }
}
