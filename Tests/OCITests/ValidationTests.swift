import Testing

@testable import OCI

@Suite("Validation")
struct ValidationTests {
  @Test("The complete and the smallest configuration are taken")
  func taken() {
    #expect(faults(completeConfig) == [])
    #expect(faults(minimalConfig()) == [])
    #expect(faults(#"{"ociVersion": "1.0.0", "root": {"path": "r"}}"#) == [])
  }

  @Test(
    "Versions",
    arguments: [
      ("1.0.0", true), ("1.0.2-dev", true), ("1.0.0-rc2", true), ("1.0.0-rc5-dev", true), ("1.2.1+build.7", true),
      ("1.99.0", true), ("0.9.0", false), ("2.0.0", false), ("11.0.0", false), ("1", false), ("1.0", false),
      ("1.0.x", false),
      ("1..0", false), ("v1.0.0", false), ("1.0.0-", false), ("1.0.0 ", false), ("1.0.0.0", false), ("", false),
      ("1.0.0-é", false), ("-1.0.0", false),
    ])
  func versions(version: String, isTaken: Bool) {
    let lines = faults(minimalConfig("\"ociVersion\": \"\(version)\""))
    #expect(lines.isEmpty == isTaken)
    #expect(lines.allSatisfy { $0.hasPrefix("ociVersion: ") })
  }

  static let allNamespaces =
    #""namespaces": [{"type":"pid"},{"type":"network"},{"type":"mount"},{"type":"ipc"},{"type":"uts"}]"#

  @Test(
    "Faults of the first level and of the process",
    arguments: [
      (#""root": {}"#, ["root.path: required"]),
      (#""root": null"#, ["root: required"]),
      (#""mounts": [{"destination": "/x", "type": "bind"}]"#, ["mounts[0].source: required for a bind mount"]),
      (
        #""mounts": [{"destination": "/x", "options": ["rbind"]}]"#, ["mounts[0].source: required for a bind mount"]
      ),
      (#""mounts": [{"destination": "relative", "type": "proc"}]"#, []),
      (#""mounts": [{"destination": "/x", "options": ["remount"]}]"#, []),
      (
        #""mounts": [{"destination": "/x", "type": "tmp fs"}]"#,
        ["mounts[0].type: expected the name of a file system, found \"tmp fs\""]
      ),
      (
        #""mounts": [{"destination": "/x", "type": "bind", "source": "/y", "uidMappings": [{"containerID":0,"hostID":0,"size":1}]}]"#,
        ["mounts[0].gidMappings: uidMappings and gidMappings need each other"]
      ),
      (
        #""hooks": {"prestart": [{"path": "run"}]}"#,
        ["hooks.prestart[0].path: expected an absolute path, found \"run\""]
      ),
      (#""hooks": {"poststop": [{}]}"#, ["hooks.poststop[0].path: expected an absolute path, found \"\""]),
      (#""annotations": {"": "x"}"#, ["annotations[\"\"]: a name must not be empty"]),
      (
        #""annotations": {"io.swiftcr.layer.size": "big"}"#,
        [
          "annotations[\"io.swiftcr.layer.size\"]: expected a number of bytes above 0, or one such as 64m or 10g, "
            + "found \"big\""
        ]
      ),
      (#""hostname": "h""#, ["hostname: unable to set hostname without a private UTS namespace"]),
      (#""domainname": "d""#, ["domainname: unable to set domainname without a private UTS namespace"]),
      (#""process": {"args": ["a"]}"#, ["process.cwd: Cwd property must not be empty"]),
      (
        #""process": {"cwd": "/", "args": ["a"], "user": {"gid": 4294967295, "additionalGids": [1, 4294967295]}}"#,
        ["process.user.gid: 4294967295 is not an id", "process.user.additionalGids[1]: 4294967295 is not an id"]
      ),
      (
        #""process": {"cwd": "/", "args": ["a"], "user": {"umask": 512}}"#,
        ["process.user.umask: expected 0 to 511 (0777), found 512"]
      ),
      (
        #""process": {"cwd": "/", "args": ["a"], "oomScoreAdj": 1001}"#,
        ["process.oomScoreAdj: expected -1000 to 1000, found 1001"]
      ),
      (
        #""process": {"cwd": "/", "args": ["a"], "rlimits": [{"type":"RLIMIT_AS","soft":2,"hard":1},{"type":"RLIMIT_AS","soft":1,"hard":1}]}"#,
        [
          "process.rlimits[0].soft: 2 is above the hard limit 1",
          "process.rlimits[1].type: \"RLIMIT_AS\" comes twice",
        ]
      ),
      (
        #""process": {"cwd": "/", "args": ["a"], "scheduler": {"policy": "SCHED_OTHER", "nice": 20, "priority": 1}}"#,
        [
          "process.scheduler.nice: expected -20 to 19, found 20",
          "process.scheduler.priority: only SCHED_FIFO and SCHED_RR have a priority",
        ]
      ),
      (
        #""process": {"cwd": "/", "args": ["a"], "ioPriority": {"class": "IOPRIO_CLASS_RT", "priority": 8}}"#,
        ["process.ioPriority.priority: expected 0 to 7, found 8"]
      ),
    ])
  func firstLevel(members: String, expected: [String]) {
    #expect(faults(minimalConfig(members)) == expected)
  }

  @Test(
    "Faults for Linux",
    arguments: [
      (
        #""namespaces": [{"type": "pid"}, {"type": "pid", "path": "/p"}]"#,
        ["linux.namespaces[1].type: the pid namespace comes twice"]
      ),
      (
        #""namespaces": [{"type": "pid", "path": "p"}]"#,
        ["linux.namespaces[0].path: expected an absolute path, found \"p\""]
      ),
      (
        #""namespaces": [{"type": "user"}]"#,
        [
          "linux.uidMappings: required for a new user namespace",
          "linux.gidMappings: required for a new user namespace",
        ]
      ),
      (#""namespaces": [{"type": "user", "path": "/ns"}]"#, []),
      (
        #""uidMappings": [{"containerID":0,"hostID":0,"size":1}]"#,
        ["linux.uidMappings: user namespace mappings specified, but user namespace isn't enabled in the config"]
      ),
      (
        #""timeOffsets": {"monotonic": {}}"#,
        ["linux.timeOffsets: offsets need a time namespace in linux.namespaces"]
      ),
      (
        #""namespaces": [{"type":"time","path":"/t"}], "timeOffsets": {"monotonic": {}}"#,
        ["linux.timeOffsets: the offsets of a joined time namespace cannot be set"]
      ),
      (
        #""namespaces": [{"type":"time"}], "timeOffsets": {"realtime": {}, "boottime": {"nanosecs": 1000000000}}"#,
        [
          "linux.timeOffsets[\"boottime\"].nanosecs: expected less than a second, found 1000000000",
          "linux.timeOffsets[\"realtime\"]: unknown clock: expected monotonic or boottime",
        ]
      ),
      (
        #""namespaces": [{"type":"mount"}], "maskedPaths": ["a", "/b"], "readonlyPaths": [""]"#,
        [
          "linux.maskedPaths[0]: expected an absolute path, found \"a\"",
          "linux.readonlyPaths[0]: expected an absolute path, found \"\"",
        ]
      ),
      (
        #""devices": [{"type":"b","path":"dev/x","major":-1,"minor":4294967296,"uid":4294967295}]"#,
        [
          "linux.devices[0].path: expected an absolute path, found \"dev/x\"",
          "linux.devices[0].major: expected a device number, found -1",
          "linux.devices[0].minor: expected a device number, found 4294967296",
          "linux.devices[0].uid: 4294967295 is not an id",
        ]
      ),
      (
        #""cgroupsPath": "/a/../../b""#,
        ["linux.cgroupsPath: must not have a \"..\" in it, found \"/a/../../b\""]
      ),
      (#""cgroupsPath": "system.slice:docker:a..b""#, []),
      (
        #""personality": {"domain": "LINUX", "flags": ["x"]}"#, ["linux.personality.flags: no flags are defined"]
      ),
      (#""netDevices": {"eth0": {}}"#, ["linux.netDevices: unable to move network devices without a NET namespace"]),
      (
        #""namespaces": [{"type":"network"}], "netDevices": {"e/0": {}, "eth0": {"name": "sixteencharacter"}}"#,
        [
          "linux.netDevices[\"e/0\"]: not a name of a network device",
          "linux.netDevices[\"eth0\"].name: not a name of a network device: \"sixteencharacter\"",
        ]
      ),
      (
        #""seccomp": {"defaultAction": "SCMP_ACT_NOTIFY", "listenerPath": "/s"}"#,
        ["linux.seccomp.defaultAction: SCMP_ACT_NOTIFY cannot be used as default action"]
      ),
      (
        #""seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "listenerMetadata": "m"}"#,
        ["linux.seccomp.listenerMetadata: needs listenerPath"]
      ),
      (
        #""seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": [], "action": "SCMP_ACT_NOTIFY", "args": [{"index":6,"value":0,"op":"SCMP_CMP_EQ"}]}]}"#,
        [
          "linux.seccomp.syscalls[0].names: must not be empty",
          "linux.seccomp.syscalls[0].action: SCMP_ACT_NOTIFY needs linux.seccomp.listenerPath",
          "linux.seccomp.syscalls[0].args[0].index: expected 0 to 5, found 6",
        ]
      ),
    ])
  func linux(members: String, expected: [String]) {
    #expect(faults(minimalConfig("\"linux\": {\(members)}")) == expected)
  }

  @Test(
    "Faults of limits",
    arguments: [
      (
        #""hugepageLimits": [{"pageSize":"2MB","limit":1},{"pageSize":"64KB","limit":1},{"pageSize":"1GB","limit":1}]"#,
        []
      ),
      (
        #""hugepageLimits": [{"pageSize":"2M","limit":1}]"#,
        ["hugepageLimits[0].pageSize: expected a size such as 2MB, found \"2M\""]
      ),
      (
        #""hugepageLimits": [{"pageSize":"02MB","limit":1}]"#,
        ["hugepageLimits[0].pageSize: expected a size such as 2MB, found \"02MB\""]
      ),
      (
        #""hugepageLimits": [{"pageSize":"MB","limit":1}]"#,
        ["hugepageLimits[0].pageSize: expected a size such as 2MB, found \"MB\""]
      ),
      (
        #""hugepageLimits": [{"pageSize":"../2MB","limit":1}]"#,
        ["hugepageLimits[0].pageSize: expected a size such as 2MB, found \"../2MB\""]
      ),
      (
        #""unified": {"": "1", "..": "1", "a/b": "1", "pids.max": "1"}"#,
        ["\"\"", "\"..\"", "\"a/b\""].map {
          "unified[\($0)]: expected the name of a cgroup file such as memory.max"
        }
      ),
      (#""memory": {"limit": 100, "swap": 99}"#, ["memory.swap: memory+swap limit should be >= memory limit"]),
      (#""memory": {"limit": 100, "swap": -1}"#, []),
      (#""memory": {"swappiness": 18446744073709551615}"#, []),
      (#""memory": {"swappiness": 201}"#, ["memory.swappiness: expected 0 to 200, found 201"]),
      (
        #""cpu": {"cpus": "0-2,x", "mems": "0\n"}"#,
        ["cpu.cpus: expected a list such as 0-2,7, found \"0-2,x\""]
      ),
      (#""devices": [{"allow": true, "major": -2}]"#, ["devices[0].major: expected a device number, found -2"]),
    ] as [(String, [String])])
  func limits(members: String, expected: [String]) {
    #expect(resourcesFaults("{\(members)}") == expected)
    let nested = faults(minimalConfig("\"linux\": {\"resources\": {\(members)}}"))
    #expect(nested == expected.map { "linux.resources.\($0)" })
  }

  @Test(
    "Id maps",
    arguments: [
      ([(0, 100_000, 65_536)], []),
      ([(0, 1000, 1), (1, 100_000, 10), (11, 1001, 5)], []),
      ([(0, 0, 4_294_967_295)], []),
      ([(0, 0, 0)], ["[0].size: expected a number above 0"]),
      ([(1, 0, 4_294_967_295)], ["[0]: 4294967295 ids from 1 on end beyond the last id"]),
      ([(0, 4_294_967_295, 1)], ["[0]: 1 ids from 4294967295 on end beyond the last id"]),
      ([(0, 100, 10), (9, 200, 10)], ["[1].containerID: the ids overlap those of linux.uidMappings[0]"]),
      ([(0, 100, 10), (10, 109, 10)], ["[1].hostID: the ids overlap those of linux.uidMappings[0]"]),
      (
        [(5, 100, 10), (20, 200, 1), (0, 300, 100)],
        [
          "[2].containerID: the ids overlap those of linux.uidMappings[0]",
          "[2].containerID: the ids overlap those of linux.uidMappings[1]",
        ]
      ),
    ] as [([(UInt32, UInt32, UInt32)], [String])])
  func maps(lines: [(UInt32, UInt32, UInt32)], expected: [String]) {
    var spec = Spec()
    spec.ociVersion = "1.0.0"
    spec.root = Root()
    spec.root?.path = "rootfs"
    spec.linux.namespaces = [Namespace(type: .user)]
    spec.linux.uidMappings = lines.map { IDMapping(containerID: $0.0, hostID: $0.1, size: $0.2) }
    spec.linux.gidMappings = [IDMapping(containerID: 0, hostID: 0, size: 1)]
    #expect(spec.validate().map(\.description) == expected.map { "linux.uidMappings\($0)" })
  }

  @Test("The kernel takes 340 lines")
  func longestMap() {
    var validator = Validator()
    let lines = (0..<UInt32(340)).map { IDMapping(containerID: $0, hostID: $0, size: 1) }
    validator.mappings(lines, "map")
    #expect(validator.faults.isEmpty)
    validator.mappings(lines + [IDMapping(containerID: 900, hostID: 900, size: 1)], "map")
    #expect(validator.faults.map(\.reason) == ["more than the kernel's 340 lines"])
  }

  @Test("Unknown capabilities and relative destinations are warnings")
  func warnings() throws {
    let config = minimalConfig(
      #""process": {"cwd": "/", "args": ["a"], "capabilities": {"ambient": ["CAP_KILL", "CAP_FUTURE"]}}"#,
      #""mounts": [{"destination": "x", "type": "proc"}]"#)
    let spec = try Spec.load(Array(config.utf8))
    #expect(
      spec.warnings().map(\.description) == [
        "process.capabilities.ambient[1]: unknown capability \"CAP_FUTURE\", ignored",
        "mounts[0].destination: a relative path is deprecated, taken as relative to /",
      ])
  }
}

@Suite("Kernel parameters")
struct SysctlTests {
  @Test(
    "A parameter needs its namespace",
    arguments: [
      ("net.ipv4.ip_forward", [Namespace.Kind.network], nil),
      ("net/ipv4/ip_forward", [.network], nil),
      ("net.ipv4.ip_forward", [.ipc], #"sysctl "net.ipv4.ip_forward" not allowed in host network namespace"#),
      ("kernel.shmmax", [.ipc], nil),
      ("kernel/shm_rmid_forced", [], #"sysctl "kernel.shm_rmid_forced" is not allowed in the hosts ipc namespace"#),
      ("fs.mqueue.queues_max", [.ipc], nil),
      ("kernel.domainname", [.uts], nil),
      ("kernel.domainname", [], #"sysctl "kernel.domainname" is not in a separate kernel namespace"#),
      (
        "kernel/hostname", [.uts],
        #"sysctl "kernel.hostname" is not allowed as it conflicts with the OCI "hostname" field"#
      ),
      ("user.max_user_namespaces", [.user], nil),
      (
        "user.max_user_namespaces", [],
        "setting ucounts without a user namespace not allowed: user.max_user_namespaces"
      ),
      (
        "kernel.core_pattern", [.ipc, .network, .uts],
        #"sysctl "kernel.core_pattern" is not in a separate kernel namespace"#
      ),
      ("vm.swappiness", [.network], #"sysctl "vm.swappiness" is not in a separate kernel namespace"#),
      ("net/../kernel/core_pattern", [.network], "not a name of a sysctl"),
      ("net...kernel.core_pattern", [.network], "not a name of a sysctl"),
      ("net.//.kernel.core_pattern", [.network], "not a name of a sysctl"),
      ("net./", [.network], "not a name of a sysctl"),
      ("/net/ipv4", [.network], "not a name of a sysctl"), ("net", [.network], "not a name of a sysctl"),
      ("", [.network], "not a name of a sysctl"), ("net.x ", [.network], "not a name of a sysctl"),
      ("network.x", [.network], #"sysctl "network.x" is not in a separate kernel namespace"#),
    ] as [(String, [Namespace.Kind], String?)])
  func namespaces(name: String, own: [Namespace.Kind], reason: String?) {
    var spec = Spec()
    spec.linux.namespaces = own.map { Namespace(type: $0, path: "/ns") }
    spec.linux.sysctl = [name: "1"]
    let found = spec.validate().filter { $0.keyPath.hasPrefix("linux.sysctl") }
    #expect(found.map(\.reason) == (reason.map { [$0] } ?? []))
    #expect(found.allSatisfy { $0.keyPath == "linux.sysctl[\"\(name)\"]" })
  }

  @Test("The first separator decides, as in sysctl(8)")
  func spellings() {
    let path = "net/ipv4/conf/eno2.100/rp_filter"
    #expect(Sysctl("net.ipv4.conf.eno2/100.rp_filter")?.path == path)
    #expect(Sysctl(path)?.path == path)
    #expect(Sysctl(path)?.dotted == "net.ipv4.conf.eno2/100.rp_filter")
  }
}
