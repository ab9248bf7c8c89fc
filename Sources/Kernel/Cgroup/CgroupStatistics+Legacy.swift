internal import OCI

/// cgroup v1's statistics, read as runc's `fs` driver does: what it shows, engines know.
extension Statistics {
  /// Ticks of `cpuacct.stat`: USER_HZ, which is 100 on every architecture.
  private static let nanosecondsPerTick: UInt64 = 10_000_000

  mutating func addLegacyUsage(_ files: CgroupFiles) throws(SystemError) {
    let split = try files.pairs("cpuacct.stat")
    cpu.user = (split["user"] ?? 0) &* Self.nanosecondsPerTick
    cpu.kernel = (split["system"] ?? 0) &* Self.nanosecondsPerTick
    cpu.total = try files.number("cpuacct.usage")
    cpu.perCPU = try files.numbers("cpuacct.usage_percpu")
    // Its first line names the columns: cpu user system.
    for line in try files.lines("cpuacct.usage_all").dropFirst() where line.count >= 3 {
      cpu.perCPUUser.append(UInt64(line[1]) ?? 0)
      cpu.perCPUKernel.append(UInt64(line[2]) ?? 0)
    }
  }

  mutating func addLegacyThrottling(_ files: CgroupFiles) throws(SystemError) {
    let values = try files.pairs("cpu.stat")
    cpu.periods = values["nr_periods"] ?? 0
    cpu.throttledPeriods = values["nr_throttled"] ?? 0
    cpu.throttledTime = values["throttled_time"] ?? 0
  }

  mutating func addLegacyCPUSet(_ files: CgroupFiles) throws(SystemError) {
    cpuset.cpus = try files.list("cpuset.cpus")
    cpuset.mems = try files.list("cpuset.mems")
    for name in CPUSet.flagNames {
      // One of them is -1 by default.
      cpuset.flags[name] = try files.lines("cpuset.\(name)").first?.first.flatMap { Int64($0) }
    }
  }

  mutating func addLegacyMemory(_ files: CgroupFiles) throws(SystemError) {
    memory.raw = try files.pairs("memory.stat")
    memory.cache = memory.raw["cache"] ?? 0
    func amount(_ kind: String) throws(SystemError) -> Amount {
      var amount = Amount()
      amount.usage = try files.number("memory.\(kind)usage_in_bytes")
      amount.max = try files.number("memory.\(kind)max_usage_in_bytes")
      amount.failures = try files.number("memory.\(kind)failcnt")
      amount.limit = try files.number("memory.\(kind)limit_in_bytes")
      return amount
    }
    memory.usage = try amount("")
    memory.swap = try amount("memsw.")
    memory.kernel = try amount("kmem.")
    memory.kernelTCP = try amount("kmem.tcp.")
  }

  mutating func addLegacyHugepages(_ files: CgroupFiles, sizes: [String]) throws(SystemError) {
    for size in sizes {
      // Reservations are counted since 5.7, and say more.
      let kind = try files.has("hugetlb.\(size).rsvd.usage_in_bytes") ? ".rsvd" : ""
      let name = "hugetlb.\(size)\(kind)"
      guard try files.has("\(name).usage_in_bytes") else { continue }
      hugepages[size] = Hugepages(
        usage: try files.number("\(name).usage_in_bytes"), max: try files.number("\(name).max_usage_in_bytes"),
        failures: try files.number("\(name).failcnt"))
    }
  }

  /// The schedulers' own tables go first, then those of the throttle, which every kernel has. A set whose first table
  /// is empty is another scheduler's.
  mutating func addLegacyBlockIO(_ files: CgroupFiles) throws(SystemError) {
    let all: [(BlockIO.Table, String)] = [
      (.sectors, "sectors_recursive"), (.serviceTime, "io_service_time_recursive"),
      (.waitTime, "io_wait_time_recursive"), (.merged, "io_merged_recursive"), (.queued, "io_queued_recursive"),
      (.time, "time_recursive"), (.serviced, "io_serviced_recursive"), (.serviceBytes, "io_service_bytes_recursive"),
    ]
    let sets: [(prefix: String, tables: [(BlockIO.Table, String)])] = [
      ("blkio.bfq.", all), ("blkio.bfq.", Array(all.suffix(2))), ("blkio.", all),
      ("blkio.throttle.", Array(all.suffix(2))),
      ("blkio.throttle.", [(.serviced, "io_serviced"), (.serviceBytes, "io_service_bytes")]),
    ]
    for (prefix, tables) in sets {
      for (index, (table, name)) in tables.enumerated() {
        let entries = try Self.entries(files.lines(prefix + name))
        if entries.isEmpty {
          if index == 0 { break }
          return
        }
        blockIO.tables[table] = entries
        if index == tables.count - 1 { return }
      }
    }
  }

  /// `8:0 Read 124` or `8:0 124`; the last line, `Total 228`, is the sum of all devices.
  private static func entries(_ lines: [[String]]) -> [BlockIO.Entry] {
    lines.compactMap { line in
      let device = (line.first ?? "").split(separator: ":").compactMap { UInt64($0) }
      guard device.count == 2, line.count == 2 || line.count == 3, let value = line.last.flatMap({ UInt64($0) }) else {
        return nil
      }
      return BlockIO.Entry(
        major: device[0], minor: device[1], operation: line.count == 3 ? line[1] : "", value: value)
    }
  }
}
