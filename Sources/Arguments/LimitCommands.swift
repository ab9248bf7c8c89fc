/// The commands about what containers may use, and do use.
extension CommandTable {
  static let limitCommands: [Command] = [
    Command(
      name: "update", group: .limits, summary: "change the limits of a container",
      details: """
        What is not given stays as it is. Sizes are bytes, or have a unit: 64M. -1 takes a limit away.
        """,
      positionals: [container], options: updateOptions),
    Command(
      name: "reclaim", group: .limits, summary: "free memory of a container",
      details: """
        What can be read again is dropped, the rest is swapped out. It fails if less could be freed. cgroup v1 knows \
        no amounts, and frees all it can.
        """,
      positionals: [container, Positional(name: "size")]),
    Command(
      name: "events", group: .limits, summary: "tell what a container uses, and when it runs out of memory",
      details: """
        Prints one JSON object a line, as long as the container runs.
        """,
      positionals: [container],
      options: [
        Option("interval", nil, .duration("TIME"), "time between two statistics, as in 5s or 1m30s (default: 5s)"),
        Option("stats", "print the statistics once, and exit"),
      ]),
  ]

  private static let updateOptions: [Option] = [
    Option(
      "resources", "r", .path("FILE"),
      "read linux.resources as JSON from FILE, or from standard input if it is -; the options below are then ignored"),
    Option("memory", nil, .size("SIZE"), "limit of memory"),
    Option("memory-reservation", nil, .size("SIZE"), "memory that is left to the container when the host runs short"),
    Option("memory-swap", nil, .size("SIZE"), "limit of memory and swap together"),
    Option("pids-limit", nil, .number("N", Int.min...Int.max), "limit of processes and threads"),
    Option("cpu-quota", nil, .amount("US", -1...Int.max), "time on CPUs in each period, in microseconds"),
    Option("cpu-period", nil, .amount("US", 0...Int.max), "the period, in microseconds"),
    Option(
      "cpu-burst", nil, .amount("US", 0...Int.max), "time that may be saved up for later periods, in microseconds"),
    Option("cpu-share", nil, .amount("N", 0...Int.max), "weight against other containers, from 2 to 262144"),
    Option("cpu-idle", nil, .amount("0|1", 0...1), "1: run only when nothing else wants to (SCHED_IDLE)"),
    Option("cpu-rt-period", nil, .amount("US", 0...Int.max), "the period of realtime processes, in microseconds"),
    Option(
      "cpu-rt-runtime", nil, .amount("US", -1...Int.max), "time of realtime processes in each period, in microseconds"),
    Option("cpuset-cpus", nil, .text("LIST"), "the CPUs, as in 0-2,7"),
    Option("cpuset-mems", nil, .text("LIST"), "the memory nodes, as in 0-1"),
    Option("blkio-weight", nil, .number("N", 0...1000), "weight of input and output, from 10 to 1000"),
    Option("l3-cache-schema", nil, .text("SCHEMA"), in: .engine, "schema of Intel's L3 cache allocation (resctrl)"),
    Option(
      "mem-bw-schema", nil, .text("SCHEMA"), in: .engine, "schema of Intel's memory bandwidth allocation (resctrl)"),
    Option("kernel-memory", nil, .size("SIZE"), in: .engine, "ignored: Linux has this limit no more"),
    Option("kernel-memory-tcp", nil, .size("SIZE"), in: .engine, "ignored: Linux has this limit no more"),
  ]
}
