internal import Arguments
internal import Container
internal import Kernel
internal import OCI

/// `update` and `reclaim`.
extension CommandRunner {
  func reclaim() throws -> Int32 {
    let text = values.positionals.dropFirst().first ?? ""
    guard let bytes = ByteSize.parse(text), bytes > 0 else {
      throw UsageError.expected("a size such as 64M", for: "reclaim", found: text)
    }
    switch try runtime().reclaim(id, bytes: bytes) {
    case .all: return 0
    case .everything:
      log.debug("cgroup v1 freed what it could, whatever the size")
      return 0
    case .less:
      throw UsageError("reclaim: less than \(text) could be freed; the rest of container \(id)'s memory is in use")
    }
  }

  func update() throws -> Int32 {
    // runc's words. resctrl groups are made for no container here, so there is none to change.
    for (option, what) in [
      ("l3-cache-schema", "Intel RDT/CAT: l3 cache schema is not enabled"),
      ("mem-bw-schema", "Intel RDT/MBA: memory bandwidth schema is not enabled"),
    ] where !(values.value(option) ?? "").isEmpty {
      throw UsageError("--\(option): \(what)")
    }
    let resources =
      try values.value("resources").map { try InputDocument($0).load(Resources.load) }
      ?? ResourceOptions(values).resources
    if resources.memory?.kernel != nil || resources.memory?.kernelTCP != nil {
      log.warning("Kernel memory settings are ignored and will be removed")
    }
    try runtime().update(id, resources)
    return 0
  }
}

/// The limits that `update`'s own options describe.
struct ResourceOptions {
  let resources: Resources

  init(_ values: OptionValues) {
    func size(_ name: String) -> Int64? { values.integer(name).map { Int64($0) } }
    func count(_ name: String) -> UInt64? { values.integer(name).map { UInt64($0) } }
    func text(_ name: String) -> String? { values.value(name).flatMap { $0.isEmpty ? nil : $0 } }

    var memory = Resources.Memory()
    memory.limit = size("memory")
    memory.reservation = size("memory-reservation")
    memory.swap = size("memory-swap")
    memory.kernel = size("kernel-memory")
    memory.kernelTCP = size("kernel-memory-tcp")

    var cpu = Resources.CPU()
    cpu.quota = size("cpu-quota")
    cpu.period = count("cpu-period")
    cpu.burst = count("cpu-burst")
    cpu.shares = count("cpu-share")
    cpu.idle = size("cpu-idle")
    cpu.realtimePeriod = count("cpu-rt-period")
    cpu.realtimeRuntime = size("cpu-rt-runtime")
    cpu.cpus = text("cpuset-cpus")
    cpu.mems = text("cpuset-mems")

    var resources = Resources()
    if memory != Resources.Memory() { resources.memory = memory }
    if cpu != Resources.CPU() { resources.cpu = cpu }
    resources.pids = size("pids-limit")
    // Zero is "not given", as in runc.
    if let weight = values.integer("blkio-weight"), weight != 0 {
      var blockIO = Resources.BlockIO()
      blockIO.weight = UInt16(clamping: weight)
      resources.blockIO = blockIO
    }
    self.resources = resources
  }
}
