internal import OCI

extension CgroupWrites {
  mutating func add(_ memory: Resources.Memory) throws(SystemError) {
    let name = "linux.resources.memory"
    let limit = memory.limit ?? 0
    let swap = memory.swap ?? 0
    let reservation = memory.reservation ?? 0
    // `kernel` and `kernelTCP` are ignored: Linux 5.16 and 6.1 removed what they set. `useHierarchy` is always on.
    let onlyV1 = memory.swappiness != nil || memory.disableOOMKiller == true
    if limit == 0 && swap == 0 && reservation == 0 && !onlyV1 { return }
    for (property, value) in [("limit", limit), ("swap", swap), ("reservation", reservation)] where value < -1 {
      throw SystemError.refusal("\(name).\(property): invalid value \(value): -1 is the only negative one")
    }
    if try isUnified("memory", property: name) {
      // runc ignores them there; what cannot be converted is an error (config-linux.md, "Unified").
      if let swappiness = memory.swappiness, swappiness != .max {
        throw SystemError.refusal("\(name).swappiness: cgroup v2 has none for a cgroup")
      }
      if memory.disableOOMKiller == true {
        throw SystemError.refusal("\(name).disableOOMKiller: cgroup v2 cannot do without")
      }
      try addUnified(limit: limit, swap: swap, reservation: reservation, name)
    } else {
      try addLegacy(memory, limit: limit, swap: swap, reservation: reservation, name)
    }
  }

  private mutating func addLegacy(
    _ memory: Resources.Memory, limit: Int64, swap: Int64, reservation: Int64, _ name: String
  ) throws(SystemError) {
    func write(_ property: String, _ file: String, _ value: String, initial: Bool = false) -> CgroupWrite {
      CgroupWrite(
        property: "\(name).\(property)", controller: "memory", isUnified: false, file: "memory.\(file)", value: value,
        isInitial: initial)
    }
    // The kernel keeps limit <= swap at every moment: raising has to begin with the swap, lowering with the limit.
    if limit != 0 {
      var first = write("limit", "limit_in_bytes", "\(limit)", initial: limit == -1)
      first.mayWait = swap != 0 || limit == -1
      append(first)
    }
    if swap != 0 {
      append(write("swap", "memsw.limit_in_bytes", "\(swap)", initial: swap == -1))
    } else if limit == -1 {
      // Unlimited memory with the old swap limit would still be limited. Kernels without swap accounting lack the file.
      var both = write("limit", "memsw.limit_in_bytes", "-1", initial: true)
      both.missing = .skip
      append(both)
    }
    if reservation != 0 {
      append(write("reservation", "soft_limit_in_bytes", "\(reservation)", initial: reservation == -1))
    }
    if memory.disableOOMKiller == true { append(write("disableOOMKiller", "oom_control", "1")) }
    if let swappiness = memory.swappiness, swappiness != .max {
      guard swappiness <= 100 else {
        throw SystemError.refusal("\(name).swappiness: invalid value \(swappiness): valid range is 0-100")
      }
      append(write("swappiness", "swappiness", "\(swappiness)"))
    }
  }

  private mutating func addUnified(limit: Int64, swap: Int64, reservation: Int64, _ name: String) throws(SystemError) {
    func write(_ property: String, _ file: String, _ value: Int64, initial: Bool) -> CgroupWrite {
      CgroupWrite(
        property: "\(name).\(property)", controller: "memory", isUnified: true, file: "memory.\(file)",
        value: value == -1 ? "max" : "\(value)", isInitial: initial)
    }
    // The specification's swap is memory and swap together; v2's is the swap alone.
    if let only = try Self.unifiedSwap(swap: swap, limit: limit) {
      var first = write("swap", "swap.max", only, initial: only == -1)
      // A kernel without swap keeps both of these anyway.
      if only == -1 || only == 0 { first.missing = .skip }
      append(first)
    }
    if limit != 0 { append(write("limit", "max", limit, initial: limit == -1)) }
    if reservation != 0 { append(write("reservation", "low", reservation, initial: false)) }
  }

  /// `memory.swap.max`, -1 for "max"; `nil` leaves it alone.
  static func unifiedSwap(swap: Int64, limit: Int64) throws(SystemError) -> Int64? {
    let name = "linux.resources.memory.swap"
    if limit == -1 && swap == 0 { return -1 }
    if swap == 0 { return nil }
    if swap == -1 || limit == -1 { return swap }
    if limit == 0 { throw SystemError.refusal("\(name): unable to set swap limit without memory limit") }
    if swap < limit { throw SystemError.refusal("\(name): memory+swap limit should be >= memory limit") }
    return swap - limit
  }
}
