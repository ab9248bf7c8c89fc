internal import OCI

/// The properties of a unit, systemd.resource-control(5), for the resources of config.json.
struct SystemdProperties {
  private(set) var values: [(name: String, value: DBusValue)] = []

  mutating func add(_ name: String, _ value: DBusValue) { values.append((name, value)) }

  /// As StartTransientUnit and SetUnitProperties want it: `a(sv)`.
  var argument: DBusValue {
    .array(
      .structure([.string, .variant]), values.map { .structure([.string($0.name), .variant($0.value)]) })
  }

  /// The limits that systemd knows of. It would set its own idea of them at the next reload, so it has to know ours.
  /// - Parameter unified: cgroup v2's names; v1 knows fewer.
  init(_ resources: Resources, unified: Bool) throws(SystemError) {
    if let memory = resources.memory { try add(memory, unified) }
    if let cpu = resources.cpu { try add(cpu, unified) }
    // As in the file: systemd takes no 0, and no fork succeeds with 1 either.
    if let pids = resources.pids { add("TasksMax", Self.limit(pids < 0 ? -1 : max(pids, 1))) }
    if unified {
      for (key, value) in resources.unified.sorted(by: { $0.key < $1.key }) { try add(key, value) }
    }
  }

  /// Below zero there is none.
  private static func limit(_ limit: Int64) -> DBusValue { .uint64(limit < 0 ? .max : UInt64(limit)) }

  private mutating func add(_ memory: Resources.Memory, _ unified: Bool) throws(SystemError) {
    let (limit, swap) = (memory.limit ?? 0, memory.swap ?? 0)
    if limit != 0 { add(unified ? "MemoryMax" : "MemoryLimit", Self.limit(limit)) }
    guard unified else { return }
    if let reservation = memory.reservation, reservation != 0 { add("MemoryLow", Self.limit(reservation)) }
    if let only = try CgroupWrites.unifiedSwap(swap: swap, limit: limit) { add("MemorySwapMax", Self.limit(only)) }
  }

  private mutating func add(_ cpu: Resources.CPU, _ unified: Bool) throws(SystemError) {
    if let shares = cpu.shares, shares != 0 {
      if unified {
        // An idle cgroup has no weight; 0 is how systemd (252) calls that.
        add("CPUWeight", .uint64(cpu.idle == 1 ? 0 : CgroupWrites.weight(shares: shares)))
      } else {
        add("CPUShares", .uint64(shares))
      }
    }
    addQuota(cpu.quota ?? 0, period: cpu.period ?? 0)
    guard unified else { return }
    if let cpus = cpu.cpus, !cpus.isEmpty { add("AllowedCPUs", try Self.bits(cpus, "linux.resources.cpu.cpus")) }
    if let mems = cpu.mems, !mems.isEmpty {
      add("AllowedMemoryNodes", try Self.bits(mems, "linux.resources.cpu.mems"))
    }
  }

  private mutating func addQuota(_ quota: Int64, period: UInt64) {
    if period != 0 { add("CPUQuotaPeriodUSec", .uint64(period)) }
    guard quota != 0 else { return }
    guard quota > 0 else { return add("CPUQuotaPerSecUSec", .uint64(.max)) }
    let (scaled, overflow) = UInt64(quota).multipliedReportingOverflow(by: 1_000_000)
    if overflow { return add("CPUQuotaPerSecUSec", .uint64(.max)) }
    // systemd keeps whole percents, and never less than was asked for.
    let perSecond = scaled / (period == 0 ? 100_000 : period)
    add("CPUQuotaPerSecUSec", .uint64((perSecond + 9999) / 10000 * 10000))
  }

  /// A list such as `0-2,7` as systemd's bit mask, lowest byte first.
  static func bits(_ list: String, _ name: String) throws(SystemError) -> DBusValue {
    var bytes: [UInt8] = []
    for range in list.split(separator: ",") {
      let ends = range.split(separator: "-", omittingEmptySubsequences: false).map { UInt16($0) }
      guard ends.count <= 2, let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last, last < 8192
      else { throw SystemError.refusal("\(name): \"\(list)\" is not a list such as 0-2,7") }
      for number in Int(first)...Int(last) {
        while bytes.count <= number / 8 { bytes.append(0) }
        bytes[number / 8] |= 1 << UInt8(number % 8)
      }
    }
    return .array(.byte, bytes.map { .byte($0) })
  }

  /// A file of linux.resources.unified, where systemd has a property for it; the others are only written to their files.
  private mutating func add(_ key: String, _ text: String) throws(SystemError) {
    let property = "linux.resources.unified[\"\(key)\"]"
    func number(_ text: some StringProtocol) throws(SystemError) -> UInt64 {
      if text == "max" { return .max }
      guard let number = UInt64(text) else {
        throw SystemError.refusal("\(property): \"\(text)\" is neither a number nor max")
      }
      return number
    }
    switch key {
    case "memory.max": add("MemoryMax", .uint64(try number(text)))
    case "memory.high": add("MemoryHigh", .uint64(try number(text)))
    case "memory.low": add("MemoryLow", .uint64(try number(text)))
    case "memory.min": add("MemoryMin", .uint64(try number(text)))
    case "memory.swap.max": add("MemorySwapMax", .uint64(try number(text)))
    case "pids.max": add("TasksMax", .uint64(try number(text)))
    case "cpu.weight": add("CPUWeight", .uint64(try number(text)))
    case "cpuset.cpus": add("AllowedCPUs", try Self.bits(text, property))
    case "cpuset.mems": add("AllowedMemoryNodes", try Self.bits(text, property))
    case "cpu.max":
      let words = text.split(separator: " ")
      guard let first = words.first, words.count <= 2 else {
        throw SystemError.refusal("\(property): \"\(text)\" is not QUOTA PERIOD")
      }
      let quota = try number(first)
      let period = words.count == 2 ? try number(words[1]) : 100_000
      addQuota(quota == .max ? -1 : Int64(clamping: quota), period: period)
    default: break
    }
  }
}
