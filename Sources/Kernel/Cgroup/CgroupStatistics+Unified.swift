internal import OCI

/// cgroup v2's statistics, under the names and in the units of v1's, as runc's `fs2` driver converts them.
extension Statistics {
  mutating func addUnifiedCPU(_ files: CgroupFiles) throws(SystemError) {
    // Microseconds; there whether or not the controller is.
    let values = try files.pairs("cpu.stat")
    func nanoseconds(_ name: String) -> UInt64 { (values[name] ?? 0) &* 1000 }
    cpu.total = nanoseconds("usage_usec")
    cpu.user = nanoseconds("user_usec")
    cpu.kernel = nanoseconds("system_usec")
    cpu.periods = values["nr_periods"] ?? 0
    cpu.throttledPeriods = values["nr_throttled"] ?? 0
    cpu.throttledTime = nanoseconds("throttled_usec")
    cpu.pressure = try Self.pressure(files, "cpu.pressure")
  }

  mutating func addUnifiedMemory(_ files: CgroupFiles) throws(SystemError) {
    memory.raw = try files.pairs("memory.stat")
    memory.cache = memory.raw["file"] ?? 0
    memory.usage.usage = try files.number("memory.current")
    memory.usage.limit = try files.number("memory.max")
    memory.usage.max = try files.number("memory.peak")  // since 5.19
    if try files.has("memory.swap.current") {
      // v1's is memory and swap together; the peaks of two things are not the peak of their sum.
      memory.swap.usage = try files.number("memory.swap.current") &+ memory.usage.usage
      let limit = try files.number("memory.swap.max")
      let (sum, overflows) = limit.addingReportingOverflow(memory.usage.limit)
      memory.swap.limit = overflows ? .max : sum
    } else {
      memory.swap.usage = memory.usage.usage
      memory.swap.limit = memory.usage.limit
    }
    memory.pressure = try Self.pressure(files, "memory.pressure")
  }

  /// Without the controller the processes are counted by whoever has their list.
  mutating func addPids(_ files: CgroupFiles, processes: () throws(SystemError) -> Int) throws(SystemError) {
    if try files.has("pids.current") {
      pids.current = try files.number("pids.current")
      let limit = try files.number("pids.max")
      pids.limit = limit == .max ? 0 : limit
    } else {
      pids.current = UInt64(try processes())
    }
  }

  mutating func addUnifiedHugepages(_ files: CgroupFiles, sizes: [String]) throws(SystemError) {
    for size in sizes {
      let kind = try files.has("hugetlb.\(size).rsvd.current") ? ".rsvd" : ""
      guard try files.has("hugetlb.\(size)\(kind).current") else { continue }
      hugepages[size] = Hugepages(
        usage: try files.number("hugetlb.\(size)\(kind).current"),
        failures: try files.pairs("hugetlb.\(size).events")["max"] ?? 0)
    }
  }

  /// `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0` on each line.
  mutating func addUnifiedBlockIO(_ files: CgroupFiles) throws(SystemError) {
    let kinds: [String: (BlockIO.Table, String)] = [
      "rbytes": (.serviceBytes, "Read"), "wbytes": (.serviceBytes, "Write"), "rios": (.serviced, "Read"),
      "wios": (.serviced, "Write"),
    ]
    for line in try files.lines("io.stat") {
      let device = (line.first ?? "").split(separator: ":").compactMap { UInt64($0) }
      guard device.count == 2 else { continue }
      for item in line.dropFirst() {
        let parts = item.split(separator: "=")
        guard parts.count == 2, let (table, operation) = kinds[String(parts[0])], let value = UInt64(parts[1]) else {
          continue
        }
        blockIO.tables[table, default: []].append(
          BlockIO.Entry(major: device[0], minor: device[1], operation: operation, value: value))
      }
    }
    blockIO.pressure = try Self.pressure(files, "io.pressure")
  }

  /// `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`, and the same for `full`.
  static func pressure(_ files: CgroupFiles, _ file: String) throws(SystemError) -> Pressure? {
    guard try files.has(file) else { return nil }
    var pressure = Pressure()
    for line in try files.lines(file) {
      var share = Pressure.Share()
      for item in line.dropFirst() {
        let parts = item.split(separator: "=")
        guard parts.count == 2 else { continue }
        switch parts[0] {
        case "avg10": share.last10 = Double(String(parts[1])) ?? 0
        case "avg60": share.last60 = Double(String(parts[1])) ?? 0
        case "avg300": share.last300 = Double(String(parts[1])) ?? 0
        case "total": share.total = UInt64(parts[1]) ?? 0
        default: break
        }
      }
      switch line.first {
      case "some": pressure.some = share
      case "full": pressure.full = share
      default: break
      }
    }
    return pressure
  }
}
