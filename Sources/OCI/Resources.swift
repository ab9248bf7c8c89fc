/// Limits of the container's cgroup (config-linux.md, "Control groups").
public struct Resources: Sendable, Equatable {
  public var devices: [DeviceRule] = []
  public var memory: Memory?
  public var cpu: CPU?
  public var pids: Int64?
  public var blockIO: BlockIO?
  public var hugepageLimits: [HugepageLimit] = []
  public var network: Network?
  public var rdma: [String: RDMA] = [:]
  /// cgroup v2 files by name, written as they are.
  public var unified: [String: String] = [:]

  /// A rule of the device controller; `nil` numbers match every device.
  public struct DeviceRule: Sendable, Equatable {
    public var allow: Bool
    /// `a`, `c` or `b`.
    public var type: String
    public var major: Int64?
    public var minor: Int64?
    /// Some of `r`, `w` and `m`.
    public var access: String

    public init(allow: Bool, type: String = "a", major: Int64? = nil, minor: Int64? = nil, access: String = "rwm") {
      self.allow = allow
      self.type = type
      self.major = major
      self.minor = minor
      self.access = access
    }
  }

  /// Bytes; -1 is no limit.
  public struct Memory: Sendable, Equatable {
    public var limit: Int64?
    public var reservation: Int64?
    public var swap: Int64?
    public var kernel: Int64?
    public var kernelTCP: Int64?
    public var swappiness: UInt64?
    public var disableOOMKiller: Bool?
    public var useHierarchy: Bool?
    public var checkBeforeUpdate: Bool?

    public init() {}
  }

  /// Times in microseconds; `cpus` and `mems` are lists such as `0-2,7`.
  public struct CPU: Sendable, Equatable {
    public var shares: UInt64?
    public var quota: Int64?
    public var burst: UInt64?
    public var period: UInt64?
    public var realtimeRuntime: Int64?
    public var realtimePeriod: UInt64?
    public var idle: Int64?
    public var cpus: String?
    public var mems: String?

    public init() {}
  }

  /// Weights, and throttles in bytes or operations a second.
  public struct BlockIO: Sendable, Equatable {
    public var weight: UInt16?
    public var leafWeight: UInt16?
    public var weightDevice: [WeightDevice] = []
    public var throttleReadBpsDevice: [ThrottleDevice] = []
    public var throttleWriteBpsDevice: [ThrottleDevice] = []
    public var throttleReadIOPSDevice: [ThrottleDevice] = []
    public var throttleWriteIOPSDevice: [ThrottleDevice] = []

    public init() {}
  }

  /// The weight of one device.
  public struct WeightDevice: Sendable, Equatable {
    public var major: Int64
    public var minor: Int64
    public var weight: UInt16?
    public var leafWeight: UInt16?

    public init(major: Int64, minor: Int64, weight: UInt16? = nil, leafWeight: UInt16? = nil) {
      self.major = major
      self.minor = minor
      self.weight = weight
      self.leafWeight = leafWeight
    }
  }

  /// The throttle of one device.
  public struct ThrottleDevice: Sendable, Equatable {
    public var major: Int64
    public var minor: Int64
    public var rate: UInt64

    public init(major: Int64, minor: Int64, rate: UInt64) {
      self.major = major
      self.minor = minor
      self.rate = rate
    }
  }

  /// A limit in bytes for one page size, `2MB` say.
  public struct HugepageLimit: Sendable, Equatable {
    public var pageSize: String
    public var limit: UInt64

    public init(pageSize: String, limit: UInt64) {
      self.pageSize = pageSize
      self.limit = limit
    }
  }

  /// cgroup v1's network class and priorities by interface.
  public struct Network: Sendable, Equatable {
    public var classID: UInt32?
    public var priorities: [String: UInt32] = [:]

    public init() {}
  }

  /// Limits of one RDMA device.
  public struct RDMA: Sendable, Equatable {
    public var hcaHandles: UInt32?
    public var hcaObjects: UInt32?

    public init() {}
  }

  public init() {}
}
