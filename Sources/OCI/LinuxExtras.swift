// What versions 1.1 to 1.3 of the specification added to processes and to `linux`.

/// The scheduling attributes of a process (config.md, "scheduler"; sched_setattr(2)).
public struct Scheduler: Sendable, Equatable {
  /// `SCHED_OTHER`, `SCHED_FIFO` and so on.
  public var policy = ""
  public var nice: Int32 = 0
  /// 1 to 99, for `SCHED_FIFO` and `SCHED_RR`.
  public var priority: Int32 = 0
  /// `SCHED_FLAG_RESET_ON_FORK` and so on.
  public var flags: [String] = []
  /// Nanoseconds, for `SCHED_DEADLINE`; so are `deadline` and `period`.
  public var runtime: UInt64 = 0
  public var deadline: UInt64 = 0
  public var period: UInt64 = 0

  public init() {}
}

/// The input/output priority of a process (config.md, "ioPriority"; ioprio_set(2)).
public struct IOPriority: Sendable, Equatable {
  /// `IOPRIO_CLASS_RT`, `IOPRIO_CLASS_BE` or `IOPRIO_CLASS_IDLE`.
  public var `class`: String
  /// 0 (first) to 7.
  public var priority: Int

  public init(class: String, priority: Int) {
    self.class = `class`
    self.priority = priority
  }
}

/// The CPUs of a process that `exec` starts, as lists such as `0-3,7` (config.md, "execCPUAffinity").
public struct CPUAffinity: Sendable, Equatable {
  /// Until the process is in its cgroup.
  public var initial: String?
  /// From then on.
  public var final: String?

  public init(initial: String? = nil, final: String? = nil) {
    self.initial = initial
    self.final = final
  }
}

/// The NUMA memory policy (config-linux.md, "Memory policy"; set_mempolicy(2)).
public struct MemoryPolicy: Sendable, Equatable {
  /// `MPOL_DEFAULT`, `MPOL_BIND` and so on.
  public var mode = ""
  /// A list such as `0-3,7`.
  public var nodes: String?
  /// `MPOL_F_STATIC_NODES` and so on.
  public var flags: [String] = []

  public init() {}
}

/// A network device that is moved from the host into the container (config-linux.md, "Network devices").
public struct NetDevice: Sendable, Equatable {
  /// Its name inside; `nil` keeps the name.
  public var name: String?

  public init(name: String? = nil) {
    self.name = name
  }
}

/// Intel's resource director (config-linux.md, "IntelRdt").
public struct IntelRdt: Sendable, Equatable {
  public var closID: String?
  /// Lines of the `schemata` file, as they are.
  public var schemata: [String] = []
  public var l3CacheSchema: String?
  public var memBwSchema: String?
  public var enableMonitoring = false

  public init() {}
}
