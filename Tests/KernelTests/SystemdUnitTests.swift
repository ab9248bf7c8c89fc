import Glibc
import OCI
import Testing

@testable import Kernel

/// Names and properties of the transient units that systemd makes for containers: what runc's users are used to.
@Suite struct SystemdUnitTests {
  @Test(arguments: [
    (String?.none, "system.slice", "swiftcr-id.scope"),
    ("", "system.slice", "swiftcr-id.scope"),
    ("system.slice:docker:abc", "system.slice", "docker-abc.scope"),
    (":runc:abc", "system.slice", "runc-abc.scope"),
    ("a-b.slice::abc", "a-b.slice", "abc.scope"),
    ("kubepods.slice:cri:pod.slice", "kubepods.slice", "pod.slice"),
  ])
  func names(_ path: String?, _ slice: String, _ name: String) throws {
    #expect(
      try SystemdUnit.named(cgroupsPath: path, id: "id", isUser: false) == SystemdUnit(slice: slice, name: name))
  }

  @Test func usersHaveASliceOfTheirOwn() throws {
    #expect(try SystemdUnit.named(cgroupsPath: ":p:n", id: "id", isUser: true).slice == "user.slice")
  }

  @Test(arguments: [
    "/a/b", "a", "a:b", "a:b:c:d", "system.slice:p:", "system:p:n", ".slice:p:n", "a--b.slice:p:n", "-a.slice:p:n",
    "a/b.slice:p:n", "a.slice:p:../n", "a.slice:p/q:n", "a.slice:p:n\n", "a.slice:p: n",
  ])
  func refuses(_ path: String) {
    #expect(throws: SystemError.self) { try SystemdUnit.named(cgroupsPath: path, id: "id", isUser: false) }
  }

  @Test(arguments: [
    ("-.slice", ""), ("a.slice", "/a.slice"), ("a-b-c.slice", "/a.slice/a-b.slice/a-b-c.slice"),
  ])
  func slicesLieInEachOther(_ slice: String, _ path: String) throws {
    #expect(try SystemdUnit.expand(slice) == path)
  }

  @Test func placement() throws {
    let unit = SystemdUnit(slice: "a-b.slice", name: "p-n.scope")
    let paths = try unit.placement(host: CgroupPlacementTests.hybrid, root: "/").directories.map(\.path)
    #expect(paths.first == "/sys/fs/cgroup/cpu,cpuacct/a.slice/a-b.slice/p-n.scope")
    let user = try unit.placement(host: CgroupPlacementTests.unified, root: "/user.slice/m.service")
    #expect(user.unified?.path == "/sys/fs/cgroup/user.slice/m.service/a.slice/a-b.slice/p-n.scope")
  }

  @Test(arguments: [
    (String?.none, String?.none, "/run/user/\(geteuid())/bus", "/run/user/\(geteuid())/systemd/private"),
    ("/x", nil, "/x/bus", "/x/systemd/private"),
    ("x", "tcp:host=a", "/run/user/\(geteuid())/bus", "/run/user/\(geteuid())/systemd/private"),
    ("/x", "tcp:host=a;unix:guid=1,path=/tmp/b,x=y", "/tmp/b", "/x/systemd/private"),
    ("/x", "unix:abstract=/a", "/x/bus", "/x/systemd/private"),
    ("/x", "unix:path=/a%20b", "/x/bus", "/x/systemd/private"),
  ])
  func usersSockets(_ directory: String?, _ address: String?, _ bus: String, _ manager: String) {
    let sockets = SystemdSockets.user {
      ["XDG_RUNTIME_DIR": directory, "DBUS_SESSION_BUS_ADDRESS": address][$0] ?? nil
    }
    #expect(sockets == SystemdSockets(bus: bus, manager: manager))
  }

  @Test func devices() throws {
    func named(_ rules: [Resources.DeviceRule]) throws -> [String: DBusValue] {
      var properties = try SystemdProperties(Resources(), unified: true)
      properties.add(try DeviceRules(rules))
      return Dictionary(properties.values.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    }
    let rules = [
      Resources.DeviceRule(allow: true, type: "c", major: 1, minor: 3, access: "rw"),
      Resources.DeviceRule(allow: true, type: "b", major: 8, minor: nil, access: "r"),
      Resources.DeviceRule(allow: true, type: "c", major: nil, minor: nil, access: "m"),
      // No words for it.
      Resources.DeviceRule(allow: true, type: "c", major: nil, minor: 5, access: "r"),
    ]
    let pairs = [("/dev/char/1:3", "rw"), ("block-8", "r"), ("char-*", "m")].map {
      DBusValue.structure([.string($0.0), .string($0.1)])
    }
    #expect(
      try named(rules) == [
        "DevicePolicy": .string("strict"), "DeviceAllow": .array(.structure([.string, .string]), pairs),
      ])
    let everything = [Resources.DeviceRule(allow: true, type: "a", major: nil, minor: nil, access: "rwm")]
    #expect(try named(everything) == ["DevicePolicy": .string("auto")])
  }

  private func properties(unified: Bool, _ change: (inout Resources) -> Void) throws -> [String: DBusValue] {
    var resources = Resources()
    change(&resources)
    let values = try SystemdProperties(resources, unified: unified).values
    return Dictionary(values.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
  }

  @Test func limits() throws {
    func change(_ resources: inout Resources) {
      var memory = Resources.Memory()
      (memory.limit, memory.swap, memory.reservation) = (1000, 1500, 500)
      var cpu = Resources.CPU()
      (cpu.shares, cpu.quota, cpu.period, cpu.cpus) = (1024, 20_001, 100_000, "0-2,9")
      (resources.memory, resources.cpu, resources.pids) = (memory, cpu, -1)
      resources.unified = ["memory.high": "max", "misc.max": "kept for its file"]
    }
    #expect(
      try properties(unified: true, change) == [
        "MemoryMax": .uint64(1000), "MemorySwapMax": .uint64(500), "MemoryLow": .uint64(500),
        "CPUWeight": .uint64(100), "CPUQuotaPeriodUSec": .uint64(100_000), "CPUQuotaPerSecUSec": .uint64(210_000),
        "AllowedCPUs": .array(.byte, [.byte(7), .byte(2)]), "TasksMax": .uint64(.max), "MemoryHigh": .uint64(.max),
      ])
    #expect(
      try properties(unified: false, change) == [
        "MemoryLimit": .uint64(1000), "CPUShares": .uint64(1024), "CPUQuotaPeriodUSec": .uint64(100_000),
        "CPUQuotaPerSecUSec": .uint64(210_000), "TasksMax": .uint64(.max),
      ])
    let bandwidth = try properties(unified: true) { $0.unified = ["cpu.max": "50000 200000"] }
    #expect(bandwidth == ["CPUQuotaPeriodUSec": .uint64(200_000), "CPUQuotaPerSecUSec": .uint64(250_000)])
    #expect(throws: SystemError.self) { try properties(unified: true) { $0.unified = ["memory.max": "much"] } }
    for list in ["0-", "3-1", "x", "0-9999", "1-2-3"] {
      #expect(throws: SystemError.self) { try SystemdProperties.bits(list, "cpus") }
    }
  }

  private func annotated(_ annotations: [String: String]) throws -> [String: DBusValue] {
    var properties = try SystemdProperties(Resources(), unified: true)
    try properties.add(annotations: annotations)
    return Dictionary(properties.values.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
  }

  @Test(arguments: [
    ("KillMode", "'mixed'", "KillMode", DBusValue.string("mixed")),
    ("CollectMode", "\"inactive\"", "CollectMode", .string("inactive")),
    ("Delegate", "false", "Delegate", .bool(false)), ("OOMScore", "-5", "OOMScore", .int32(-5)),
    ("TasksMax", "uint64 7", "TasksMax", .uint64(7)), ("TimeoutStopSec", "5", "TimeoutStopUSec", .uint64(5_000_000)),
    ("TimeoutStopUSec", "uint64 9", "TimeoutStopUSec", .uint64(9)),
    ("TimeoutStopSec", "0.25", "TimeoutStopUSec", .uint64(250_000)),
    ("TimeoutStopSec", "uint64 6", "TimeoutStopUSec", .uint64(6_000_000)),
  ])
  func annotations(_ name: String, _ text: String, _ property: String, _ value: DBusValue) throws {
    #expect(try annotated(["org.systemd.property.\(name)": text, "other": "x"]) == [property: value])
  }

  @Test(arguments: [
    ("KillMode", "mixed"), ("KillMode", "'mix"), ("KillMode", "'a'b'"), ("KillMode", "'a\\n'"), ("KillMode", ""),
    ("killMode", "'mixed'"), ("Ab", "1"), ("Kill-Mode", "1"), ("TimeoutStopSec", "'5'"), ("TimeoutStopSec", "-5"),
    ("TimeoutStopSec", "uint64 18446744073709551615"), ("TasksMax", "uint64 -1"), ("TasksMax", "byte 256"),
  ])
  func refusesAnnotations(_ name: String, _ text: String) {
    #expect(throws: SystemError.self) { try annotated(["org.systemd.property.\(name)": text]) }
  }
}
