import OCI
import Testing

@testable import Kernel

@Suite struct CgroupWritesTests {
  static let v1 = CgroupControllers(
    layout: .v1,
    v1: ["cpu", "cpuacct", "cpuset", "memory", "pids", "blkio", "hugetlb", "net_cls", "net_prio", "rdma"], v2: [])
  static let v2 = CgroupControllers(
    layout: .unified, v1: [], v2: ["cpu", "cpuset", "io", "memory", "pids", "hugetlb", "rdma"])

  /// `file=value`, with `~` before those that may have to wait, and `?` before those whose file may be missing.
  static func plan(_ controllers: CgroupControllers, _ change: (inout Resources) -> Void) throws -> [String] {
    var resources = Resources()
    change(&resources)
    return try CgroupWrites.writes(for: resources, controllers: controllers).map { write in
      let mark = (write.mayWait ? "~" : "") + (write.missing == .skip ? "?" : "")
      return "\(mark)\(write.file)=\(write.value)\(write.isInitial ? " (initial)" : "")"
    }
  }

  static func refusal(_ controllers: CgroupControllers, _ change: (inout Resources) -> Void) -> String {
    do {
      return "planned \(try plan(controllers, change))"
    } catch {
      return "\(error)"
    }
  }

  struct MemoryCase: Sendable {
    var limit: Int64?
    var swap: Int64?
    var reservation: Int64?
    var v1: [String]
    var v2: [String]
  }

  @Test(arguments: [
    MemoryCase(v1: [], v2: []),
    MemoryCase(limit: 0, swap: 0, reservation: 0, v1: [], v2: []),
    MemoryCase(limit: 4096, v1: ["memory.limit_in_bytes=4096"], v2: ["memory.max=4096"]),
    MemoryCase(
      limit: 4096, swap: 8192, v1: ["~memory.limit_in_bytes=4096", "memory.memsw.limit_in_bytes=8192"],
      v2: ["memory.swap.max=4096", "memory.max=4096"]),
    MemoryCase(
      limit: 4096, swap: 4096, v1: ["~memory.limit_in_bytes=4096", "memory.memsw.limit_in_bytes=4096"],
      v2: ["?memory.swap.max=0", "memory.max=4096"]),
    MemoryCase(
      limit: 4096, swap: -1, v1: ["~memory.limit_in_bytes=4096", "memory.memsw.limit_in_bytes=-1 (initial)"],
      v2: ["?memory.swap.max=max (initial)", "memory.max=4096"]),
    MemoryCase(
      limit: -1, v1: ["~memory.limit_in_bytes=-1 (initial)", "?memory.memsw.limit_in_bytes=-1 (initial)"],
      v2: ["?memory.swap.max=max (initial)", "memory.max=max (initial)"]),
    MemoryCase(
      limit: -1, swap: 8192, v1: ["~memory.limit_in_bytes=-1 (initial)", "memory.memsw.limit_in_bytes=8192"],
      v2: ["memory.swap.max=8192", "memory.max=max (initial)"]),
    MemoryCase(reservation: 77, v1: ["memory.soft_limit_in_bytes=77"], v2: ["memory.low=77"]),
  ])
  func memory(_ test: MemoryCase) throws {
    func set(_ resources: inout Resources) {
      resources.memory = Resources.Memory()
      resources.memory?.limit = test.limit
      resources.memory?.swap = test.swap
      resources.memory?.reservation = test.reservation
      resources.memory?.kernel = 1
    }
    #expect(try Self.plan(Self.v1, set) == test.v1)
    #expect(try Self.plan(Self.v2, set) == test.v2)
  }

  @Test func memoryRefusals() {
    func set(_ limit: Int64, _ swap: Int64) -> (inout Resources) -> Void {
      return { resources in
        resources.memory = Resources.Memory()
        resources.memory?.limit = limit
        resources.memory?.swap = swap
      }
    }
    #expect(Self.refusal(Self.v2, set(0, 10)).contains("without memory limit"))
    #expect(Self.refusal(Self.v2, set(20, 10)).contains(">= memory limit"))
    #expect(Self.refusal(Self.v1, set(-2, 0)).contains("linux.resources.memory.limit: invalid value -2"))
    let swappiness = Self.refusal(Self.v1) {
      $0.memory = Resources.Memory()
      $0.memory?.swappiness = 101
    }
    #expect(swappiness.contains("valid range is 0-100"))
  }

  @Test(arguments: [(0, 1), (2, 1), (3, 2), (1024, 100), (262_144, 10_000), (.max, 10_000)] as [(UInt64, UInt64)])
  func weightOfShares(_ shares: UInt64, _ weight: UInt64) {
    #expect(CgroupWrites.weight(shares: shares) == weight)
  }

  @Test func weightGrowsWithShares() {
    var last: UInt64 = 0
    for shares in stride(from: UInt64(2), through: 262_144, by: 101) {
      let weight = CgroupWrites.weight(shares: shares)
      #expect(weight >= last && (1...10_000).contains(weight))
      last = weight
    }
  }

  @Test func cpu() throws {
    func set(_ resources: inout Resources) {
      resources.cpu = Resources.CPU()
      resources.cpu?.shares = 512
      resources.cpu?.quota = 50_000
      resources.cpu?.period = 20_000
      resources.cpu?.burst = 1000
      resources.cpu?.idle = 0
      resources.cpu?.realtimePeriod = 1_000_000
      resources.cpu?.realtimeRuntime = 950_000
      resources.cpu?.cpus = "0-1"
      resources.cpu?.mems = "0"
    }
    #expect(
      try Self.plan(Self.v1, set) == [
        "~cpu.shares=512", "~cpu.cfs_period_us=20000", "~?cpu.cfs_burst_us=1000", "cpu.cfs_quota_us=50000",
        "cpu.idle=0 (initial)", "~cpu.rt_period_us=1000000", "cpu.rt_runtime_us=950000", "cpuset.cpus=0-1",
        "cpuset.mems=0",
      ])
    #expect(Self.refusal(Self.v2, set).contains("realtimePeriod: cgroup v2 has no real-time limits"))
    func setWithoutRealtime(_ resources: inout Resources) {
      set(&resources)
      resources.cpu?.realtimePeriod = nil
      resources.cpu?.realtimeRuntime = nil
    }
    #expect(
      try Self.plan(Self.v2, setWithoutRealtime) == [
        "~cpu.weight=59", "cpu.idle=0 (initial)", "~cpu.max.burst=1000", "cpu.max=50000 20000", "cpuset.cpus=0-1",
        "cpuset.mems=0",
      ])
  }

  @Test(arguments: [
    (Int64(-1), UInt64(0), ["cpu.max=max 100000 (initial)"]),
    (-1, 50_000, ["cpu.max=max 50000"]),
    (0, 50_000, ["cpu.max=max 50000"]),
    (25_000, 0, ["cpu.max=25000 100000"]),
    (0, 0, []),
  ])
  func bandwidthOnV2(_ quota: Int64, _ period: UInt64, _ expected: [String]) throws {
    let plan = try Self.plan(Self.v2) {
      $0.cpu = Resources.CPU()
      $0.cpu?.quota = quota
      $0.cpu?.period = period
      $0.cpu?.realtimePeriod = 0
    }
    #expect(plan == expected)
  }

  @Test(arguments: [(Int64(100), "100"), (0, "1"), (-1, "max (initial)"), (-7, "max (initial)")])
  func pids(_ limit: Int64, _ value: String) throws {
    for controllers in [Self.v1, Self.v2] {
      #expect(try Self.plan(controllers) { $0.pids = limit } == ["pids.max=\(value)"])
    }
  }

  @Test func blockIO() throws {
    func set(_ resources: inout Resources) {
      var blockIO = Resources.BlockIO()
      blockIO.weight = 500
      blockIO.weightDevice = [.init(major: 8, minor: 0, weight: 300)]
      blockIO.throttleReadBpsDevice = [.init(major: 8, minor: 0, rate: 1_048_576)]
      blockIO.throttleWriteIOPSDevice = [.init(major: 8, minor: 16, rate: 0)]
      resources.blockIO = blockIO
    }
    #expect(
      try Self.plan(Self.v1, set) == [
        "blkio.weight=500", "blkio.weight_device=8:0 300", "blkio.throttle.read_bps_device=8:0 1048576",
        "blkio.throttle.write_iops_device=8:16 0",
      ])
    #expect(
      try Self.plan(Self.v2, set) == [
        "io.bfq.weight=500", "?io.bfq.weight=8:0 300", "io.max=8:0 rbps=1048576", "io.max=8:16 wiops=max",
      ])
    var resources = Resources()
    set(&resources)
    #expect(
      try CgroupWrites.writes(for: resources, controllers: Self.v2)[0].missing
        == .use(file: "io.weight", value: "4950"))
  }

  /// What v1 alone has is an error on v2; a value that changes nothing is none.
  @Test func withoutAnEquivalentOnV2() throws {
    func memory(_ change: @escaping (inout Resources.Memory) -> Void) -> (inout Resources) -> Void {
      return { resources in
        var memory = Resources.Memory()
        change(&memory)
        resources.memory = memory
      }
    }
    #expect(Self.refusal(Self.v2, memory { $0.swappiness = 7 }).contains("memory.swappiness: cgroup v2"))
    #expect(Self.refusal(Self.v2, memory { $0.disableOOMKiller = true }).contains("memory.disableOOMKiller: cgroup v2"))
    #expect(try Self.plan(Self.v2, memory { $0.swappiness = .max }) == [])
    #expect(try Self.plan(Self.v2, memory { $0.disableOOMKiller = false }) == [])
    let v1 = ["memory.oom_control=1", "memory.swappiness=7"]
    #expect(
      try Self.plan(Self.v1, memory { ($0.swappiness, $0.disableOOMKiller) = (7, true) }) == v1)
    func leaf(_ resources: inout Resources) {
      resources.blockIO = Resources.BlockIO()
      resources.blockIO?.leafWeight = 300
      resources.blockIO?.weightDevice = [.init(major: 8, minor: 0, leafWeight: 200)]
    }
    #expect(Self.refusal(Self.v2, leaf).contains("blockIO.leafWeight: cgroup v2"))
    #expect(try Self.plan(Self.v1, leaf) == ["blkio.leaf_weight=300", "blkio.leaf_weight_device=8:0 200"])
  }

  @Test func others() throws {
    func set(_ resources: inout Resources) {
      resources.hugepageLimits = [.init(pageSize: "2MB", limit: 4_194_304)]
      resources.rdma = ["mlx5_1": .init(), "mlx4_0": .init()]
      resources.rdma["mlx5_1"]?.hcaHandles = 3
      resources.rdma["mlx5_1"]?.hcaObjects = 9
      resources.network = Resources.Network()
      resources.network?.classID = 0x100001
      resources.network?.priorities = ["eth1": 2, "eth0": 5]
    }
    #expect(
      try Self.plan(Self.v1, set) == [
        "hugetlb.2MB.limit_in_bytes=4194304", "?hugetlb.2MB.rsvd.limit_in_bytes=4194304", "net_cls.classid=1048577",
        "net_prio.ifpriomap=eth0 5", "net_prio.ifpriomap=eth1 2", "rdma.max=mlx5_1 hca_handle=3 hca_object=9",
      ])
    #expect(Self.refusal(Self.v2, set).contains("network.classID: cannot set net_cls limit: controller \"net_cls\""))
    func setWithoutNetwork(_ resources: inout Resources) {
      set(&resources)
      resources.network = nil
    }
    #expect(
      try Self.plan(Self.v2, setWithoutNetwork) == [
        "hugetlb.2MB.max=4194304", "?hugetlb.2MB.rsvd.max=4194304", "rdma.max=mlx5_1 hca_handle=3 hca_object=9",
      ])
  }

  @Test func unified() throws {
    func set(_ resources: inout Resources) {
      resources.unified = ["memory.high": "1000", "io.max": "8:0 rbps=1\n8:16 rbps=2\n"]
    }
    #expect(try Self.plan(Self.v2, set) == ["io.max=8:0 rbps=1", "io.max=8:16 rbps=2", "memory.high=1000"])
    #expect(Self.refusal(Self.v1, set) == "invalid configuration: cannot use unified on cgroup v1")
    for (key, reason) in [
      ("../x.y", "no slashes"), ("memory", "form CONTROLLER.PARAMETER"), (".x", "form CONTROLLER.PARAMETER"),
      ("cgroup.procs", "not a limit"),
    ] {
      #expect(Self.refusal(Self.v2) { $0.unified = [key: "1"] }.contains(reason))
    }
  }

  @Test func whatComesFromOutsideIsNoFileNameAndNoSecondLine() {
    #expect(Self.refusal(Self.v1) { $0.hugepageLimits = [.init(pageSize: "../../x", limit: 1)] }.contains("not a size"))
    #expect(Self.refusal(Self.v2) { $0.hugepageLimits = [.init(pageSize: "2MB/B", limit: 1)] }.contains("not a size"))
    #expect(Self.refusal(Self.v2) { $0.rdma = ["a b": .init()] }.contains("bad device name"))
    let list = Self.refusal(Self.v1) {
      $0.cpu = Resources.CPU()
      $0.cpu?.cpus = "0\n1"
    }
    #expect(list.contains("is not a list"))
  }

  /// A hybrid host uses each controller where it is, and says which one is nowhere.
  @Test func controllersWhereTheyAre() throws {
    let hybrid = CgroupControllers(layout: .hybrid, v1: ["memory"], v2: ["hugetlb", "memory"])
    let plan = try Self.plan(hybrid) {
      $0.memory = Resources.Memory()
      $0.memory?.limit = 1
      $0.hugepageLimits = [.init(pageSize: "2MB", limit: 1)]
    }
    #expect(plan == ["memory.limit_in_bytes=1", "hugetlb.2MB.max=1", "?hugetlb.2MB.rsvd.max=1"])
    let message = Self.refusal(hybrid) { $0.pids = 3 }
    #expect(
      message
        == "linux.resources.pids.limit: cannot set pids limit: controller \"pids\" is not available on this host")
  }
}
