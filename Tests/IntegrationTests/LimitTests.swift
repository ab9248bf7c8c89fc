import Foundation
import Testing

extension Integration {
  /// Each property of `linux.resources` by itself: what the kernel's file says then, on either version of cgroups.
  @Suite(.disabled(if: Host.isControl, "the runtimes of Debian 12 do some of it otherwise")) struct Limits {}
}

/// What comes of a property: a line of a file, or an error that says a word.
struct Limit: Sendable, CustomTestStringConvertible {
  enum Result: Sendable {
    case line(String, String)
    case error(String)
  }
  var testDescription: String
  var resources: String
  var controller: String
  var v1: Result
  var v2: Result

  init(_ name: String, _ resources: String, _ controller: String, v1: Result, v2: Result) {
    (testDescription, self.resources, self.controller, self.v1, self.v2) = (name, resources, controller, v1, v2)
  }
}

extension Integration.Limits {
  /// A disk of this machine, `254:0` say.
  static let disk: (major: String, minor: String) = {
    let line = Host.read("/proc/partitions").split(separator: "\n").dropFirst().first ?? ""
    let words = line.split(separator: " ").map(String.init)
    return words.count > 1 ? (words[0], words[1]) : ("", "")
  }()

  private static func throttle(_ property: String, _ v1: String, _ v2: String) -> Limit {
    let device = #"{"major": \#(disk.major), "minor": \#(disk.minor), "rate": 1048576}"#
    let line = "\(disk.major):\(disk.minor)"
    return Limit(
      "blockIO.\(property)", #"{"blockIO": {"\#(property)": [\#(device)]}}"#, "blkio",
      v1: .line("blkio.throttle.\(v1)", "\(line) 1048576"), v2: .line("io.max", "\(line) \(v2)"))
  }

  static let limits: [Limit] = [
    Limit(
      "memory.reservation", #"{"memory": {"reservation": 33554432}}"#, "memory",
      v1: .line("memory.soft_limit_in_bytes", "33554432"), v2: .line("memory.low", "33554432")),
    Limit(
      "memory.swap", #"{"memory": {"limit": 67108864, "swap": 134217728}}"#, "memory",
      v1: .line("memory.memsw.limit_in_bytes", "134217728"), v2: .line("memory.swap.max", "67108864")),
    Limit(
      "memory.limit -1", #"{"memory": {"limit": -1, "swap": -1}}"#, "memory",
      v1: .line("memory.limit_in_bytes", "9223372036854771712"), v2: .line("memory.max", "max")),
    Limit(
      "memory.swappiness", #"{"memory": {"swappiness": 7}}"#, "memory", v1: .line("memory.swappiness", "7"),
      v2: .error("memory.swappiness: cgroup v2")),
    Limit(
      "memory.disableOOMKiller", #"{"memory": {"disableOOMKiller": true}}"#, "memory",
      v1: .line("memory.oom_control", "oom_kill_disable 1"), v2: .error("memory.disableOOMKiller: cgroup v2")),
    Limit(
      "memory.useHierarchy", #"{"memory": {"limit": 67108864, "useHierarchy": true}}"#, "memory",
      v1: .line("memory.use_hierarchy", "1"), v2: .line("memory.max", "67108864")),
    Limit(
      "cpu.burst", #"{"cpu": {"quota": 50000, "period": 100000, "burst": 20000}}"#, "cpu",
      v1: .line("cpu.cfs_burst_us", "20000"), v2: .line("cpu.max.burst", "20000")),
    Limit(
      "cpu.burst above the quota", #"{"cpu": {"quota": 50000, "period": 100000, "burst": 60000}}"#, "cpu",
      v1: .error("linux.resources.cpu."), v2: .error("linux.resources.cpu.")),
    Limit("cpu.idle", #"{"cpu": {"idle": 1}}"#, "cpu", v1: .line("cpu.idle", "1"), v2: .line("cpu.idle", "1")),
    Limit(
      "cpu.realtimeRuntime", #"{"cpu": {"realtimeRuntime": 1000, "realtimePeriod": 500000}}"#, "cpu",
      v1: .line("cpu.rt_runtime_us", "1000"), v2: .error("cpu.realtimePeriod: cgroup v2")),
    Limit(
      "cpu.realtimePeriod", #"{"cpu": {"realtimePeriod": 500000}}"#, "cpu", v1: .line("cpu.rt_period_us", "500000"),
      v2: .error("cpu.realtimePeriod: cgroup v2")),
    Limit("pids.limit 0", #"{"pids": {"limit": 0}}"#, "pids", v1: .line("pids.max", "1"), v2: .line("pids.max", "1")),
    Limit(
      "pids.limit -1", #"{"pids": {"limit": -1}}"#, "pids", v1: .line("pids.max", "max"), v2: .line("pids.max", "max")),
    throttle("throttleReadBpsDevice", "read_bps_device", "rbps=1048576 wbps=max riops=max wiops=max"),
    throttle("throttleWriteBpsDevice", "write_bps_device", "rbps=max wbps=1048576 riops=max wiops=max"),
    throttle("throttleReadIOPSDevice", "read_iops_device", "rbps=max wbps=max riops=1048576 wiops=max"),
    throttle("throttleWriteIOPSDevice", "write_iops_device", "rbps=max wbps=max riops=max wiops=1048576"),
    Limit(
      "blockIO.weight", #"{"blockIO": {"weight": 500}}"#, "blkio", v1: .line("blkio.bfq.weight", "500"),
      v2: .line("io.weight", "default 4950")),
    Limit(
      "blockIO.leafWeight", #"{"blockIO": {"leafWeight": 500}}"#, "blkio", v1: .error("blockIO.leafWeight: "),
      v2: .error("blockIO.leafWeight: cgroup v2")),
    // A hybrid host has this controller in its v2 hierarchy.
    Limit(
      "hugepageLimits", #"{"hugepageLimits": [{"pageSize": "2MB", "limit": 4194304}]}"#, "hugetlb",
      v1: .line("hugetlb.2MB.max", "4194304"), v2: .line("hugetlb.2MB.max", "4194304")),
    Limit(
      "hugepageLimits of a size that is none", #"{"hugepageLimits": [{"pageSize": "3MB", "limit": 4194304}]}"#,
      "hugetlb", v1: .error("hugetlb.3MB"), v2: .error("hugetlb.3MB")),
    Limit(
      "network.classID", #"{"network": {"classID": 1048577}}"#, "net_cls", v1: .error("\"net_cls\" is not available"),
      v2: .error("\"net_cls\" is not available")),
    Limit(
      "network.priorities", #"{"network": {"priorities": [{"name": "lo", "priority": 3}]}}"#, "net_prio",
      v1: .error("\"net_prio\" is not available"), v2: .error("\"net_prio\" is not available")),
    Limit(
      "rdma", #"{"rdma": {"none": {"hcaHandles": 3}}}"#, "rdma", v1: .error("linux.resources.rdma"),
      v2: .error("linux.resources.rdma")),
    Limit(
      "unified", #"{"unified": {"cgroup.max.depth": "5"}}"#, "memory",
      v1: .error("cannot use unified on cgroup v1"), v2: .line("cgroup.max.depth", "5")),
    Limit(
      "unified of no controller", #"{"unified": {"nosuch.max": "5"}}"#, "memory",
      v1: .error("cannot use unified on cgroup v1"), v2: .error("nosuch")),
  ]

  /// The lines of a file of the container's cgroups.
  private func lines(_ bundle: Bundle, _ controller: String, _ file: String) throws -> [String] {
    let hierarchies =
      try [bundle.cgroup(controller)]
      + Host.read("/proc/\(bundle.pid)/cgroup").split(separator: "\n")
      .filter { $0.hasPrefix("0::") }.map { "/sys/fs/cgroup/unified\($0.dropFirst(3))" }
    guard let path = hierarchies.map({ "\($0)/\(file)" }).first(where: Host.exists) else { return ["no \(file)"] }
    return Host.read(path).split(separator: "\n").map(String.init)
  }

  /// A runtime gives a controller to the parents of the container's cgroup, and nobody takes it back: another suite
  /// would see it.
  private func restoringControllers(_ body: () throws -> Void) rethrows {
    let file = "/sys/fs/cgroup/unified/cgroup.subtree_control"
    let before = Host.read(file).split(whereSeparator: \.isWhitespace)
    defer {
      for controller in Host.read(file).split(whereSeparator: \.isWhitespace) where !before.contains(controller) {
        _ = try? Host.run(["sh", "-c", "echo -\(controller) > \(file)"])
      }
    }
    try body()
  }

  @Test("each property by itself", arguments: limits) func limit(_ limit: Limit) throws {
    try restoringControllers { try check(limit) }
  }

  private func check(_ limit: Limit) throws {
    try withBundle(.flat, ".linux.resources += \(limit.resources)") { bundle in
      switch Host.isUnified ? limit.v2 : limit.v1 {
      case .line(let file, let line):
        try bundle.start("exec sleep 1000")
        let found = try lines(bundle, limit.controller, file)
        #expect(found.contains(line), "\(file): \(found)")
      case .error(let says):
        let outcome = try bundle.sh("echo ran")
        #expect(outcome.code == 1 && outcome.output.isEmpty && outcome.errors.contains(says), "\(outcome)")
      }
    }
  }

  @Test("a limit below what is in use is refused when that is asked for") func checkBeforeUpdate() throws {
    try withBundle { bundle in
      try bundle.start()
      let outcome = try bundle.command(
        "update", "--resources", "-", bundle.id, input: #"{"memory": {"limit": 4096, "checkBeforeUpdate": true}}"#)
      #expect(outcome.code == 1 && outcome.errors.contains("memory.limit: "), "\(outcome)")
      #expect(try bundle.state(".status") == "running")
    }
  }

  @Test("a cgroup in which somebody is already is refused, and left alone") func taken() throws {
    try withBundle { first in
      try first.edit(".linux.cgroupsPath = \"/\(first.id)\"")
      try first.start()
      let pid = try first.pid
      try withBundle(.flat, ".linux.cgroupsPath = \"/\(first.id)\"") { second in
        let busy = try second.sh("echo ran")
        #expect(busy.code == 1 && busy.errors.contains("not empty") && busy.output.isEmpty, "\(busy)")
      }
      #expect(try first.state(".status") == "running" && first.pid == pid)
    }
  }

  @Test("an empty cgroup that is frozen is refused") func frozen() throws {
    try withBundle { bundle in
      let name = "\(bundle.id)-frozen"
      let path = Host.isUnified ? "/sys/fs/cgroup/\(name)" : "/sys/fs/cgroup/freezer/\(name)"
      try Host.must("mkdir", path)
      defer { _ = try? Host.run(["rmdir", path]) }
      let (file, word) = Host.isUnified ? ("cgroup.freeze", "1") : ("freezer.state", "FROZEN")
      try Host.must("sh", "-c", "echo \(word) > \(path)/\(file)")
      try bundle.edit(".linux.cgroupsPath = \"/\(name)\"")
      let outcome = try bundle.sh("echo ran")
      #expect(outcome.code == 1 && outcome.errors.contains("frozen") && outcome.output.isEmpty, "\(outcome)")
    }
  }

  @Test("a cgroup above the container's is not the container's") func parents() throws {
    try withBundle { bundle in
      try bundle.edit(".linux.cgroupsPath = \"/\(bundle.id)-outer/inner\"")
      defer {
        _ = try? Host.run([
          "find", "/sys/fs/cgroup", "-depth", "-type", "d", "-name", "\(bundle.id)-outer", "-exec", "rmdir", "{}", "+",
        ])
      }
      try bundle.start()
      let inner = try bundle.cgroup("memory")
      try bundle.must("delete", "--force", bundle.id)
      #expect(!Host.exists(inner) && Host.exists(String(inner.dropLast("/inner".count))))
    }
  }
}
