extension SpecDecoder {
  mutating func process(_ json: JSON) -> Process {
    var process = Process()
    members(json) { decoder, key, value in
      switch key {
      case "terminal": process.terminal = decoder.bool(value) ?? false
      case "consoleSize": process.consoleSize = decoder.consoleSize(value)
      case "cwd": process.cwd = decoder.string(value) ?? ""
      case "env": process.env = decoder.strings(value)
      case "args": process.args = decoder.strings(value)
      case "user": process.user = decoder.user(value)
      case "rlimits": process.rlimits = decoder.list(value) { $0.rlimit($1) }
      case "capabilities": process.capabilities = decoder.capabilities(value)
      case "noNewPrivileges": process.noNewPrivileges = decoder.bool(value) ?? false
      case "oomScoreAdj": process.oomScoreAdj = decoder.integer(value)
      case "apparmorProfile": process.apparmorProfile = decoder.text(value)
      case "selinuxLabel": process.selinuxLabel = decoder.text(value)
      case "scheduler": process.scheduler = decoder.scheduler(value)
      case "ioPriority": process.ioPriority = decoder.ioPriority(value)
      case "execCPUAffinity": process.execCPUAffinity = decoder.cpuAffinity(value)
      default: break
      }
    }
    return process
  }

  private mutating func consoleSize(_ json: JSON) -> ConsoleSize {
    var size = ConsoleSize(height: 0, width: 0)
    members(json) { decoder, key, value in
      switch key {
      case "height": size.height = decoder.integer(value) ?? 0
      case "width": size.width = decoder.integer(value) ?? 0
      default: break
      }
    }
    require(["height", "width"], in: json)
    return size
  }

  private mutating func user(_ json: JSON) -> User {
    var user = User()
    members(json) { decoder, key, value in
      switch key {
      case "uid": user.uid = decoder.integer(value) ?? 0
      case "gid": user.gid = decoder.integer(value) ?? 0
      case "umask": user.umask = decoder.integer(value)
      case "additionalGids": user.additionalGids = decoder.list(value) { $0.integer($1) }
      default: break
      }
    }
    return user
  }

  private mutating func rlimit(_ json: JSON) -> Rlimit {
    var rlimit = Rlimit(type: "", soft: 0, hard: 0)
    members(json) { decoder, key, value in
      switch key {
      case "type": rlimit.type = decoder.name(value, "rlimit", among: SpecNames.rlimits) ?? ""
      case "soft": rlimit.soft = decoder.integer(value) ?? 0
      case "hard": rlimit.hard = decoder.integer(value) ?? 0
      default: break
      }
    }
    require(["type", "soft", "hard"], in: json)
    return rlimit
  }

  private mutating func capabilities(_ json: JSON) -> Capabilities {
    var sets = Capabilities()
    members(json) { decoder, key, value in
      switch key {
      case "bounding": sets.bounding = decoder.list(value) { $0.capability($1) }
      case "effective": sets.effective = decoder.list(value) { $0.capability($1) }
      case "inheritable": sets.inheritable = decoder.list(value) { $0.capability($1) }
      case "permitted": sets.permitted = decoder.list(value) { $0.capability($1) }
      case "ambient": sets.ambient = decoder.list(value) { $0.capability($1) }
      default: break
      }
    }
    return sets
  }

  /// A newer kernel's capability is let through, with a warning later.
  private mutating func capability(_ json: JSON) -> String? {
    guard let name = string(json) else { return nil }
    if !name.hasPrefix("CAP_") { fault("expected a capability such as CAP_KILL, found \(quoted(name))") }
    return name
  }

  // MARK: Additions of 1.1 to 1.3

  private mutating func scheduler(_ json: JSON) -> Scheduler {
    var scheduler = Scheduler()
    members(json) { decoder, key, value in
      switch key {
      case "policy":
        scheduler.policy = decoder.name(value, "scheduling policy", among: SpecNames.schedulerPolicies) ?? ""
      case "nice": scheduler.nice = decoder.integer(value) ?? 0
      case "priority": scheduler.priority = decoder.integer(value) ?? 0
      case "flags": scheduler.flags = decoder.names(value, "scheduling flag", among: SpecNames.schedulerFlags)
      case "runtime": scheduler.runtime = decoder.integer(value) ?? 0
      case "deadline": scheduler.deadline = decoder.integer(value) ?? 0
      case "period": scheduler.period = decoder.integer(value) ?? 0
      default: break
      }
    }
    require(["policy"], in: json)
    return scheduler
  }

  private mutating func ioPriority(_ json: JSON) -> IOPriority {
    var priority = IOPriority(class: "", priority: 0)
    members(json) { decoder, key, value in
      switch key {
      case "class":
        priority.class = decoder.name(value, "I/O priority class", among: SpecNames.ioPriorityClasses) ?? ""
      case "priority": priority.priority = decoder.integer(value) ?? 0
      default: break
      }
    }
    require(["class"], in: json)
    return priority
  }

  private mutating func cpuAffinity(_ json: JSON) -> CPUAffinity {
    var affinity = CPUAffinity()
    members(json) { decoder, key, value in
      switch key {
      case "initial": affinity.initial = decoder.text(value)
      case "final": affinity.final = decoder.text(value)
      default: break
      }
    }
    return affinity
  }
}
