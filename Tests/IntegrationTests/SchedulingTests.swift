import Testing

extension Integration {
  /// When, where and with whose memory a process runs.
  @Suite struct Scheduling {}
}

extension Integration.Scheduling {
  /// A cgroup v1 with real-time groups has no time for such a process unless it is given some.
  static let realtime =
    Host.exists("/sys/fs/cgroup/cpu/cpu.rt_runtime_us")
    ? #".linux.resources.cpu = {"realtimePeriod": 1000000, "realtimeRuntime": 1000}"# : "."

  static let cases: [Case] = [
    Case(
      "nice value", #".process.scheduler = {"policy": "SCHED_OTHER", "nice": 5}"#,
      "cut -d' ' -f19 /proc/self/stat", is: "5"),
    Case(
      "batch", #".process.scheduler = {"policy": "SCHED_BATCH", "nice": 3}"#,
      "cut -d' ' -f19,41 /proc/self/stat", is: "3 3"),
    Case(
      "first in, first out", realtime + #"| .process.scheduler = {"policy": "SCHED_FIFO", "priority": 7}"#,
      "cut -d' ' -f40,41 /proc/self/stat", is: "7 1"),
    Case(
      "round robin, for the process alone",
      realtime
        + #"| .process.scheduler = {"policy": "SCHED_RR", "priority": 3, "flags": ["SCHED_FLAG_RESET_ON_FORK"]}"#,
      "cut -d' ' -f40,41 /proc/1/stat; cut -d' ' -f40,41 /proc/self/stat; :", is: "3 2\n0 0"),
    // Such a process may only fork what is none.
    Case(
      "deadline",
      #".process.scheduler = {"policy": "SCHED_DEADLINE", "flags": ["SCHED_FLAG_RESET_ON_FORK"], "#
        + #""runtime": 10000000, "deadline": 100000000, "period": 200000000}"#,
      "cut -d' ' -f41 /proc/1/stat; :", is: "6"),
    Case("idle", #".process.scheduler = {"policy": "SCHED_IDLE"}"#, "cut -d' ' -f41 /proc/self/stat", is: "5"),
    Case(
      "best effort I/O", #".process.ioPriority = {"class": "IOPRIO_CLASS_BE", "priority": 6}"#, "ionice -p $$",
      is: "best-effort: prio 6"),
    Case(
      "real-time I/O", #".process.ioPriority = {"class": "IOPRIO_CLASS_RT", "priority": 2}"#, "ionice -p $$",
      is: "realtime: prio 2"),
    Case(
      "idle I/O", #".process.ioPriority = {"class": "IOPRIO_CLASS_IDLE", "priority": 0}"#, "ionice -p $$",
      is: "idle"),
  ]

  @Test("config.json sets it", .disabled(if: Host.isControl), arguments: cases) func config(_ item: Case) throws {
    try item.check()
  }

  @Test("a policy that the kernel refuses is told", .disabled(if: Host.isControl)) func refused() throws {
    try withBundle { bundle in
      // The deadline lies after the period's end.
      try bundle.edit(
        #".process.scheduler = {"policy": "SCHED_DEADLINE", "runtime": 10, "deadline": 300000000, "period": 200000000}"#
      )
      let outcome = try bundle.run()
      #expect(
        outcome.code == 1 && outcome.errors.contains("schedule as SCHED_DEADLINE: invalid argument"), "\(outcome)")
    }
  }

  @Test("the processors of exec's process", .disabled(if: Host.isControl)) func affinity() throws {
    try withBundle { bundle in
      try bundle.edit(#".process.execCPUAffinity = {"initial": "1", "final": "0"}"#)
      try bundle.start()
      let own = try bundle.exec("sh", "-c", "grep Cpus_allowed_list /proc/1/status | cut -f2")
      let outcome = try bundle.exec("sh", "-c", "grep Cpus_allowed_list /proc/self/status | cut -f2")
      #expect(outcome.output == "0\n", "\(outcome)")
      #expect(own.output != "0\n", "the container's own process is free: \(own)")
    }
  }

  /// One that no machine has: the kernel is asked, before the process is in its cgroup.
  @Test("the processors before the cgroup", .disabled(if: Host.isControl)) func initial() throws {
    try withBundle { bundle in
      try bundle.edit(#".process.execCPUAffinity = {"initial": "9000"}"#)
      try bundle.start()
      let outcome = try bundle.exec("true")
      #expect(outcome.code == 255 && outcome.errors.contains("run on processors 9000"), "\(outcome)")
    }
  }

  @Test(
    "processors that are no list", .disabled(if: Host.isControl),
    arguments: ["x", "1-", "-1", "3-1", "1,,2", "99999999999999999999", "16384"])
  func noList(_ list: String) throws {
    try withBundle { bundle in
      try bundle.edit(#".process.execCPUAffinity = {"final": "\#(list)"}"#)
      let outcome = try bundle.run()
      #expect(
        outcome.code == 1 && outcome.errors.contains("process.execCPUAffinity.final: expected a list such as 0-3,7"),
        "\(outcome)")
    }
  }

  @Test(
    "memory policy", .disabled(if: Host.isControl),
    .enabled(if: Host.exists("/proc/self/numa_maps"), "this kernel has no NUMA policies"))
  func memoryPolicy() throws {
    try withBundle { bundle in
      try bundle.edit(
        #".linux.memoryPolicy = {"mode": "MPOL_BIND", "nodes": "0", "flags": ["MPOL_F_STATIC_NODES"]}"#)
      let outcome = try bundle.sh("grep -c 'bind=static:0' /proc/self/numa_maps")
      #expect(outcome.code == 0, "\(outcome)")
    }
  }
}
