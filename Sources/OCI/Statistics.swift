/// What a container uses at one moment: the data of runc's `events`. All counts are the kernel's own; 0 also stands for
/// what this kernel or cgroup version does not count.
public struct Statistics: Sendable, Equatable {
  public var cpu = CPU()
  public var cpuset = CPUSet()
  public var memory = Memory()
  public var pids = Pids()
  public var blockIO = BlockIO()
  /// By page size, `2MB` say.
  public var hugepages: [String: Hugepages] = [:]

  /// Time on CPUs in nanoseconds, lists by CPU.
  public struct CPU: Sendable, Equatable {
    public var total: UInt64 = 0
    public var perCPU: [UInt64] = []
    public var perCPUKernel: [UInt64] = []
    public var perCPUUser: [UInt64] = []
    public var kernel: UInt64 = 0
    public var user: UInt64 = 0
    public var periods: UInt64 = 0
    public var throttledPeriods: UInt64 = 0
    public var throttledTime: UInt64 = 0
    public var pressure: Pressure?

    public init() {}
  }

  /// cgroup v1's cpuset, as its files say it.
  public struct CPUSet: Sendable, Equatable {
    public var cpus: [UInt16] = []
    public var mems: [UInt16] = []
    /// By the file's name without `cpuset.`; see ``flagNames``.
    public var flags: [String: Int64] = [:]

    /// The files that are one number each, in the order of runc's output; `mems` comes after the first.
    public static let flagNames = [
      "cpu_exclusive", "mem_hardwall", "mem_exclusive", "memory_migrate", "memory_spread_page", "memory_spread_slab",
      "memory_pressure", "sched_load_balance", "sched_relax_domain_level",
    ]

    public init() {}
  }

  /// Bytes. `swap` is memory and swap together.
  public struct Memory: Sendable, Equatable {
    public var cache: UInt64 = 0
    public var usage = Amount()
    public var swap = Amount()
    public var kernel = Amount()
    public var kernelTCP = Amount()
    /// The lines of `memory.stat`.
    public var raw: [String: UInt64] = [:]
    public var pressure: Pressure?

    public init() {}
  }

  /// One kind of memory; no limit is the kernel's largest number.
  public struct Amount: Sendable, Equatable {
    public var limit: UInt64 = 0
    public var usage: UInt64 = 0
    public var max: UInt64 = 0
    public var failures: UInt64 = 0

    public init() {}
  }

  /// Processes and threads; a limit of 0 is none.
  public struct Pids: Sendable, Equatable {
    public var current: UInt64 = 0
    public var limit: UInt64 = 0

    public init() {}
  }

  /// Input and output of block devices.
  public struct BlockIO: Sendable, Equatable {
    public var tables: [Table: [Entry]] = [:]
    public var pressure: Pressure?

    /// Named as in runc's output, in its order.
    public enum Table: String, Sendable, CaseIterable {
      case serviceBytes = "ioServiceBytesRecursive"
      case serviced = "ioServicedRecursive"
      case queued = "ioQueueRecursive"
      case serviceTime = "ioServiceTimeRecursive"
      case waitTime = "ioWaitTimeRecursive"
      case merged = "ioMergedRecursive"
      case time = "ioTimeRecursive"
      case sectors = "sectorsRecursive"
    }

    /// One number of one device.
    public struct Entry: Sendable, Equatable {
      public var major: UInt64
      public var minor: UInt64
      /// `Read`, `Write`, `Total` and so on; empty where the kernel makes no difference.
      public var operation: String
      public var value: UInt64

      public init(major: UInt64, minor: UInt64, operation: String, value: UInt64) {
        self.major = major
        self.minor = minor
        self.operation = operation
        self.value = value
      }
    }

    public init() {}
  }

  /// Bytes of huge pages.
  public struct Hugepages: Sendable, Equatable {
    public var usage: UInt64
    public var max: UInt64
    public var failures: UInt64

    public init(usage: UInt64 = 0, max: UInt64 = 0, failures: UInt64 = 0) {
      self.usage = usage
      self.max = max
      self.failures = failures
    }
  }

  /// How much processes waited (Documentation/accounting/psi.rst): percent of the last 10, 60 and 300 seconds, and
  /// microseconds in all.
  public struct Pressure: Sendable, Equatable {
    /// Some of the processes waited, or all of them at once.
    public var some = Share()
    public var full = Share()

    public struct Share: Sendable, Equatable {
      public var last10 = 0.0
      public var last60 = 0.0
      public var last300 = 0.0
      public var total: UInt64 = 0

      public init() {}
    }

    public init() {}
  }

  public init() {}
}
