extension Validator {
  mutating func process(_ process: Process, _ prefix: String) {
    // runc's words: engines pass them on.
    check(!process.cwd.isEmpty, "\(prefix)cwd", "Cwd property must not be empty")
    check(process.cwd.isEmpty || process.cwd.isAbsolutePath, "\(prefix)cwd", "Cwd must be an absolute path")
    short(process.cwd, "\(prefix)cwd")
    check(!process.args.isEmpty, "\(prefix)args", "args must not be empty")

    id(process.user.uid, "\(prefix)user.uid")
    id(process.user.gid, "\(prefix)user.gid")
    for (index, gid) in process.user.additionalGids.enumerated() {
      id(gid, "\(prefix)user.additionalGids[\(index)]")
    }
    // NGROUPS_MAX.
    check(process.user.additionalGids.count <= 65536, "\(prefix)user.additionalGids", "more than 65536 groups")
    if let umask = process.user.umask {
      check(umask <= 0o777, "\(prefix)user.umask", "expected 0 to 511 (0777), found \(umask)")
    }
    if let score = process.oomScoreAdj {
      check((-1000...1000).contains(score), "\(prefix)oomScoreAdj", "expected -1000 to 1000, found \(score)")
    }
    rlimits(process.rlimits, prefix)
    if let scheduler = process.scheduler { self.scheduler(scheduler, "\(prefix)scheduler") }
    if let priority = process.ioPriority {
      check(
        (0...7).contains(priority.priority), "\(prefix)ioPriority.priority",
        "expected 0 to 7, found \(priority.priority)")
    }
  }

  private mutating func rlimits(_ rlimits: [Rlimit], _ prefix: String) {
    var seen: [String] = []  // At most the sixteen names that there are.
    for (index, rlimit) in rlimits.enumerated() {
      let isNew = !seen.contains(rlimit.type)
      if isNew { seen.append(rlimit.type) }
      check(isNew, "\(prefix)rlimits[\(index)].type", "\(quoted(rlimit.type)) comes twice")
      check(
        rlimit.soft <= rlimit.hard, "\(prefix)rlimits[\(index)].soft",
        "\(rlimit.soft) is above the hard limit \(rlimit.hard)")
    }
  }

  private mutating func scheduler(_ scheduler: Scheduler, _ keyPath: String) {
    let policy = scheduler.policy
    if policy == "SCHED_OTHER" || policy == "SCHED_BATCH" {
      check((-20...19).contains(scheduler.nice), "\(keyPath).nice", "expected -20 to 19, found \(scheduler.nice)")
    }
    if policy != "SCHED_FIFO" && policy != "SCHED_RR" {
      check(scheduler.priority == 0, "\(keyPath).priority", "only SCHED_FIFO and SCHED_RR have a priority")
    }
    if policy != "SCHED_DEADLINE" {
      check(scheduler.runtime == 0, "\(keyPath).runtime", "only SCHED_DEADLINE has a runtime")
      check(scheduler.deadline == 0, "\(keyPath).deadline", "only SCHED_DEADLINE has a deadline")
      check(scheduler.period == 0, "\(keyPath).period", "only SCHED_DEADLINE has a period")
    }
  }

  // MARK: Resources

  mutating func resources(_ resources: Resources, _ prefix: String) {
    for (index, limit) in resources.hugepageLimits.enumerated() {
      check(
        isPageSize(limit.pageSize), "\(prefix)hugepageLimits[\(index)].pageSize",
        "expected a size such as 2MB, found \(quoted(limit.pageSize))")
    }
    for name in resources.unified.sortedKeys {
      // It becomes a file name below the container's cgroup.
      let isName = !name.isEmpty && !name.utf8.contains(UInt8(ascii: "/")) && name != "." && name != ".."
      check(isName, "\(prefix)unified[\(quoted(name))]", "expected the name of a cgroup file such as memory.max")
    }
    if let swappiness = resources.memory?.swappiness {
      // The kernel's MAX_SWAPPINESS is 200; -1 as an unsigned number is how some say "not set", runc knows it.
      let isKnown = swappiness <= 200 || swappiness == .max
      check(isKnown, "\(prefix)memory.swappiness", "expected 0 to 200, found \(swappiness)")
    }
    if let memory = resources.memory, let limit = memory.limit, let swap = memory.swap, limit > 0, swap > 0 {
      check(swap >= limit, "\(prefix)memory.swap", "memory+swap limit should be >= memory limit")
    }
    if let cpus = resources.cpu?.cpus { list(cpus, "\(prefix)cpu.cpus") }
    if let mems = resources.cpu?.mems { list(mems, "\(prefix)cpu.mems") }
    for (index, rule) in resources.devices.enumerated() {
      // -1 is an old way to say "every".
      if let major = rule.major { number(major, from: -1, "\(prefix)devices[\(index)].major") }
      if let minor = rule.minor { number(minor, from: -1, "\(prefix)devices[\(index)].minor") }
    }
  }

  /// A device's number: what mknod(2) and the device controllers take has 32 bits at most.
  mutating func number(_ number: Int64, from lowest: Int64 = 0, _ keyPath: @autoclosure () -> String) {
    check(
      (lowest...Int64(UInt32.max)).contains(number), keyPath(), "expected a device number, found \(number)")
  }

  /// Numbers and ranges such as `0-2,7`; what they mean is the kernel's to say.
  private mutating func list(_ text: String, _ keyPath: @autoclosure () -> String) {
    let isList = text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: ","), UInt8(ascii: "-"), UInt8(ascii: " "),
        UInt8(ascii: "\n"), UInt8(ascii: ":"), UInt8(ascii: "/"):
        true
      default: false
      }
    }
    check(isList, keyPath(), "expected a list such as 0-2,7, found \(quoted(text))")
  }

  /// A number without leading zeros, a prefix or none, `B`.
  private func isPageSize(_ text: String) -> Bool {
    var bytes = text.utf8[...]
    guard bytes.popLast() == UInt8(ascii: "B") else { return false }
    if let last = bytes.last, "KMGT".utf8.contains(last) { bytes.removeLast() }
    guard let first = bytes.first, first != UInt8(ascii: "0") else { return false }
    return bytes.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
  }
}
