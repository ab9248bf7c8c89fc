internal import Glibc
internal import OCI

extension CgroupWrites {
  mutating func add(_ cpu: Resources.CPU) throws(SystemError) {
    let name = "linux.resources.cpu"
    let shares = cpu.shares ?? 0
    let quota = cpu.quota ?? 0
    let period = cpu.period ?? 0
    let realtime = (cpu.realtimePeriod ?? 0) != 0 || (cpu.realtimeRuntime ?? 0) != 0
    let hasBandwidth = shares != 0 || quota != 0 || period != 0 || cpu.idle != nil || cpu.burst != nil
    if hasBandwidth || realtime {
      if try isUnified("cpu", property: name) {
        // runc ignores them there; what cannot be converted is an error (config-linux.md, "Unified").
        if realtime {
          let property = (cpu.realtimePeriod ?? 0) != 0 ? "realtimePeriod" : "realtimeRuntime"
          throw SystemError.refusal("\(name).\(property): cgroup v2 has no real-time limits")
        }
        addUnified(cpu, shares: shares, quota: quota, period: period, name)
      } else {
        try addLegacy(cpu, shares: shares, quota: quota, period: period, name)
      }
    }
    for (property, list) in [("cpus", cpu.cpus ?? ""), ("mems", cpu.mems ?? "")] where !list.isEmpty {
      let isList = list.utf8.allSatisfy { (48...57).contains($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ",") }
      guard isList else { throw SystemError.refusal("\(name).\(property): \"\(list)\" is not a list such as 0-2,7") }
      append(
        CgroupWrite(
          property: "\(name).\(property)", controller: "cpuset",
          isUnified: try isUnified("cpuset", property: "\(name).\(property)"), file: "cpuset.\(property)", value: list))
    }
  }

  private mutating func addLegacy(
    _ cpu: Resources.CPU, shares: UInt64, quota: Int64, period: UInt64, _ name: String
  ) throws(SystemError) {
    func write(_ property: String, _ file: String, _ value: String, initial: Bool = false) -> CgroupWrite {
      CgroupWrite(
        property: "\(name).\(property)", controller: "cpu", isUnified: false, file: "cpu.\(file)", value: value,
        isInitial: initial)
    }
    if shares != 0 {
      // The kernel takes any number and keeps what it likes: say so rather than limit to something else.
      guard shares >= 2 else { throw SystemError.refusal("\(name).shares: the minimum allowed cpu-shares is 2") }
      guard shares <= 262144 else {
        throw SystemError.refusal("\(name).shares: the maximum allowed cpu-shares is 262144")
      }
      var first = write("shares", "shares", "\(shares)", initial: shares == 1024)
      first.mayWait = cpu.idle != nil
      append(first)
    }
    if period != 0 {
      // quota / period may not exceed the parent's for a moment either.
      var first = write("period", "cfs_period_us", "\(period)", initial: period == 100_000)
      first.mayWait = quota != 0
      append(first)
    }
    if let burst = cpu.burst {
      var second = write("burst", "cfs_burst_us", "\(burst)", initial: burst == 0)
      second.mayWait = quota != 0
      second.missing = .skip  // since 5.15
      append(second)
    }
    if quota != 0 { append(write("quota", "cfs_quota_us", "\(quota)", initial: quota == -1)) }
    if let idle = cpu.idle { append(write("idle", "idle", "\(idle)", initial: idle == 0)) }
    let runtime = cpu.realtimeRuntime ?? 0
    if let realtime = cpu.realtimePeriod, realtime != 0 {
      var first = write("realtimePeriod", "rt_period_us", "\(realtime)")
      first.mayWait = runtime != 0
      append(first)
    }
    if runtime != 0 { append(write("realtimeRuntime", "rt_runtime_us", "\(runtime)")) }
  }

  private mutating func addUnified(
    _ cpu: Resources.CPU, shares: UInt64, quota: Int64, period: UInt64, _ name: String
  ) {
    func write(_ property: String, _ file: String, _ value: String, initial: Bool = false) -> CgroupWrite {
      CgroupWrite(
        property: "\(name).\(property)", controller: "cpu", isUnified: true, file: "cpu.\(file)", value: value,
        isInitial: initial)
    }
    if shares != 0 {
      let weight = Self.weight(shares: shares)
      var first = write("shares", "weight", "\(weight)", initial: weight == 100)
      // An idle cgroup takes no weight: before it becomes idle, or after it has been.
      first.mayWait = cpu.idle != nil
      append(first)
    }
    if let idle = cpu.idle { append(write("idle", "idle", "\(idle)", initial: idle == 0)) }
    if let burst = cpu.burst {
      var first = write("burst", "max.burst", "\(burst)", initial: burst == 0)
      first.mayWait = quota != 0
      append(first)
    }
    if quota != 0 || period != 0 {
      let value = "\(quota > 0 ? "\(quota)" : "max") \(period == 0 ? 100_000 : period)"
      append(write(quota != 0 ? "quota" : "period", "max", value, initial: value == "max 100000"))
    }
  }

  /// v2's weight (1 to 10000) for v1's shares (2 to 262144): the curve that runc 1.3.2 and crun 1.23 introduced, through the
  /// minimum, the default (1024 -> 100) and the maximum. The older one was linear and made the default 39.
  static func weight(shares: UInt64) -> UInt64 {
    if shares <= 2 { return 1 }
    if shares >= 262144 { return 10000 }
    let logarithm = log2(Double(shares))
    let exponent = (logarithm * logarithm + 125 * logarithm) / 612 - 7.0 / 34
    return UInt64(pow(10, exponent).rounded(.up))
  }
}
