extension SpecDecoder {
  mutating func linux(_ json: JSON) -> Linux {
    var linux = Linux()
    members(json) { decoder, key, value in
      switch key {
      case "namespaces": linux.namespaces = decoder.list(value) { $0.namespace($1) }
      case "uidMappings": linux.uidMappings = decoder.list(value) { $0.idMapping($1) }
      case "gidMappings": linux.gidMappings = decoder.list(value) { $0.idMapping($1) }
      case "timeOffsets": linux.timeOffsets = decoder.map(value) { $0.timeOffset($1) }
      case "devices": linux.devices = decoder.list(value) { $0.device($1) }
      case "cgroupsPath": linux.cgroupsPath = decoder.text(value)
      case "resources": linux.resources = decoder.resources(value)
      case "rootfsPropagation":
        // Empty is absent: Go's producers leave it so.
        if value == .string("") { return }
        linux.rootfsPropagation = decoder.name(value, "propagation", among: SpecNames.propagations)
      case "seccomp": linux.seccomp = decoder.seccomp(value)
      case "sysctl": linux.sysctl = decoder.map(value) { $0.string($1) }
      case "maskedPaths": linux.maskedPaths = decoder.strings(value)
      case "readonlyPaths": linux.readonlyPaths = decoder.strings(value)
      case "mountLabel": linux.mountLabel = decoder.text(value)
      case "personality": linux.personality = decoder.personality(value)
      case "memoryPolicy": linux.memoryPolicy = decoder.memoryPolicy(value)
      case "netDevices": linux.netDevices = decoder.map(value) { $0.netDevice($1) }
      case "intelRdt": linux.intelRdt = decoder.intelRdt(value)
      default: break
      }
    }
    return linux
  }

  private mutating func namespace(_ json: JSON) -> Namespace? {
    var type: Namespace.Kind?
    var path: String?
    members(json) { decoder, key, value in
      switch key {
      case "type":
        guard let name = decoder.string(value) else { return }
        type = Namespace.Kind.allCases.first { $0.rawValue == name }
        if type == nil {
          let known = Namespace.Kind.allCases.map(\.rawValue).joined(separator: ", ")
          decoder.fault("unknown namespace \(quoted(name)): expected one of \(known)")
        }
      case "path": path = decoder.text(value)
      default: break
      }
    }
    require(["type"], in: json)
    return type.map { Namespace(type: $0, path: path) }
  }

  private mutating func timeOffset(_ json: JSON) -> TimeOffset {
    var offset = TimeOffset(secs: 0, nanosecs: 0)
    members(json) { decoder, key, value in
      switch key {
      case "secs": offset.secs = decoder.integer(value) ?? 0
      case "nanosecs": offset.nanosecs = decoder.integer(value) ?? 0
      default: break
      }
    }
    return offset
  }

  private mutating func device(_ json: JSON) -> Device {
    var device = Device(type: "", path: "")
    members(json) { decoder, key, value in
      switch key {
      case "type": device.type = decoder.name(value, "device type", among: ["b", "c", "p", "u"]) ?? ""
      case "path": device.path = decoder.string(value) ?? ""
      case "major": device.major = decoder.integer(value) ?? 0
      case "minor": device.minor = decoder.integer(value) ?? 0
      case "fileMode": device.fileMode = decoder.integer(value)
      case "uid": device.uid = decoder.integer(value)
      case "gid": device.gid = decoder.integer(value)
      default: break
      }
    }
    // A FIFO has no numbers.
    let numbers = json["type"] == .string("p") ? [] : ["major", "minor"]
    require(["type", "path"] + numbers, in: json)
    return device
  }

  private mutating func personality(_ json: JSON) -> Personality {
    var personality = Personality(domain: "")
    members(json) { decoder, key, value in
      switch key {
      case "domain":
        personality.domain = decoder.name(value, "personality", among: SpecNames.personalities) ?? ""
      case "flags": personality.flags = decoder.strings(value)
      default: break
      }
    }
    require(["domain"], in: json)
    return personality
  }

  private mutating func memoryPolicy(_ json: JSON) -> MemoryPolicy {
    var policy = MemoryPolicy()
    members(json) { decoder, key, value in
      switch key {
      case "mode": policy.mode = decoder.name(value, "memory policy", among: SpecNames.memoryPolicyModes) ?? ""
      case "nodes": policy.nodes = decoder.text(value)
      case "flags": policy.flags = decoder.names(value, "memory policy flag", among: SpecNames.memoryPolicyFlags)
      default: break
      }
    }
    require(["mode"], in: json)
    return policy
  }

  private mutating func netDevice(_ json: JSON) -> NetDevice {
    var device = NetDevice()
    members(json) { decoder, key, value in
      if key == "name" { device.name = decoder.text(value) }
    }
    return device
  }

  private mutating func intelRdt(_ json: JSON) -> IntelRdt {
    var rdt = IntelRdt()
    members(json) { decoder, key, value in
      switch key {
      case "closID": rdt.closID = decoder.text(value)
      case "schemata": rdt.schemata = decoder.strings(value)
      case "l3CacheSchema": rdt.l3CacheSchema = decoder.text(value)
      case "memBwSchema": rdt.memBwSchema = decoder.text(value)
      case "enableMonitoring": rdt.enableMonitoring = decoder.bool(value) ?? false
      default: break
      }
    }
    return rdt
  }

  // MARK: Seccomp

  /// `nil` for a profile without a default action and without rules, which runc takes for none.
  private mutating func seccomp(_ json: JSON) -> Seccomp? {
    var seccomp = Seccomp()
    members(json) { decoder, key, value in
      switch key {
      case "defaultAction":
        if value == .string("") { return }
        seccomp.defaultAction = decoder.name(value, "seccomp action", among: SpecNames.seccompActions) ?? ""
      case "defaultErrnoRet": seccomp.defaultErrnoRet = decoder.integer(value)
      case "architectures":
        seccomp.architectures = decoder.names(value, "seccomp architecture", among: SpecNames.seccompArchitectures)
      case "flags":
        seccomp.flags = decoder.names(value, "seccomp flag", among: SpecNames.seccompFlags)
        seccomp.hasFlags = true
      case "listenerPath": seccomp.listenerPath = decoder.text(value)
      case "listenerMetadata": seccomp.listenerMetadata = decoder.text(value)
      case "syscalls": seccomp.syscalls = decoder.list(value) { $0.seccompRule($1) }
      default: break
      }
    }
    if seccomp == Seccomp() { return nil }
    require(["defaultAction"], in: json)
    return seccomp
  }

  mutating func seccompRule(_ json: JSON) -> Seccomp.Rule {
    var rule = Seccomp.Rule()
    members(json) { decoder, key, value in
      switch key {
      case "names": rule.names = decoder.strings(value)
      case "action": rule.action = decoder.name(value, "seccomp action", among: SpecNames.seccompActions) ?? ""
      case "errnoRet": rule.errnoRet = decoder.integer(value)
      case "args": rule.args = decoder.list(value) { $0.seccompArgument($1) }
      default: break
      }
    }
    require(["names", "action"], in: json)
    return rule
  }

  private mutating func seccompArgument(_ json: JSON) -> Seccomp.Argument {
    var argument = Seccomp.Argument(index: 0, value: 0, op: "")
    members(json) { decoder, key, value in
      switch key {
      case "index": argument.index = decoder.integer(value) ?? 0
      case "value": argument.value = decoder.integer(value) ?? 0
      case "valueTwo": argument.valueTwo = decoder.integer(value) ?? 0
      case "op": argument.op = decoder.name(value, "seccomp operator", among: SpecNames.seccompOperators) ?? ""
      default: break
      }
    }
    require(["index", "value", "op"], in: json)
    return argument
  }
}
