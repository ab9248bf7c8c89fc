extension SpecDecoder {
  mutating func resources(_ json: JSON) -> Resources {
    var resources = Resources()
    members(json) { decoder, key, value in
      switch key {
      case "devices": resources.devices = decoder.list(value) { $0.deviceRule($1) }
      case "memory": resources.memory = decoder.memory(value)
      case "cpu": resources.cpu = decoder.cpu(value)
      case "pids":
        decoder.members(value) { if $1 == "limit" { resources.pids = $0.integer($2) } }
      case "blockIO": resources.blockIO = decoder.blockIO(value)
      case "hugepageLimits": resources.hugepageLimits = decoder.list(value) { $0.hugepageLimit($1) }
      case "network": resources.network = decoder.network(value)
      case "rdma": resources.rdma = decoder.map(value) { $0.rdma($1) }
      case "unified": resources.unified = decoder.map(value) { $0.string($1) }
      default: break
      }
    }
    return resources
  }

  private mutating func deviceRule(_ json: JSON) -> Resources.DeviceRule {
    var rule = Resources.DeviceRule(allow: false)
    members(json) { decoder, key, value in
      switch key {
      case "allow": rule.allow = decoder.bool(value) ?? false
      case "type":
        if value == .string("") { return }
        rule.type = decoder.name(value, "device type", among: ["a", "b", "c"]) ?? "a"
      case "major": rule.major = decoder.integer(value)
      case "minor": rule.minor = decoder.integer(value)
      case "access":
        guard let access = decoder.text(value) else { return }
        rule.access = access
        if !access.utf8.allSatisfy({ "rwm".utf8.contains($0) }) {
          decoder.fault("expected some of r, w and m, found \(quoted(access))")
        }
      default: break
      }
    }
    // Its absence would silently mean "deny".
    require(["allow"], in: json)
    return rule
  }

  private mutating func memory(_ json: JSON) -> Resources.Memory {
    var memory = Resources.Memory()
    members(json) { decoder, key, value in
      switch key {
      case "limit": memory.limit = decoder.integer(value)
      case "reservation": memory.reservation = decoder.integer(value)
      case "swap": memory.swap = decoder.integer(value)
      case "kernel": memory.kernel = decoder.integer(value)
      case "kernelTCP": memory.kernelTCP = decoder.integer(value)
      case "swappiness": memory.swappiness = decoder.integer(value)
      case "disableOOMKiller": memory.disableOOMKiller = decoder.bool(value)
      case "useHierarchy": memory.useHierarchy = decoder.bool(value)
      case "checkBeforeUpdate": memory.checkBeforeUpdate = decoder.bool(value)
      default: break
      }
    }
    return memory
  }

  private mutating func cpu(_ json: JSON) -> Resources.CPU {
    var cpu = Resources.CPU()
    members(json) { decoder, key, value in
      switch key {
      case "shares": cpu.shares = decoder.integer(value)
      case "quota": cpu.quota = decoder.integer(value)
      case "burst": cpu.burst = decoder.integer(value)
      case "period": cpu.period = decoder.integer(value)
      case "realtimeRuntime": cpu.realtimeRuntime = decoder.integer(value)
      case "realtimePeriod": cpu.realtimePeriod = decoder.integer(value)
      case "idle": cpu.idle = decoder.integer(value)
      case "cpus": cpu.cpus = decoder.text(value)
      case "mems": cpu.mems = decoder.text(value)
      default: break
      }
    }
    return cpu
  }

  private mutating func blockIO(_ json: JSON) -> Resources.BlockIO {
    var io = Resources.BlockIO()
    members(json) { decoder, key, value in
      switch key {
      case "weight": io.weight = decoder.integer(value)
      case "leafWeight": io.leafWeight = decoder.integer(value)
      case "weightDevice": io.weightDevice = decoder.list(value) { $0.weightDevice($1) }
      case "throttleReadBpsDevice": io.throttleReadBpsDevice = decoder.list(value) { $0.throttleDevice($1) }
      case "throttleWriteBpsDevice": io.throttleWriteBpsDevice = decoder.list(value) { $0.throttleDevice($1) }
      case "throttleReadIOPSDevice": io.throttleReadIOPSDevice = decoder.list(value) { $0.throttleDevice($1) }
      case "throttleWriteIOPSDevice": io.throttleWriteIOPSDevice = decoder.list(value) { $0.throttleDevice($1) }
      default: break
      }
    }
    return io
  }

  private mutating func weightDevice(_ json: JSON) -> Resources.WeightDevice {
    var device = Resources.WeightDevice(major: 0, minor: 0)
    members(json) { decoder, key, value in
      switch key {
      case "major": device.major = decoder.integer(value) ?? 0
      case "minor": device.minor = decoder.integer(value) ?? 0
      case "weight": device.weight = decoder.integer(value)
      case "leafWeight": device.leafWeight = decoder.integer(value)
      default: break
      }
    }
    require(["major", "minor"], in: json)
    return device
  }

  private mutating func throttleDevice(_ json: JSON) -> Resources.ThrottleDevice {
    var device = Resources.ThrottleDevice(major: 0, minor: 0, rate: 0)
    members(json) { decoder, key, value in
      switch key {
      case "major": device.major = decoder.integer(value) ?? 0
      case "minor": device.minor = decoder.integer(value) ?? 0
      case "rate": device.rate = decoder.integer(value) ?? 0
      default: break
      }
    }
    require(["major", "minor", "rate"], in: json)
    return device
  }

  private mutating func hugepageLimit(_ json: JSON) -> Resources.HugepageLimit {
    var limit = Resources.HugepageLimit(pageSize: "", limit: 0)
    members(json) { decoder, key, value in
      switch key {
      case "pageSize": limit.pageSize = decoder.string(value) ?? ""
      case "limit": limit.limit = decoder.integer(value) ?? 0
      default: break
      }
    }
    require(["pageSize", "limit"], in: json)
    return limit
  }

  private mutating func network(_ json: JSON) -> Resources.Network {
    var network = Resources.Network()
    members(json) { decoder, key, value in
      switch key {
      case "classID": network.classID = decoder.integer(value)
      case "priorities":
        let priorities = decoder.list(value) { $0.interfacePriority($1) }
        for (name, priority) in priorities { network.priorities[name] = priority }
      default: break
      }
    }
    return network
  }

  private mutating func interfacePriority(_ json: JSON) -> (String, UInt32) {
    var name = ""
    var priority: UInt32 = 0
    members(json) { decoder, key, value in
      switch key {
      case "name": name = decoder.string(value) ?? ""
      case "priority": priority = decoder.integer(value) ?? 0
      default: break
      }
    }
    require(["name", "priority"], in: json)
    return (name, priority)
  }

  private mutating func rdma(_ json: JSON) -> Resources.RDMA {
    var limits = Resources.RDMA()
    members(json) { decoder, key, value in
      switch key {
      case "hcaHandles": limits.hcaHandles = decoder.integer(value)
      case "hcaObjects": limits.hcaObjects = decoder.integer(value)
      default: break
      }
    }
    return limits
  }
}
