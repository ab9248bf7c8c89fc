public import Kernel
public import OCI

/// Everything that will happen between clone3 and the container's program, decided before anything is made.
public struct LaunchPlan: Sendable {
  /// What the stage does, in order.
  public internal(set) var steps: [Step] = []
  /// The new namespaces of the first clone3. Empty in the two-step shape, in which the stage clones again: a user or
  /// time namespace, and those that are joined by path, take a process that is in them before the container's is made.
  public internal(set) var namespaces: [Namespace.Kind] = []

  /// As `swiftcr plan` prints it.
  public var lines: [String] {
    let first =
      namespaces.isEmpty ? "clone" : "clone into new \(namespaces.map(\.rawValue).joined(separator: ",")) namespace"
    return [first] + steps.map(\.description)
  }
}

/// What planning needs to know about the host.
public struct HostFacts: Sendable {
  public var cgroups: CgroupHost
  public var lastCapability: Int
  public var caller: Caller
  /// Whether device nodes can be made: not in a user namespace.
  public var makesDevices: Bool { !caller.isRootless }

  public init(cgroups: CgroupHost, lastCapability: Int, caller: Caller) {
    self.cgroups = cgroups
    self.lastCapability = lastCapability
    self.caller = caller
  }

  public static func detect() throws(SystemError) -> HostFacts {
    HostFacts(
      cgroups: try CgroupHost.detect(), lastCapability: CapabilitySet.supported.numbers.last ?? 40, caller: .current)
  }
}

/// What is asked for: a spec, and what the command line adds to it.
public struct PlanRequest: Sendable {
  public var spec: Spec
  public var id: String
  /// Absolute.
  public var bundle: String
  /// Absolute.
  public var rootPath: String
  public var hasLayers = false
  /// For a rootless container with layers.
  public var overlay: StageOverlay?
  /// setgroups(2) is denied in the container's user namespace.
  public var deniesGroups = false
  /// `create`: the stage waits for `start`.
  public var waitsForStart = false
  public var noPivot = false
  public var noNewKeyring = false
  /// Descriptors 3 and on that the program inherits.
  public var preservedDescriptors = 0
  public var cgroup: CgroupPlacement
  public var seccomp: SeccompFilter?
  public var capabilities: ProcessCapabilities?
  public var limits: [RlimitSetting] = []
  /// The processors of an `exec`'s process, once it is in its cgroup.
  public var affinity: NumberSet?
  public var memoryNodes: NumberSet?
  public var facts: HostFacts

  public init(
    spec: Spec, id: String, bundle: String, rootPath: String, cgroup: CgroupPlacement, facts: HostFacts
  ) {
    self.spec = spec
    self.id = id
    self.bundle = bundle
    self.rootPath = rootPath
    self.cgroup = cgroup
    self.facts = facts
  }
}

/// Why no plan can be made.
public struct PlanError: Error, Sendable, CustomStringConvertible {
  public let description: String
}

extension LaunchPlan {
  /// Plans a container.
  public static func make(_ request: PlanRequest) throws(PlanError) -> LaunchPlan {
    var planner = Planner(request)
    return try planner.container()
  }
}

/// Builds a plan step by step.
struct Planner {
  let request: PlanRequest
  var plan = LaunchPlan()

  var spec: Spec { request.spec }
  var linux: Linux { request.spec.linux }

  init(_ request: PlanRequest) { self.request = request }

  mutating func add(_ steps: Step...) { plan.steps += steps }

  func isNew(_ kind: Namespace.Kind) -> Bool {
    linux.namespaces.contains { $0.type == kind && $0.path == nil }
  }

  /// Its own or one that is joined.
  var hasUserNamespace: Bool { linux.namespaces.contains { $0.type == .user } }

  mutating func container() throws(PlanError) -> LaunchPlan {
    guard linux.namespaces.contains(where: { $0.type == .mount }) else {
      throw PlanError(description: "linux.namespaces: a mount namespace is needed")
    }
    if linux.intelRdt != nil {
      throw PlanError(description: "linux.intelRdt: this runtime does not use resctrl yet: leave the property out")
    }
    if linux.mountLabel != nil, request.hasLayers {
      throw PlanError(
        description: "linux.mountLabel: a container layer has no label yet: leave the property out, or use no layers")
    }
    enterNamespaces()
    try assembleRoot()
    becomeRoot()
    if isNew(.network) { add(.loopback) }
    if let hostname = spec.hostname { add(.hostname(hostname)) }
    if let domainname = spec.domainname { add(.domainname(domainname)) }
    if let process = spec.process {
      becomeUser(process)
      execute(process, startHooks: spec.hooks.startContainer)
    }
    return plan
  }

  private mutating func enterNamespaces() {
    let joined = linux.namespaces.filter { $0.path != nil }.map(\.type)
    let new = linux.namespaces.filter { $0.path == nil }.map(\.type)
    let cloned = new.filter { $0 != .cgroup && $0 != .time }
    let isDirect = joined.isEmpty && !new.contains(.user) && !new.contains(.time)

    // The files in /proc of an undumpable process are root's, its maps too: a user writes them first. No foreign
    // namespace was entered by then, since who may join one that is not in a user namespace of his own is root.
    let isUndumpableLate = request.facts.caller.uid != 0 && new.contains(.user)
    if let score = spec.process?.oomScoreAdj { add(.oomScore(score)) }
    add(.signals)
    if !isUndumpableLate { add(.undumpable) }
    add(.umask(0))
    joinCgroups()
    plan.steps += request.limits.map { .rlimit($0) }
    if isDirect {
      plan.namespaces = cloned
    } else {
      // The user namespace first: it gives the right to the others. The mount namespace last: it changes the root.
      let order = joined.sorted { Self.joinOrder($0) < Self.joinOrder($1) }
      for kind in order {
        add(.joinNamespace(.namespace(kind), kinds: [kind]))
        // Our own ids mean nothing in there: what they make would belong to nobody (EOVERFLOW).
        if kind == .user { add(.becomeRoot(setGroups: false)) }
      }
      if new.contains(.time) {
        add(.unshare([.time]))
        if !linux.timeOffsets.isEmpty { add(.timeOffsets(timeOffsets())) }
      }
      add(.clone(cloned))
      if new.contains(.user) { add(.idMaps) }
      if isUndumpableLate { add(.undumpable) }
    }
    if let overlay = request.overlay { add(.layers(overlay)) }
    if new.contains(.user) { add(.becomeRoot(setGroups: !request.deniesGroups)) }
    add(.session)
    if !request.noNewKeyring { add(.keyring("_ses.\(request.id)")) }
    // After the cgroup was joined: what the namespace shows as its root is where it was made.
    if new.contains(.cgroup) { add(.unshare([.cgroup])) }
  }

  mutating func joinCgroups() {
    let count = request.cgroup.directories.count { !$0.isUnified }
    for index in 0..<count { add(.joinCgroup(.cgroupTasks(index))) }
  }

  private static func joinOrder(_ kind: Namespace.Kind) -> Int {
    switch kind {
    case .user: 0
    case .mount: 2
    default: 1
    }
  }

  private func timeOffsets() -> String {
    linux.timeOffsets.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.secs) \($0.value.nanosecs)\n" }.joined()
  }

  private mutating func becomeRoot() {
    let shared = linux.rootfsPropagation.map { $0.hasSuffix("shared") } ?? false
    add(.pivot(style: request.noPivot ? .move : shared ? .pivotShared : .pivot))
    if spec.root?.readonly == true {
      var change = AttributeChange(path: "/")
      change.set = MountAttribute.readonly
      add(.attributes(change))
    }
    // What the root has been bound from was private, so that nothing shows on the host.
    for type in ["shared", "unbindable"] where linux.rootfsPropagation?.hasSuffix(type) == true {
      add(.propagation(type, recursive: linux.rootfsPropagation?.hasPrefix("r") == true, path: "/"))
    }
  }
}

/// `MOUNT_ATTR_*` (linux/mount.h).
enum MountAttribute {
  static let readonly: UInt64 = 0x1
  static let noSetuid: UInt64 = 0x2
  static let noDevices: UInt64 = 0x4
  static let noExecute: UInt64 = 0x8
}
