extension ContainerRequest {
  /// Files of procfs and sysfs that tell of the host, or change it (moby, `daemon/pkg/oci/defaults.go`).
  static let maskedPaths = [
    "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
    "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap",
    "/sys/firmware",
  ]
  static let readonlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]

  /// The `linux` part of `config.json`.
  ///
  /// Not docker's time namespace: without offsets it changes nothing for the program, and costs a second clone.
  func linux(_ host: Host, _ seccomp: Seccomp?) -> JSON {
    var members: [JSON.Member] = []
    if let maps = host.idMaps {
      members.append(JSON.Member("uidMappings", .array(maps.uids.map(\.json))))
      members.append(JSON.Member("gidMappings", .array(maps.gids.map(\.json))))
    }
    members.append(JSON.Member("resources", resources(host)))
    members.append(JSON.Member("namespaces", .array(namespaces(host))))
    if let seccomp { members.append(JSON.Member("seccomp", seccomp.json)) }
    if rights.isPrivileged {
      members.append(JSON.Member("devices", .array(host.devices.map(\.json))))
    } else {
      members.append(JSON.Member("maskedPaths", .strings(Self.maskedPaths + host.maskedPaths)))
      members.append(JSON.Member("readonlyPaths", .strings(Self.readonlyPaths)))
    }
    return .object(members)
  }

  private func namespaces(_ host: Host) -> [JSON] {
    var kinds = [Namespace(type: .mount), Namespace(type: .uts), Namespace(type: .pid), Namespace(type: .ipc)]
    switch network {
    case .none: kinds.append(Namespace(type: .network))
    case .path(let path): kinds.append(Namespace(type: .network, path: path))
    case .host: break
    }
    if host.hasUnifiedCgroups { kinds.append(Namespace(type: .cgroup)) }
    if host.idMaps != nil { kinds.append(Namespace(type: .user)) }
    return kinds.map { kind in
      var members = [JSON.Member("type", .string(kind.type.rawValue))]
      if let path = kind.path { members.append(JSON.Member("path", .string(path))) }
      return .object(members)
    }
  }

  private func resources(_ host: Host) -> JSON {
    func object(_ members: (String, Int64)...) -> JSON {
      .object(members.map { JSON.Member($0.0, .integer($0.1)) })
    }
    let everyDevice = JSON.object([
      JSON.Member("allow", .bool(rights.isPrivileged)), JSON.Member("access", .string("rwm")),
    ])
    var members = [JSON.Member("devices", .array([everyDevice]))]
    if let memory = limits.memory {
      // The limit of memory and swap together.
      let both = memory > Int64.max / 2 ? Int64.max : 2 * memory
      members.append(
        JSON.Member(
          "memory", host.limitsSwap ? object(("limit", memory), ("swap", both)) : object(("limit", memory))))
    }
    if let quota = limits.cpuQuota {
      members.append(JSON.Member("cpu", object(("quota", quota), ("period", Self.cpuPeriod))))
    }
    if let pids = limits.pids { members.append(JSON.Member("pids", object(("limit", pids)))) }
    return .object(members)
  }

  /// 100 ms.
  static let cpuPeriod: Int64 = 100_000
}

extension ContainerRequest.Limits {
  /// `--memory`: at least 6 MiB, below which nothing starts.
  public mutating func setMemory(_ bytes: Int64) throws(ContainerRequestError) {
    guard bytes >= 6 << 20 else { throw ContainerRequestError("Minimum memory limit allowed is 6MB") }
    memory = bytes
  }

  /// `--cpus 1.5`.
  ///
  /// - Parameter available: the host's processors.
  public mutating func setProcessors(_ text: String, available: Int) throws(ContainerRequestError) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    let areDigits = parts.allSatisfy { $0.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } }
    let isNumber = (1...2).contains(parts.count) && areDigits && parts.contains { !$0.isEmpty }
    guard isNumber, text.utf8.count <= 20, let number = Double(text.hasPrefix(".") ? "0" + text : text) else {
      throw ContainerRequestError("--cpus: expected a number such as 1.5, found \(quoted(text))")
    }
    guard number >= 0.01, number <= Double(available) else {
      throw ContainerRequestError(
        "range of CPUs is from 0.01 to \(available).00, as there are only \(available) CPUs available")
    }
    cpuQuota = Int64(number * Double(ContainerRequest.cpuPeriod))
  }
}

extension IDMapping {
  fileprivate var json: JSON {
    .object([
      JSON.Member("containerID", .integer(Int64(containerID))), JSON.Member("hostID", .integer(Int64(hostID))),
      JSON.Member("size", .integer(Int64(size))),
    ])
  }
}
