import Testing

@testable import OCI

@Suite("Decoding config.json")
struct SpecDecoderTests {
  @Test("Every property arrives")
  func complete() throws {
    let spec = try Spec.load(Array(completeConfig.utf8))
    #expect(spec.ociVersion == "1.3.0")
    #expect(spec.root?.path == "rootfs" && spec.root?.readonly == true)
    #expect(spec.hostname == "box" && spec.domainname == "example.org")
    #expect(spec.annotations == ["org.example": "yes"])

    let mount = spec.mounts[1]
    #expect(mount.destination == "data" && mount.type == nil && mount.options == ["rbind", "ro"])
    #expect(mount.uidMappings == [IDMapping(containerID: 0, hostID: 7, size: 1)])
    #expect(mount.gidMappings == [IDMapping(containerID: 0, hostID: 8, size: 1)])

    let hook = spec.hooks.prestart[0]
    #expect(hook.path == "/a" && hook.args == ["a", "b"] && hook.env == ["X=1"] && hook.timeout == 5)
    let later = [spec.hooks.createRuntime, spec.hooks.createContainer, spec.hooks.startContainer, spec.hooks.poststart]
    #expect((later + [spec.hooks.poststop]).map { $0.map(\.path) } == [["/b"], ["/c"], ["/d"], ["/e"], ["/f"]])
  }

  @Test("Every property of the process arrives")
  func completeProcess() throws {
    let process = try #require(try Spec.load(Array(completeConfig.utf8)).process)
    #expect(process.terminal && process.noNewPrivileges && process.cwd == "/work" && process.oomScoreAdj == -17)
    #expect(process.consoleSize == ConsoleSize(height: 24, width: 80))
    #expect(process.env == ["PATH=/bin", "NOEQUALS", ""] && process.args == ["sh", "-c", "true", ""])
    #expect(process.user.uid == 1000 && process.user.gid == 1001 && process.user.umask == 18)
    #expect(process.user.additionalGids == [5, 4_294_967_294])
    #expect(process.rlimits == [Rlimit(type: "RLIMIT_NOFILE", soft: 1024, hard: .max)])
    let capabilities = try #require(process.capabilities)
    #expect(capabilities.bounding == ["CAP_KILL"] && capabilities.effective == ["CAP_CHOWN"])
    #expect(capabilities.inheritable.isEmpty && capabilities.permitted == ["CAP_BPF"])
    #expect(capabilities.ambient == ["CAP_SYSLOG"])
    #expect(process.apparmorProfile == "profile" && process.selinuxLabel == "label")
    let scheduler = try #require(process.scheduler)
    #expect(scheduler.policy == "SCHED_DEADLINE" && scheduler.flags == ["SCHED_FLAG_RESET_ON_FORK"])
    #expect([scheduler.runtime, scheduler.deadline, scheduler.period] == [1, 2, 3])
    #expect(process.ioPriority == IOPriority(class: "IOPRIO_CLASS_BE", priority: 4))
    #expect(process.execCPUAffinity == CPUAffinity(initial: "7", final: "0-3,7"))
  }

  @Test("Every property for Linux arrives")
  func completeLinux() throws {
    let linux = try Spec.load(Array(completeConfig.utf8)).linux
    #expect(linux.namespaces.map(\.type) == [.pid, .network, .mount, .ipc, .uts, .user, .cgroup, .time])
    #expect(linux.namespaces.map(\.path) == [nil, "/proc/1/ns/net", nil, nil, nil, nil, nil, nil])
    #expect(linux.uidMappings == [IDMapping(containerID: 0, hostID: 100_000, size: 65_536)])
    #expect(linux.gidMappings.count == 2)
    #expect(linux.timeOffsets["monotonic"] == TimeOffset(secs: -5, nanosecs: 1))
    #expect(linux.timeOffsets["boottime"] == TimeOffset(secs: 0, nanosecs: 0))
    #expect(
      linux.devices == [
        Device(type: "c", path: "/dev/x", major: 1, minor: 3, fileMode: 438, uid: 0, gid: 5),
        Device(type: "p", path: "/dev/fifo"),
      ])
    #expect(linux.cgroupsPath == "/group/box" && linux.rootfsPropagation == "rslave" && linux.mountLabel == "label")
    #expect(linux.personality == Personality(domain: "LINUX32"))
    #expect(linux.sysctl == ["net.ipv4.ip_forward": "1", "kernel/shmmax": "9"])
    #expect(linux.maskedPaths == ["/proc/kcore"] && linux.readonlyPaths == ["/proc/sys"])
    #expect(linux.netDevices == ["eth0": NetDevice(name: "in0"), "eth1": NetDevice()])
    #expect(linux.memoryPolicy?.mode == "MPOL_INTERLEAVE" && linux.memoryPolicy?.nodes == "0-1")
    #expect(linux.memoryPolicy?.flags == ["MPOL_F_STATIC_NODES"])
    let rdt = try #require(linux.intelRdt)
    #expect(rdt.closID == "id" && rdt.schemata == ["L3:0=f"] && rdt.l3CacheSchema == "L3:0=f")
    #expect(rdt.memBwSchema == "MB:0=20" && rdt.enableMonitoring)
    let seccomp = try #require(linux.seccomp)
    #expect(seccomp.defaultAction == "SCMP_ACT_ERRNO" && seccomp.defaultErrnoRet == 1 && seccomp.hasFlags)
    #expect(seccomp.architectures == ["SCMP_ARCH_X86_64"] && seccomp.flags == ["SECCOMP_FILTER_FLAG_LOG"])
    #expect(seccomp.listenerPath == "/run/agent" && seccomp.listenerMetadata == "meta")
    #expect(seccomp.syscalls[0].names == ["read", "write"] && seccomp.syscalls[1].errnoRet == 38)
    let argument = Seccomp.Argument(index: 0, value: .max, valueTwo: 2, op: "SCMP_CMP_MASKED_EQ")
    #expect(seccomp.syscalls[1].args == [argument])
  }

  @Test("Every limit arrives")
  func completeResources() throws {
    let resources = try Spec.load(Array(completeConfig.utf8)).linux.resources
    #expect(
      resources.devices == [
        .init(allow: false), .init(allow: true, major: -1),
        .init(allow: true, type: "c", major: 1, minor: 3, access: "r"),
      ])
    let memory = try #require(resources.memory)
    #expect(memory.limit == 1_000_000_000 && memory.reservation == -1 && memory.swap == 2_000_000_000)
    #expect(memory.kernel == 4 && memory.kernelTCP == 5 && memory.swappiness == 60)
    #expect(memory.disableOOMKiller == true && memory.useHierarchy == false && memory.checkBeforeUpdate == true)
    let cpu = try #require(resources.cpu)
    #expect(cpu.shares == 1024 && cpu.quota == -1 && cpu.burst == 7 && cpu.period == 100_000)
    #expect(cpu.realtimeRuntime == 8 && cpu.realtimePeriod == 9 && cpu.idle == 1)
    #expect(cpu.cpus == "0-2,7" && cpu.mems == "0" && resources.pids == 100)
    let io = try #require(resources.blockIO)
    #expect(io.weight == 500 && io.leafWeight == 300)
    #expect(io.weightDevice == [.init(major: 8, minor: 0, weight: 500, leafWeight: 2)])
    let throttles = [
      io.throttleReadBpsDevice, io.throttleWriteBpsDevice, io.throttleReadIOPSDevice, io.throttleWriteIOPSDevice,
    ]
    #expect(throttles.map { $0.map(\.rate) } == [[1], [2], [3], [4]])
    #expect(resources.hugepageLimits == [.init(pageSize: "2MB", limit: 4_194_304)])
    #expect(resources.network?.classID == 1_048_577 && resources.network?.priorities == ["eth0": 500])
    #expect(resources.rdma["mlx5_1"]?.hcaHandles == 3 && resources.rdma["mlx5_1"]?.hcaObjects == 10_000)
    #expect(resources.unified == ["memory.high": "max"])
  }

  @Test("Null and Go's empty texts are absence")
  func absence() throws {
    let config = minimalConfig(
      #""hostname": "", "mounts": null, "hooks": {"poststop": null}, "annotations": null"#,
      #""linux": {"resources": null, "cgroupsPath": "", "rootfsPropagation": "", "seccomp": {"defaultAction": ""}}"#)
    let spec = try Spec.load(Array(config.utf8))
    #expect(spec.hostname == nil && spec.mounts.isEmpty && spec.linux == Linux())
    let flags = minimalConfig(#""linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW"}}"#)
    #expect(try Spec.load(Array(flags.utf8)).linux.seccomp?.hasFlags == false)
  }

  @Test(
    "Faults say where, what was expected and what was found",
    arguments: [
      (#""root": 5"#, "root: expected an object, found 5"),
      (#""root": {"path": true}"#, "root.path: expected a string, found true"),
      (#""root": {"path": "r", "readonly": "yes"}"#, "root.readonly: expected true or false, found \"yes\""),
      (#""mounts": {}"#, "mounts: expected an array, found an object"),
      (#""mounts": ["/proc"]"#, "mounts[0]: expected an object, found \"/proc\""),
      (#""process": {"cwd": "/", "args": ["a", 2]}"#, "process.args[1]: expected a string, found 2"),
      (#""process": {"cwd": "/", "args": ["a", null]}"#, "process.args[1]: expected a string, found null"),
      (#""process": {"cwd": "/\u0000x", "args": ["a"]}"#, "process.cwd: a NUL byte in \"/\\u0000x\""),
      (#""process": {"cwd": "/", "args": ["a\u0000"]}"#, "process.args[0]: a NUL byte in \"a\\u0000\""),
      (#""process": {"cwd": "/", "args": ["a"], "env": ["\u0000"]}"#, "process.env[0]: a NUL byte in \"\\u0000\""),
      (
        #""process": {"cwd": "/", "args": ["a"], "user": {"uid": -1}}"#,
        "process.user.uid: expected an integer from 0 to 4294967295, found -1"
      ),
      (
        #""process": {"cwd": "/", "args": ["a"], "user": {"uid": "0"}}"#,
        "process.user.uid: expected an integer, found \"0\""
      ),
      (
        #""process": {"cwd": "/", "args": ["a"], "user": {"gid": 1.5}}"#,
        "process.user.gid: expected an integer, found 1.5"
      ),
      (
        #""process": {"cwd": "/", "args": ["a"], "capabilities": {"bounding": ["KILL"]}}"#,
        "process.capabilities.bounding[0]: expected a capability such as CAP_KILL, found \"KILL\""
      ),
      (
        #""process": {"cwd": "/", "args": ["a"], "rlimits": [{"type": "NOFILE", "soft": 1, "hard": 1}]}"#,
        "process.rlimits[0].type: unknown rlimit \"NOFILE\""
      ),
      (
        #""process": {"cwd": "/", "args": ["a"], "rlimits": [{"type": "RLIMIT_AS", "hard": 1}]}"#,
        "process.rlimits[0].soft: required"
      ),
      (
        #""hooks": {"poststop": [{"path": "/x", "timeout": 0}]}"#,
        "hooks.poststop[0].timeout: expected a number of seconds above 0, found 0"
      ),
      (#""annotations": {"a\"b": 1}"#, "annotations[\"a\\\"b\"]: expected a string, found 1"),
      (
        #""linux": {"resources": {"memory": {"limit": "lots"}}}"#,
        "linux.resources.memory.limit: expected an integer, found \"lots\""
      ),
      (
        #""linux": {"resources": {"memory": {"limit": 1e300}}}"#,
        "linux.resources.memory.limit: expected an integer from -9223372036854775808 to 9223372036854775807, found 1e+300"
      ),
      (
        #""linux": {"resources": {"blockIO": {"weight": 65536}}}"#,
        "linux.resources.blockIO.weight: expected an integer from 0 to 65535, found 65536"
      ),
      (#""linux": {"resources": {"devices": [{"access": "r"}]}}"#, "linux.resources.devices[0].allow: required"),
      (
        #""linux": {"resources": {"devices": [{"allow": true, "type": "x"}]}}"#,
        "linux.resources.devices[0].type: unknown device type \"x\": expected one of a, b, c"
      ),
      (
        #""linux": {"resources": {"devices": [{"allow": true, "access": "rx"}]}}"#,
        "linux.resources.devices[0].access: expected some of r, w and m, found \"rx\""
      ),
      (
        #""linux": {"namespaces": [{"type": "net"}]}"#,
        "linux.namespaces[0].type: unknown namespace \"net\": "
          + "expected one of pid, network, mount, ipc, uts, user, cgroup, time"
      ),
      (#""linux": {"namespaces": [{}]}"#, "linux.namespaces[0].type: required"),
      (
        #""linux": {"rootfsPropagation": "RSHARED"}"#,
        "linux.rootfsPropagation: unknown propagation \"RSHARED\": expected one of "
          + "private, rprivate, shared, rshared, slave, rslave, unbindable, runbindable"
      ),
      (#""linux": {"devices": [{"type": "c", "path": "/dev/x", "minor": 1}]}"#, "linux.devices[0].major: required"),
      (
        #""linux": {"seccomp": {"defaultAction": "ALLOW"}}"#,
        "linux.seccomp.defaultAction: unknown seccomp action \"ALLOW\": expected one of "
          + SpecNames.seccompActions.joined(separator: ", ")
      ),
      (#""linux": {"seccomp": {"syscalls": []}}"#, ""),
      (
        #""linux": {"seccomp": {"syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}}"#,
        "linux.seccomp.defaultAction: required"
      ),
      (
        #""linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["x86_64"]}}"#,
        "linux.seccomp.architectures[0]: unknown seccomp architecture \"x86_64\""
      ),
      (
        #""linux": {"sysctl": {"net.ipv4.ip_forward": 1}}"#,
        "linux.sysctl[\"net.ipv4.ip_forward\"]: expected a string, found 1"
      ),
      (
        #""linux": {"personality": {"domain": "BSD"}}"#,
        "linux.personality.domain: unknown personality \"BSD\": expected one of LINUX, LINUX32"
      ),
    ])
  func faultTexts(members: String, expected: String) {
    #expect(faults(minimalConfig(members)) == (expected.isEmpty ? [] : [expected]))
  }

  @Test("All faults come in one go, what cannot be read and what makes no sense, and no fault twice")
  func allFaults() {
    let config = #"""
      {
        "ociVersion": "2.0.0", "hostname": "box",
        "process": {"cwd": "work", "args": [], "user": {"uid": "root"}},
        "mounts": [{"destination": 7}, {"destination": "/x", "type": "tmpfs"}, {"type": "proc"}],
        "linux": {"resources": {"memory": {"limit": "lots"}, "pids": {"limit": true}}, "maskedPaths": ["proc"]}
      }
      """#
    let expected = [
      "process.user.uid: expected an integer, found \"root\"",
      "mounts[0].destination: expected a string, found 7",
      "linux.resources.memory.limit: expected an integer, found \"lots\"",
      "linux.resources.pids.limit: expected an integer, found true",
      "ociVersion: version \"2.0.0\" is not supported: expected 1.x",
      "root: required",
      "process.cwd: Cwd must be an absolute path",
      "process.args: args must not be empty",
      "mounts[0].type: required unless options has bind or rbind",
      "mounts[2].destination: required",
      "hostname: unable to set hostname without a private UTS namespace",
      "linux.maskedPaths: unable to restrict sys entries without a private MNT namespace",
      "linux.maskedPaths[0]: expected an absolute path, found \"proc\"",
    ]
    #expect(faults(config) == expected)
    let error = #expect(throws: SpecFaults.self) { try Spec.load(Array(config.utf8)) }
    #expect(error?.description == expected.joined(separator: "; "))
  }

  @Test("A namespace that cannot be read is not said to be missing elsewhere")
  func unreadNamespaces() {
    let members = #""hostname": "box", "linux": {"namespaces": [{"type": "UTS"}], "readonlyPaths": ["/x"]}"#
    #expect(faults(minimalConfig(members)).map { $0.prefix(25) } == ["linux.namespaces[0].type:"])
  }

  @Test(
    "What is no document at all",
    arguments: [
      ("", "not valid JSON: line 1, column 1: expected a value, found the end"),
      ("null", "expected an object, found null"), ("[]", "expected an object, found an array"),
      ("{\"a\":1,\"a\":2}", "not valid JSON: line 1, column 8: the name \"a\" comes twice in one object"),
    ])
  func noDocument(text: String, expected: String) {
    #expect(faults(text) == [expected])
    #expect(processFaults(text) == [expected])
    #expect(resourcesFaults(text) == [expected])
  }

  @Test("Names are compared with case")
  func letterCase() {
    #expect(faults(#"{"OCIVersion": "1.0.0", "Root": {"path": "x"}}"#) == ["ociVersion: required", "root: required"])
  }

  @Test("A million faults are one short line")
  func manyFaults() throws {
    let numbers = Array(repeating: "1", count: 100_000).joined(separator: ",")
    let error = #expect(throws: SpecFaults.self) {
      try Process.load(Array("{\"cwd\":\"/\",\"args\":[\(numbers)]}".utf8))
    }
    let lines = try #require(error?.lines)
    #expect(lines.count == 51 && lines[50] == "and 950 more faults")
    let long = processFaults(
      "{\"cwd\":\"/\",\"args\":[\"a\"],\"terminal\":\"\(String(repeating: "é", count: 100_000))\"}")
    #expect(long.count == 1 && long[0].utf8.count < 300 && long[0].hasSuffix("\"..."))
    let hostile = processFaults(#"{"cwd":"/","args":["a"],"terminal":"\n\u001b[2J\u202e\u009b"}"#)
    #expect(hostile == ["terminal: expected true or false, found \"\\n\\u001b[2J\\u202e\\u009b\""])
  }

  @Test("A process.json and an update's resources begin their key paths at themselves")
  func partialDocuments() throws {
    #expect(
      processFaults(#"{"cwd": "", "args": [], "user": {"uid": 4294967295}}"#) == [
        "cwd: Cwd property must not be empty", "args: args must not be empty", "user.uid: 4294967295 is not an id",
      ])
    #expect(
      resourcesFaults(#"{"memory": {"limit": "1g"}, "unified": {"../x": "1"}}"#) == [
        "memory.limit: expected an integer, found \"1g\"",
        "unified[\"../x\"]: expected the name of a cgroup file such as memory.max",
      ])
    let resources = try Resources.load(Array(#"{"pids": {"limit": -1}, "cpu": {"quota": 5e4}}"#.utf8))
    #expect(resources.pids == -1 && resources.cpu?.quota == 50_000 && resources.memory == nil)
    #expect(try Process.load(Array(#"{"cwd": "/", "args": ["ls"]}"#.utf8)).args == ["ls"])
  }
}
