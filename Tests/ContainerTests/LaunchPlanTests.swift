import Kernel
import OCI
import Testing

@testable import Container

/// Planning decides everything, so its tests need no root: a spec and facts go in, steps come out.
@Suite struct LaunchPlanTests {
  private static let host = CgroupHost(
    layout: .hybrid,
    hierarchies: [
      .init(controllers: ["cpu", "cpuacct"], mountPoint: "/sys/fs/cgroup/cpu,cpuacct", ownPath: "/"),
      .init(controllers: ["name=systemd"], mountPoint: "/sys/fs/cgroup/systemd", ownPath: "/"),
    ])

  private static func request(_ config: String) throws -> PlanRequest {
    let spec = try Spec.load(Array(config.utf8))
    let facts = HostFacts(cgroups: host, lastCapability: 40, caller: Caller(uid: 0, gid: 0, isRootless: false))
    let cgroup = try CgroupPlacement.place(cgroupsPath: "/box", id: "box", host: host)
    var request = PlanRequest(
      spec: spec, id: "box", bundle: "/bundle", rootPath: "/bundle/rootfs", cgroup: cgroup, facts: facts)
    if let names = spec.process?.capabilities {
      request.capabilities = try ProcessCapabilities.make(names).capabilities
    }
    return request
  }

  private static func config(
    namespaces: String = #"{"type":"mount"},{"type":"pid"}"#, process: String = "", linux: String = "", top: String = ""
  ) -> String {
    """
    {"ociVersion":"1.0.2","root":{"path":"rootfs"},
     "process":{"cwd":"/","args":["true"],"env":["PATH=/bin","HOME=/"]\(process)},
     "linux":{"namespaces":[\(namespaces)]\(linux)}\(top)}
    """
  }

  @Test("what would be ignored is refused") func resctrl() throws {
    let config = Self.config(linux: #","intelRdt":{"closID":"x"}"#)
    let error = #expect(throws: PlanError.self) { try LaunchPlan.make(try Self.request(config)) }
    #expect(error?.description.hasPrefix("linux.intelRdt: ") == true)
  }

  private func lines(_ config: String, _ change: (inout PlanRequest) -> Void = { _ in }) throws -> [String] {
    var request = try Self.request(config)
    change(&request)
    return try LaunchPlan.make(request).lines
  }

  @Test func smallestContainer() throws {
    let devices = [
      "make device /dev/null (c 1:3 0666)", "make device /dev/zero (c 1:5 0666)", "make device /dev/full (c 1:7 0666)",
      "make device /dev/random (c 1:8 0666)", "make device /dev/urandom (c 1:9 0666)",
      "make device /dev/tty (c 5:0 0666)",
    ]
    let links = [
      "link /dev/fd to /proc/self/fd", "link /dev/stdin to /proc/self/fd/0", "link /dev/stdout to /proc/self/fd/1",
      "link /dev/stderr to /proc/self/fd/2", "link /dev/ptmx to pts/ptmx",
    ]
    #expect(
      try lines(Self.config()) == [
        "clone into new mount,pid namespace", "unblock signals", "become undumpable", "set umask 00",
        "join cgroup #0", "join cgroup #1", "new session", "new session keyring _ses.box", "make / rslave",
        "bind root file system /bundle/rootfs",
      ] + devices + links + [
        "pivot root", "set umask 022", "change to working directory /", "become uid 0 gid 0", "find executable true",
        "report that all is ready", "close descriptors from 3 on execve", "execute true",
      ])
  }

  /// An execve drops the capabilities in a user namespace, and a pid namespace is its children's: two steps.
  @Test func userNamespaceIsEnteredByASecondClone() throws {
    let plan = try LaunchPlan.make(
      Self.request(
        Self.config(
          namespaces: #"{"type":"mount"},{"type":"user"},{"type":"cgroup"}"#,
          linux:
            #","uidMappings":[{"containerID":0,"hostID":1,"size":1}],"gidMappings":[{"containerID":0,"hostID":1,"size":1}]"#
        )))
    #expect(plan.namespaces == [])
    let joined = try #require(plan.steps.lastIndex { if case .joinCgroup = $0 { true } else { false } })
    let cloned = try #require(plan.steps.firstIndex(of: .clone([.mount, .user])))
    let unshared = try #require(plan.steps.firstIndex(of: .unshare([.cgroup])))
    #expect(joined < cloned && cloned < unshared)
    #expect(plan.steps[cloned + 1] == .idMaps)
    #expect(plan.steps[cloned + 2] == .becomeRoot(setGroups: true))
    // Device nodes cannot be made in there.
    #expect(plan.steps.contains { if case .bindDevice = $0 { true } else { false } })
    #expect(!plan.steps.contains { if case .device = $0 { true } else { false } })
  }

  /// An undumpable process's maps are root's to write; and who becomes the mapped root may not be able to reach the layers.
  @Test func anOrdinaryUsersStageOpensItsLayersBetweenTheMapsAndBecomingRoot() throws {
    let map = #"[{"containerID":0,"hostID":1000,"size":1}]"#
    let config = Self.config(
      namespaces: #"{"type":"mount"},{"type":"user"}"#, process: #","oomScoreAdj":5"#,
      linux: #","uidMappings":\#(map),"gidMappings":\#(map)"#)
    var request = try Self.request(config)
    request.facts.caller = Caller(uid: 1000, gid: 1000, isRootless: true)
    request.cgroup.directories = []
    request.deniesGroups = true
    var overlay = StageOverlay(layers: ["/l/1", "/l/2"], directory: "/c/box")
    request.overlay = overlay
    let steps = try LaunchPlan.make(request).steps
    let first: [Step] = [
      .oomScore(5), .signals, .umask(0), .clone([.mount, .user]), .idMaps, .undumpable, .layers(overlay),
      .becomeRoot(setGroups: false), .session,
    ]
    #expect(Array(steps.prefix(first.count)) == first)
    #expect(steps.contains(.rootOverlay("/bundle/rootfs")))
    #expect(overlay.options == "userxattr,lowerdir=%:%,upperdir=%,workdir=%")
    #expect(overlay.paths == ["/l/2", "/l/1", "/c/box/upper", "/c/box/work"])
    overlay.upper = .memory
    #expect(overlay.options == "userxattr,lowerdir=%:%" && overlay.paths == ["/l/2", "/l/1"])
  }

  /// Where the mapped root may not go, or the caller has no more rights than it.
  @Test func whatIsBoundInAUserNamespaceIsOpenedByWhoIsRoot() throws {
    let top = #","mounts":[{"destination":"/v","type":"bind","source":"/s","options":["bind"]}]"#
    func origin(_ namespaces: String, _ caller: Caller) throws -> BindMount.Origin? {
      let linux =
        #","uidMappings":[{"containerID":0,"hostID":1000,"size":1}],"#
        + #""gidMappings":[{"containerID":0,"hostID":1000,"size":1}]"#
      var request = try Self.request(
        Self.config(namespaces: namespaces, linux: namespaces.contains(#"user"}"#) ? linux : "", top: top))
      request.facts.caller = caller
      for case .bind(let bind) in try LaunchPlan.make(request).steps where bind.destination == "/v" {
        return bind.origin
      }
      return nil
    }
    let root = Caller(uid: 0, gid: 0, isRootless: false), user = Caller(uid: 1000, gid: 1000, isRootless: true)
    #expect(try origin(#"{"type":"mount"}"#, root) == .stage)
    #expect(try origin(#"{"type":"mount"},{"type":"user"}"#, root) == .opened)
    #expect(try origin(#"{"type":"mount"},{"type":"user","path":"/u"}"#, root) == .opened)
    #expect(try origin(#"{"type":"mount","path":"/m"},{"type":"user","path":"/u"}"#, root) == .stage)
    #expect(try origin(#"{"type":"mount"},{"type":"user"}"#, user) == .stage)
  }

  @Test func joinedNamespacesComeUserFirstAndMountLast() throws {
    let lines = try lines(
      Self.config(
        namespaces:
          #"{"type":"mount","path":"/m"},{"type":"network","path":"/n"},{"type":"user","path":"/u"},{"type":"pid"}"#))
    let joins = lines.filter { $0.hasPrefix("join") && $0.contains("namespace") }
    #expect(
      joins == [
        "join user namespace of the configured user", "join network namespace of the configured network",
        "join mount namespace of the configured mount",
      ])
  }

  @Test func theFilterIsLoadedLastUnlessSomebodyNeedsItBefore() throws {
    let filter = SeccompFilter(program: [UInt8](repeating: 0, count: 8), flags: 0, listens: false)
    let plain = try lines(Self.config(process: #","noNewPrivileges":true"#)) { $0.seccomp = filter }
    #expect(plain.suffix(2) == ["load seccomp filter of 1 instructions", "execute true"])
    let hook = #","hooks":{"startContainer":[{"path":"/h"}]}"#
    let hooked = try lines(Self.config(process: #","noNewPrivileges":true"#, top: hook)) {
      $0.seccomp = filter
      $0.waitsForStart = true
    }
    let loaded = try #require(hooked.firstIndex(of: "load seccomp filter of 1 instructions"))
    let waits = try #require(hooked.firstIndex(of: "wait for start"))
    let runs = try #require(hooked.firstIndex(of: "run startContainer hook #0 /h"))
    #expect(loaded < waits && waits < runs)
  }

  @Test func withoutNoNewPrivilegesTheFilterTakesAdmin() throws {
    let filter = SeccompFilter(program: [UInt8](repeating: 0, count: 8), flags: 0, listens: false)
    var request = try Self.request(
      Self.config(
        process: #","capabilities":{"permitted":["CAP_KILL"],"effective":["CAP_KILL"],"bounding":["CAP_KILL"]}"#))
    request.seccomp = filter
    let steps = try LaunchPlan.make(request).steps
    let kill = CapabilitySet(number: 5)
    let raised = kill.union(CapabilitySet(number: 21))
    let before = try #require(
      steps.firstIndex(of: .capabilities(effective: kill, permitted: raised, inheritable: [])))
    let load = try #require(steps.firstIndex(of: .seccomp(filter, raise: raised)))
    // What was kept for the filter is gone before the program begins.
    let after = try #require(steps.firstIndex(of: .capabilities(effective: kill, permitted: kill, inheritable: [])))
    #expect(before < load && load < after && after < steps.count - 1)
  }

  @Test(arguments: [
    ("/proc/self/attr", true), ("/proc/sys", true), ("/proc/cpuinfo", false), ("/proc", false), ("/x/../proc/1", true),
    ("/procfs", false),
  ])
  func nothingIsMountedOverProcfs(_ destination: String, isRefused: Bool) throws {
    let mount = #","mounts":[{"destination":"\#(destination)","type":"tmpfs","source":"tmpfs"}]"#
    #expect((try? lines(Self.config(top: mount))) == nil ? isRefused : !isRefused)
  }

  @Test(arguments: [("a/./b", "/a/b"), ("/../../etc", "/etc"), ("//x//", "/x"), ("", "/"), ("/a/../../b", "/b")])
  func destinationsStayBelowTheRoot(_ path: String, _ clean: String) { #expect(Planner.clean(path) == clean) }

  @Test func aReadonlyTmpfsIsFilledBeforeItIsReadonly() throws {
    let lines = try lines(
      Self.config(top: #","mounts":[{"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["ro"]}]"#))
    let mounted = try #require(lines.firstIndex(of: "mount tmpfs at /dev"))
    let device = try #require(lines.firstIndex { $0.hasPrefix("make device") })
    let readonly = try #require(lines.firstIndex(of: "set mount attributes of /dev (ro)"))
    #expect(mounted < device && device < readonly)
  }

  /// The label of new file systems; a bind mount's files have their own.
  @Test func mountLabel() throws {
    let mounts =
      #","mounts":[{"destination":"/t","type":"tmpfs","source":"t"},{"destination":"/p","type":"proc","source":"p"},"#
      + #"{"destination":"/b","type":"bind","source":"/","options":["bind"]}]"#
    let config = Self.config(linux: #","mountLabel":"u:r:t:s0:c1,c2""#, top: mounts)
    let labels = try LaunchPlan.make(try Self.request(config)).steps.compactMap { step -> [String?]? in
      guard case .mount(let mount) = step else { return nil }
      return mount.options.filter { $0.key == "context" }.map(\.value)
    }
    #expect(labels == [["u:r:t:s0:c1,c2"], []])
    var layered = try Self.request(config)
    layered.hasLayers = true
    let error = #expect(throws: PlanError.self) { try LaunchPlan.make(layered) }
    #expect(error?.description.hasPrefix("linux.mountLabel: ") == true)
  }

  @Test func everyStepHasAnEncoding() throws {
    let hooks = #","hostname":"h","hooks":{"createContainer":[{"path":"/h","timeout":3}]}"#
    var request = try Self.request(
      Self.config(
        namespaces: #"{"type":"mount"},{"type":"uts"},{"type":"network"}"#,
        process: #","terminal":true,"user":{"uid":5,"gid":6,"additionalGids":[7]}"#,
        linux: #","maskedPaths":["/proc/keys"],"readonlyPaths":["/proc/sys"],"sysctl":{"net.ipv4.ip_forward":"1"}"#,
        top: hooks))
    request.waitsForStart = true
    let plan = try LaunchPlan.make(request)
    let bytes = PlanEncoder.encode(plan.steps, report: 9) { _ in 7 }
    // Steps begin behind a header of 16 bytes, and have 48 each; an op is never 0, and only the last one executes.
    let ops = plan.steps.indices.map { Int(bytes[16 + $0 * 48]) | Int(bytes[17 + $0 * 48]) << 8 }
    #expect(!ops.contains(0))
    #expect(ops.dropLast().allSatisfy { $0 != ops.last })
  }
}
