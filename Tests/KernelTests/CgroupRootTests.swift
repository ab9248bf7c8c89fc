import Glibc
import OCI
import Testing

@testable import Kernel

/// Makes cgroups of its own below this process's, and removes them. Needs root.
@Suite(.serialized, .enabled(if: geteuid() == 0, "needs root"))
struct CgroupRootTests {
  static func placement(_ name: String, tail: String = "") throws -> CgroupPlacement {
    let host = try CgroupHost.detect()
    return try CgroupPlacement.place(cgroupsPath: "swiftcr-test-\(getpid())-\(name)\(tail)", id: "unused", host: host)
  }

  static func with(_ placement: CgroupPlacement, _ body: () throws -> Void) throws {
    defer {
      try? Cgroup(existing: placement).remove()
      for directory in placement.directories {
        // The level above, where the test asked for one.
        let levels = directory.levels.dropLast().filter { $0.contains("swiftcr-test-") }
        for level in levels.reversed() { rmdir(level) }
        #expect(access(directory.path, F_OK) != 0, "\(directory.path) is left over")
      }
    }
    try body()
  }

  /// A process that sleeps inside, entered as a container's is.
  static func sleeper(in cgroup: Cgroup, subgroups: [String: String] = [:]) throws -> pid_t {
    let entrance = try cgroup.entrance(subgroups: subgroups)
    var descriptors: [CInt: CInt] = [:]
    var script = ""
    // Far from the numbers that the tasks have here: one of those must not be taken before its turn.
    for (index, task) in entrance.tasks.enumerated() {
      descriptors[CInt(500 + index)] = task
      script += "echo 0 >/proc/self/fd/\(500 + index); "
    }
    if let unified = cgroup.placement.unified {
      script += "echo 0 >\(unified.path)/\(subgroups[""] ?? "")/cgroup.procs; "
    }
    let pid = try HostProgram.start("sh", ["-c", "\(script)exec sleep 1000"], descriptors: descriptors)
    let last = (cgroup.placement.unified ?? cgroup.placement.directories[0]).path
    for _ in 0..<5000 {
      if try cgroup.processes().contains(pid), try Cgroup.processes(in: last).contains(pid) { break }
      poll(nil, 0, 1)
    }
    return pid
  }

  @Test func startsPlainContainerAndRemovesIt() throws {
    let placement = try Self.placement("plain", tail: "/below")
    try Self.with(placement) {
      let cgroup = try Cgroup.make(placement, resources: Resources())
      #expect(cgroup.placement == placement)
      for directory in placement.directories { #expect(access(directory.path, F_OK) == 0) }
      if let cpuset = placement.directory(of: "cpuset") {
        #expect(try !cgroupWords("\(cpuset.path)/cpuset.cpus").isEmpty)
        #expect(try !cgroupWords("\(cpuset.path)/cpuset.mems").isEmpty)
      }
      let pid = try Self.sleeper(in: cgroup)
      #expect(try cgroup.processes() == [pid])
      for directory in placement.directories { #expect(try Cgroup.processes(in: directory.path) == [pid]) }

      let again = #expect(throws: SystemError.self) { try Cgroup.make(placement, resources: Resources()) }
      #expect(again?.description.contains("container's cgroup is not empty: 1 process(es) found") == true)
      let busy = #expect(throws: SystemError.self) { try cgroup.remove(killing: false) }
      #expect(busy?.errno == .busy)

      try cgroup.remove()
      var status: CInt = 0
      #expect(waitpid(pid, &status, 0) == pid && status & 0x7f == SIGKILL)
      try cgroup.remove()
      #expect(try cgroup.processes() == [])
    }
  }

  @Test func setsAndChangesLimits() throws {
    let placement = try Self.placement("limits")
    guard let memory = placement.directory(of: "memory"), let cpu = placement.directory(of: "cpu"),
      let pids = placement.directory(of: "pids")
    else { return }
    try Self.with(placement) {
      func limit(_ limit: Int64, _ swap: Int64?) -> Resources {
        var resources = Resources()
        resources.memory = Resources.Memory()
        resources.memory?.limit = limit
        resources.memory?.swap = swap
        return resources
      }
      var resources = limit(64 << 20, 128 << 20)
      resources.pids = 50
      resources.cpu = Resources.CPU()
      resources.cpu?.shares = 512
      resources.cpu?.quota = 50_000
      resources.cpu?.burst = 20_000
      let cgroup = try Cgroup.make(placement, resources: resources)
      func read(_ directory: CgroupPlacement.Directory, _ file: String) throws -> String {
        try cgroupWords("\(directory.path)/\(file)").joined(separator: " ")
      }
      #expect(try read(memory, "memory.limit_in_bytes") == "\(64 << 20)")
      #expect(try read(memory, "memory.memsw.limit_in_bytes") == "\(128 << 20)")
      #expect(try read(cpu, "cpu.shares") == "512")
      #expect(try read(cpu, "cpu.cfs_quota_us") == "50000")
      #expect(try read(cpu, "cpu.cfs_burst_us") == "20000")
      #expect(try read(pids, "pids.max") == "50")
      // Up past the old swap, down below the old limit, and away: each needs another order.
      for (new, swap) in [(256 << 20, 512 << 20), (8 << 20, 16 << 20), (32 << 20, -1)] as [(Int64, Int64)] {
        try cgroup.apply(limit(new, swap))
        #expect(try read(memory, "memory.limit_in_bytes") == "\(new)")
        if swap > 0 { #expect(try read(memory, "memory.memsw.limit_in_bytes") == "\(swap)") }
      }
      try cgroup.apply(limit(16 << 20, 32 << 20))
      try cgroup.apply(limit(-1, nil))
      #expect(try read(memory, "memory.limit_in_bytes").count > 15)

      let wrong = #expect(throws: SystemError.self) { try cgroup.apply(limit(1 << 20, 1)) }
      let reason = "linux.resources.memory.swap: write \"1\" to memory.memsw.limit_in_bytes: invalid argument"
      #expect(wrong?.description == reason)
    }
  }

  @Test func undoesWhatItMadeWhenALimitIsRefused() throws {
    let placement = try Self.placement("undo", tail: "/below")
    guard placement.layout != .unified else { return }
    try Self.with(placement) {
      var resources = Resources()
      resources.cpu = Resources.CPU()
      resources.cpu?.quota = 1
      let error = #expect(throws: SystemError.self) { try Cgroup.make(placement, resources: resources) }
      #expect(
        error?.description == "linux.resources.cpu.quota: write \"1\" to cpu.cfs_quota_us: invalid argument")
      for directory in placement.directories {
        for level in directory.levels where level.contains("swiftcr-test-") { #expect(access(level, F_OK) != 0) }
      }
    }
  }

  @Test func guardsDevices() throws {
    let placement = try Self.placement("devices")
    guard let devices = placement.directory(of: "devices") else { return }
    try Self.with(placement) {
      var resources = Resources()
      resources.devices = [.init(allow: false), .init(allow: true, type: "b", major: 8, access: "r")]
      let cgroup = try Cgroup.make(placement, resources: resources)
      func list() throws -> DeviceRules {
        try DeviceRules(list: readFile("\(devices.path)/devices.list", limit: 1 << 16))
      }
      #expect(try list() == DeviceRules.container(resources))
      resources.devices = [.init(allow: false), .init(allow: true, type: "c", major: 7, access: "w")]
      try cgroup.apply(resources, devices: [])
      let wanted = try DeviceRules.container(resources).exceptions.map { $0.text }
      #expect(try Set(list().exceptions.map { $0.text }) == Set(wanted))
      resources.devices = [.init(allow: true)]
      try cgroup.apply(resources, devices: [])
      #expect(try list().allowsByDefault)
    }
  }

  @Test func freezesAndKillsProcessesOfSubgroups() throws {
    let placement = try Self.placement("tree")
    try Self.with(placement) {
      let cgroup = try Cgroup.make(placement, resources: Resources(), options: .withoutDevices)
      // What a container may do in there: many levels, and names that are no text.
      for directory in placement.directories {
        mkdir("\(directory.path)/a", 0o755)
        mkdir("\(directory.path)/b", 0o755)
        if let file = directory.controllers.contains("cpuset") ? "cpuset" : nil {
          for knob in ["cpus", "mems"] {
            let value = try cgroupWords("\(directory.path)/\(file).\(knob)").first ?? ""
            try writeControl(value, to: "\(directory.path)/a/\(file).\(knob)")
          }
        }
        let name: [CChar] = Array("\(directory.path)/b/".utf8CString.dropLast()) + [-1, -2, 0]
        #expect(mkdir(name, 0o755) == 0)
      }
      let pids = [
        try Self.sleeper(in: cgroup), try Self.sleeper(in: cgroup, subgroups: ["": "/a/"]),
      ]
      #expect(try cgroup.processes() == pids.sorted())
      try cgroup.freeze()
      #expect(try cgroup.state() == .paused)
      let exists = #expect(throws: SystemError.self) { _ = try cgroup.entrance(subgroups: ["": "../x"]) }
      #expect(exists?.description == "bad sub cgroup path: ../x")
      try cgroup.kill(SIGKILL)
      for pid in pids { #expect(waitpid(pid, nil, 0) == pid) }
      #expect(try cgroup.state() == .running)
      try cgroup.remove()
    }
  }

  @Test func signalsByPidfd() throws {
    let placement = try Self.placement("signal")
    try Self.with(placement) {
      let cgroup = try Cgroup.make(placement, resources: Resources(), options: .withoutDevices)
      let pids = [try Self.sleeper(in: cgroup), try Self.sleeper(in: cgroup)]
      try cgroup.kill(SIGTERM)
      for pid in pids {
        var status: CInt = 0
        #expect(waitpid(pid, &status, 0) == pid && status & 0x7f == SIGTERM)
      }
    }
  }

  /// A hybrid host's bare cgroup2 mount as if it were all there is: everything of v2 that needs no controller.
  static func bare(_ name: String) throws -> CgroupPlacement? {
    let hierarchies = try CgroupHost.detect().hierarchies.filter { $0.controllers.isEmpty }
    let host = CgroupHost(layout: .unified, hierarchies: hierarchies)
    if hierarchies.isEmpty { return nil }
    return try CgroupPlacement.place(cgroupsPath: "swiftcr-test-\(getpid())-\(name)", id: "unused", host: host)
  }

  @Test func freezesAndKillsOnV2() throws {
    guard let placement = try Self.bare("v2") else { return }
    try Self.with(placement) {
      let cgroup = try Cgroup.make(placement, resources: Resources())
      let pids = [try Self.sleeper(in: cgroup), try Self.sleeper(in: cgroup)]
      #expect(try cgroup.state() == .running)
      try cgroup.freeze()
      #expect(try cgroup.state() == .paused)
      #expect(try cgroupWords("\(placement.directories[0].path)/cgroup.events").contains("1"))
      let frozen = #expect(throws: SystemError.self) { try Cgroup.make(placement, resources: Resources()) }
      #expect(frozen?.description.contains("container's cgroup is not empty: 2 process(es) found") == true)
      try cgroup.thaw()
      #expect(try cgroup.state() == .running)
      try cgroup.freeze()
      try cgroup.remove()
      for pid in pids { #expect(waitpid(pid, nil, 0) == pid) }
      let path = placement.directories[0].path
      #expect(try Cgroup.waitEvent("populated", is: "0", in: path, milliseconds: 10))
    }
  }

  /// /dev/kmsg (1:11) is not among the customary devices, /dev/null is.
  @Test func guardsDevicesOnV2() throws {
    guard let placement = try Self.bare("bpf") else { return }
    try Self.with(placement) {
      let cgroup = try Cgroup.make(placement, resources: Resources())
      let path = placement.directories[0].path
      func opens(_ device: String) throws -> Bool {
        let words: [String] = ["sh", "-c", "echo 0 >\(path)/cgroup.procs && exec head -c0 \(device)"]
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        var pid: pid_t = 0
        var status: CInt = 0
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 2, "/", O_RDONLY, 0)
        try #require(posix_spawn(&pid, "/bin/sh", &actions, nil, arguments, environ) == 0)
        try #require(waitpid(pid, &status, 0) == pid)
        return status == 0
      }
      #expect(try opens("/dev/null"))
      #expect(try !opens("/dev/kmsg"))
      // Replaced, not added: a second program could only take away.
      var resources = Resources()
      for access in ["r", "rw"] {
        resources.devices = [.init(allow: true, type: "c", major: 1, minor: 11, access: access)]
        try cgroup.apply(resources, devices: [])
        #expect(try opens("/dev/kmsg"))
      }
      resources.devices = [.init(allow: true)]
      try cgroup.apply(resources, devices: [])
      #expect(try opens("/dev/kmsg"))
      resources.devices = []
      try cgroup.apply(resources, devices: [])
      #expect(try !opens("/dev/kmsg"))
      // A program of the most rules that are taken still passes the verifier.
      resources.devices = (0..<4000).map { .init(allow: true, type: "b", major: $0, minor: 1 << 31, access: "r") }
      try cgroup.apply(resources, devices: [])
      #expect(try opens("/dev/null"))
    }
  }

  /// A container that can make cgroups must not be able to make its runtime run out of descriptors or stack.
  @Test func removesVeryDeepTrees() throws {
    let placement = try Self.placement("deep")
    guard let pids = placement.directory(of: "freezer") ?? placement.unified else { return }
    try Self.with(placement) {
      let cgroup = try Cgroup.make(placement, resources: Resources(), options: .withoutDevices)
      var here = try Descriptor.open(pids.path, O_RDONLY | O_DIRECTORY)
      for _ in 0..<1500 {
        guard mkdirat(here.number, "d", 0o755) == 0 else { break }
        here = try Descriptor.open("d", O_RDONLY | O_DIRECTORY, at: here.number)
      }
      try cgroup.remove()
    }
  }
}
