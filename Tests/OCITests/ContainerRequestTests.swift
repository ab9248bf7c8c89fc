import Testing

@testable import OCI

@Suite("A container of an image")
struct ContainerRequestTests {
  private static let host = ContainerRequest.Host(
    kernel: .init(6, 1), capabilities: ["CAP_CHOWN", "CAP_KILL", "CAP_SYS_ADMIN", "CAP_NET_ADMIN", "CAP_MKNOD"])
  private static let accounts = Accounts(
    passwd: Array("root:x:0:0::/root:/bin/sh\napp:x:1000:1001::/home/app:\n".utf8), group: [])

  private func image(_ change: (inout ImageDefaults) -> Void = { $0.cmd = ["sh"] }) -> ImageConfig {
    var config = ImageConfig()
    change(&config.defaults)
    return config
  }

  private func make(
    _ image: ImageConfig, host: ContainerRequest.Host = host,
    _ change: (inout ContainerRequest) throws -> Void = { _ in }
  ) throws -> Spec {
    var request = ContainerRequest(hostname: "box")
    try change(&request)
    let config = try request.config(
      of: image, accounts: Self.accounts, annotations: ContainerRequest.annotations(layers: ["/l"], isVolatile: true),
      host: host)
    let spec = try Spec.load(config.bytes)
    #expect(spec.warnings() == [])
    return spec
  }

  private func refusal(_ change: (inout ContainerRequest) throws -> Void) -> String {
    do {
      _ = try make(image(), change)
      return "none"
    } catch { return "\(error)" }
  }

  @Test("ENTRYPOINT and CMD, and what the command line makes of them")
  func arguments() throws {
    let both = image {
      $0.entrypoint = ["/entry", "-x"]
      $0.cmd = ["a", "b"]
    }
    func args(_ entrypoint: [String]?, _ command: [String]) throws -> [String]? {
      try make(both) {
        $0.entrypoint = entrypoint
        $0.command = command
      }.process?.args
    }
    #expect(try args(nil, []) == ["/entry", "-x", "a", "b"])
    #expect(try args(nil, ["c"]) == ["/entry", "-x", "c"])
    #expect(try args(["/other"], []) == ["/other"])
    #expect(try args(["/other"], ["c"]) == ["/other", "c"])
    #expect(try args([], ["c"]) == ["c"])
    #expect(throws: ContainerRequestError.self) { try args([], []) }
    #expect(try make(image { $0.cmd = ["sh"] }).process?.args == ["sh"])
  }

  @Test("Environment: docker's, the image's, the command line's")
  func environment() throws {
    let config = image {
      $0.cmd = ["sh"]
      $0.env = ["PATH=/bin", "A=image", "B=image", "EMPTY="]
    }
    let spec = try make(config) {
      $0.env = ["A=line", "B", "C=a=b", "D"]
      $0.terminal = true
    }
    #expect(
      spec.process?.env == [
        "PATH=/bin", "HOSTNAME=box", "TERM=xterm", "A=line", "EMPTY=", "C=a=b", "HOME=/root",
      ])
    #expect(try make(config) { $0.env = ["HOME=/x"] }.process?.env.last == "HOME=/x")
    #expect(try make(config) { $0.user = "4711" }.process?.env.last == "HOME=/")
  }

  @Test("User, working directory, terminal")
  func process() throws {
    let config = image {
      $0.cmd = ["sh"]
      $0.user = "app"
      $0.workingDirectory = "srv/./x/"
    }
    let process = try #require(try make(config).process)
    #expect(process.user.uid == 1000 && process.user.gid == 1001 && process.user.additionalGids == [1001])
    #expect(process.cwd == "/srv/x" && !process.terminal && !process.noNewPrivileges)
    #expect(process.capabilities?.effective == [] && process.capabilities?.bounding.count == 14)
    let other = try #require(
      try make(config) {
        ($0.user, $0.workingDirectory, $0.terminal, $0.rights.noNewPrivileges) = ("0", "/a/../b", true, true)
      }.process)
    #expect(other.user.uid == 0 && other.cwd == "/b" && other.terminal && other.noNewPrivileges)
    #expect(other.capabilities?.effective == ContainerRequest.Rights.defaultCapabilities)
    #expect(refusal { $0.workingDirectory = "b" }.contains("needs to be an absolute path"))
    #expect(refusal { $0.user = "nobody" }.contains("unable to find user nobody"))
  }

  @Test(
    "Capabilities",
    arguments: [
      ([], ["ALL"], []), (["chown"], ["all"], ["CAP_CHOWN"]),
      (["ALL"], ["CAP_CHOWN", "sys_admin"], ["CAP_KILL", "CAP_NET_ADMIN", "CAP_MKNOD"]),
    ] as [([String], [String], [String])])
  func capabilities(add: [String], drop: [String], expected: [String]) throws {
    let spec = try make(image()) { ($0.rights.added, $0.rights.dropped) = (add, drop) }
    #expect(spec.process?.capabilities?.bounding == expected)
    #expect(refusal { $0.rights.added = ["fly"] } == "unknown capability: \"CAP_FLY\"")
    let tweaked = try make(image()) { ($0.rights.added, $0.rights.dropped) = (["NET_ADMIN"], ["MKNOD"]) }
    let bounding = try #require(tweaked.process?.capabilities?.bounding)
    #expect(bounding.contains("CAP_NET_ADMIN") && !bounding.contains("CAP_MKNOD") && bounding.count == 14)
  }

  @Test("What an image that is made of a container begins with: the container's, docker's way")
  func defaultsOfAContainer() {
    let image = image {
      ($0.entrypoint, $0.cmd, $0.user, $0.workingDirectory) = (["/entry"], ["arg"], "app", "/app")
      ($0.env, $0.labels) = (["A=1", "B=2"], ["k": "v"])
    }
    func defaults(_ change: (inout ContainerRequest) -> Void) -> ImageDefaults {
      var request = ContainerRequest(hostname: "box")
      change(&request)
      return request.defaults(over: image.defaults)
    }
    #expect(defaults { _ in } == image.defaults)
    let all = defaults {
      ($0.command, $0.env, $0.user, $0.workingDirectory) = (["x", "y"], ["B=3", "C=4", "A"], "0:0", "/a/./b")
    }
    #expect(all.entrypoint == ["/entry"] && all.cmd == ["x", "y"] && all.env == ["B=3", "C=4"])
    #expect(all.user == "0:0" && all.workingDirectory == "/a/b" && all.labels == ["k": "v"])
    // Another entrypoint takes the image's CMD away.
    let program = defaults { $0.entrypoint = ["/other"] }
    #expect(program.entrypoint == ["/other"] && program.cmd == nil)
    let none = defaults { ($0.entrypoint, $0.command) = ([], ["sh"]) }
    #expect(none.entrypoint == nil && none.cmd == ["sh"])
  }

  @Test("--privileged")
  func privileged() throws {
    var host = Self.host
    host.devices = [.init(path: "/dev/sda", isBlock: true, major: 8, minor: 0, mode: 0o660, uid: 0, gid: 6)]
    let spec = try make(image(), host: host) { ($0.rights.isPrivileged, $0.rights.seccomp) = (true, nil) }
    #expect(spec.process?.capabilities?.bounding == host.capabilities)
    #expect(spec.linux.seccomp == nil && spec.linux.maskedPaths == [] && spec.linux.readonlyPaths == [])
    #expect(spec.linux.devices.map(\.path) == ["/dev/sda"])
    #expect(!spec.mounts.contains { $0.options.contains("ro") })
    // Not for one that is not.
    #expect(try make(image(), host: host).linux.devices.isEmpty)
  }

  @Test("Namespaces and network")
  func namespaces() throws {
    func kinds(_ network: ContainerRequest.Network, _ host: ContainerRequest.Host = Self.host) throws -> [Namespace] {
      try make(image(), host: host) { $0.network = network }.linux.namespaces
    }
    #expect(try kinds(.none).map(\.type) == [.mount, .uts, .pid, .ipc, .network])
    #expect(try kinds(.host).map(\.type) == [.mount, .uts, .pid, .ipc])
    #expect(try kinds(.path("/run/netns/a")).last == Namespace(type: .network, path: "/run/netns/a"))
    var unified = Self.host
    unified.hasUnifiedCgroups = true
    #expect(try kinds(.none, unified).last?.type == .cgroup)
  }

  @Test("Mounts: the defaults, the container's files, the volumes")
  func mounts() throws {
    let spec = try make(image()) {
      $0.files = [("/etc/hosts", "/kept/hosts")]
      $0.volumes = [try .init(parsing: "/srv/data/:/data/x:ro"), try .init(parsing: "./a:/dev/shm")]
      $0.temporaries = [try .init(parsing: "/data:size=1m,exec")]
      $0.isReadonly = true
    }
    #expect(
      spec.mounts.map(\.destination) == [
        "/proc", "/dev", "/dev/pts", "/sys", "/sys/fs/cgroup", "/dev/mqueue", "/data", "/etc/hosts", "/data/x",
        "/dev/shm",
      ])
    #expect(spec.root?.readonly == true)
    let byPlace = Dictionary(uniqueKeysWithValues: spec.mounts.map { ($0.destination, $0.options) })
    #expect(byPlace["/etc/hosts"] == ["rbind", "rprivate", "ro"])
    #expect(byPlace["/data/x"] == ["rbind", "rprivate", "rro"])
    #expect(byPlace["/data"] == ["nosuid", "nodev", "size=1m", "exec"])
    #expect(byPlace["/proc"] == ["nosuid", "noexec", "nodev"])
    let own = try make(image()) { $0.volumes = [try .init(parsing: "/dev:/dev:z")] }
    #expect(own.mounts.filter { $0.destination.hasPrefix("/dev") }.map(\.type) == ["bind"])
    #expect(refusal { $0.volumes = [try .init(parsing: "/a:/b"), try .init(parsing: "/c:/b/")] }.hasSuffix(": /b"))
  }

  @Test(
    "Volumes that cannot be",
    arguments: [
      ("data:/x", "named volumes are not kept here"), ("/x", "expected HOST:CONTAINER"), ("/a:b", "an absolute path"),
      ("/a:/", "and not /"), ("/a:/b:rw,fast", "unknown option \"fast\""), ("/a:/b:ro:z", "expected HOST:CONTAINER"),
      (":/b", "expected HOST:CONTAINER"),
    ])
  func badVolumes(text: String, reason: String) {
    #expect(refusal { $0.volumes = [try .init(parsing: text)] }.contains(reason))
  }

  @Test("Limits")
  func limits() throws {
    let resources = try make(image()) {
      try $0.limits.setMemory(64 << 20)
      try $0.limits.setProcessors("1.5", available: 2)
      $0.limits.pids = 100
    }.linux.resources
    #expect(resources.memory?.limit == 64 << 20 && resources.memory?.swap == 128 << 20)
    #expect(resources.cpu?.quota == 150_000 && resources.cpu?.period == 100_000 && resources.pids == 100)
    #expect(resources.devices.map(\.allow) == [false])
    var noSwap = Self.host
    noSwap.limitsSwap = false
    #expect(try make(image(), host: noSwap) { try $0.limits.setMemory(64 << 20) }.linux.resources.memory?.swap == nil)
    #expect(refusal { try $0.limits.setMemory(1 << 20) } == "Minimum memory limit allowed is 6MB")
    for text in ["0", "3", "x", "1.5.", "-1", "", ".", "1e0"] {
      #expect(refusal { try $0.limits.setProcessors(text, available: 2) }.contains("CPUs") || text != "3", "\(text)")
      #expect(refusal { try $0.limits.setProcessors(text, available: 2) } != "none", "\(text)")
    }
  }

  @Test("A user's container: mapped ids, no group that is not mapped")
  func rootless() throws {
    var host = Self.host
    let own = IDMapping(containerID: 0, hostID: 1000, size: 1)
    host.idMaps = .init(uids: [own], gids: [own])
    let spec = try make(image(), host: host) { $0.network = .host }
    #expect(spec.linux.namespaces.contains { $0.type == .user } && spec.linux.uidMappings == [own])
    #expect(spec.process?.user.additionalGids == [])
    #expect(spec.mounts.first { $0.destination == "/sys" }?.type == "bind")
    #expect(spec.mounts.first { $0.destination == "/dev/pts" }?.options.contains("gid=5") == false)
  }

  @Test("An image's labels tell the runtime nothing")
  func labels() throws {
    let config = image {
      $0.cmd = ["sh"]
      $0.labels = ["io.swiftcr.layers": #"["/etc"]"#, "org.systemd.property.X": "1"]
    }
    let spec = try make(config)
    #expect(spec.annotations == ["io.swiftcr.layers": #"["/l"]"#, "io.swiftcr.layer.volatile": "true"])
  }

  /// The whole of one, for the eye; the filter aside, which has its own tests.
  @Test("The configuration of a plain image")
  func golden() throws {
    var request = ContainerRequest(hostname: "3f4ddb2cb2a4")
    request.rights.seccomp = nil
    let config = try request.config(
      of: image { $0.cmd = ["nginx", "-g", "daemon off;"] }, accounts: Self.accounts,
      annotations: ContainerRequest.annotations(layers: ["/s/1", "/s/2"], isVolatile: false), host: Self.host)
    #expect(
      config.json.text() == """
        {"ociVersion":"1.3.0","process":{"user":{"uid":0,"gid":0,"additionalGids":[0]},\
        "args":["nginx","-g","daemon off;"],"env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",\
        "HOSTNAME=3f4ddb2cb2a4","HOME=/root"],"cwd":"/","capabilities":{\(Self.sets)}},\
        "root":{"path":"rootfs","readonly":false},"hostname":"3f4ddb2cb2a4","mounts":[\
        {"destination":"/proc","type":"proc","source":"proc","options":["nosuid","noexec","nodev"]},\
        {"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["nosuid","strictatime","mode=755","size=65536k"]},\
        {"destination":"/dev/pts","type":"devpts","source":"devpts","options":["nosuid","noexec","newinstance",\
        "ptmxmode=0666","mode=0620","gid=5"]},\
        {"destination":"/sys","type":"sysfs","source":"sysfs","options":["nosuid","noexec","nodev","ro"]},\
        {"destination":"/sys/fs/cgroup","type":"cgroup","source":"cgroup","options":["ro","nosuid","noexec","nodev"]},\
        {"destination":"/dev/mqueue","type":"mqueue","source":"mqueue","options":["nosuid","noexec","nodev"]},\
        {"destination":"/dev/shm","type":"tmpfs","source":"shm","options":["nosuid","noexec","nodev","mode=1777",\
        "size=67108864"]}],"annotations":{"io.swiftcr.layer.volatile":"false",\
        "io.swiftcr.layers":"[\\"/s/1\\",\\"/s/2\\"]"},"linux":{"resources":{"devices":[{"allow":false,"access":"rwm"}]},\
        "namespaces":[{"type":"mount"},{"type":"uts"},{"type":"pid"},{"type":"ipc"},{"type":"network"}],\
        "maskedPaths":["/proc/acpi","/proc/asound","/proc/interrupts","/proc/kcore","/proc/keys","/proc/latency_stats",\
        "/proc/sched_debug","/proc/scsi","/proc/timer_list","/proc/timer_stats","/sys/devices/virtual/powercap",\
        "/sys/firmware"],"readonlyPaths":["/proc/bus","/proc/fs","/proc/irq","/proc/sys","/proc/sysrq-trigger"]}}
        """)
  }

  private static let sets = ["bounding", "effective", "permitted"].map { name in
    "\"\(name)\":" + JSON.strings(ContainerRequest.Rights.defaultCapabilities).text()
  }.joined(separator: ",")
}
