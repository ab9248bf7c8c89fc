public import OCI

/// One limit to write: a decision of ``CgroupWrites``, carried out by ``Cgroup``.
public struct CgroupWrite: Sendable, Equatable {
  /// What to do when the cgroup has no such file.
  public enum Missing: Sendable, Equatable {
    case fail
    /// An optional part of the kernel that changes nothing that was asked for.
    case skip
    /// The same limit under another name.
    case use(file: String, value: String)
  }

  /// The key path in config.json, for messages.
  public var property: String
  /// Whose directory the file is in: a v1 controller, or with `isUnified` a v2 one.
  public var controller: String
  /// Whether the file is in the cgroup2 mount.
  public var isUnified: Bool
  /// Its name in the container's directory.
  public var file: String
  /// What to write, in one write(2).
  public var value: String
  /// What to do where there is no such file.
  public var missing: Missing
  /// The kernel refuses the value with EINVAL while another one that comes later still has its old value.
  public var mayWait: Bool
  /// What a cgroup has from its birth: not worth writing to a new one.
  public var isInitial: Bool

  /// A write that has to succeed, unless said otherwise.
  public init(
    property: String, controller: String, isUnified: Bool, file: String, value: String, missing: Missing = .fail,
    mayWait: Bool = false, isInitial: Bool = false
  ) {
    self.property = property
    self.controller = controller
    self.isUnified = isUnified
    self.file = file
    self.value = value
    self.missing = missing
    self.mayWait = mayWait
    self.isInitial = isInitial
  }
}

/// Which controllers there are, and in which hierarchy.
public struct CgroupControllers: Sendable, Equatable {
  /// Controllers with a v1 hierarchy.
  public var v1: [String]
  /// Words of the cgroup2 mount's `cgroup.controllers`.
  public var v2: [String]
  /// The host's layout: with `unified` nothing is looked for in v1.
  public var layout: CgroupHost.Layout

  /// Describes a host's controllers.
  public init(layout: CgroupHost.Layout, v1: [String], v2: [String]) {
    self.layout = layout
    self.v1 = v1
    self.v2 = v2
  }
}

/// The writes that a container's resources need, in order. Pure; errors name the property of config.json.
///
/// Zero means "not set" wherever runc treats it so: engines send zeros for what they do not limit.
public struct CgroupWrites {
  private let controllers: CgroupControllers
  private(set) var writes: [CgroupWrite] = []

  /// Plans all resources but the devices, which are ``DeviceRules``.
  public static func writes(
    for resources: Resources, controllers: CgroupControllers
  ) throws(SystemError) -> [CgroupWrite] {
    var plan = CgroupWrites(controllers: controllers)
    if controllers.layout != .unified && !resources.unified.isEmpty {
      throw SystemError.refusal("invalid configuration: cannot use unified on cgroup v1")
    }
    if let cpu = resources.cpu { try plan.add(cpu) }
    if let memory = resources.memory { try plan.add(memory) }
    if let pids = resources.pids { try plan.addPids(pids) }
    if let blockIO = resources.blockIO { try plan.add(blockIO) }
    try plan.add(resources.hugepageLimits)
    if let network = resources.network { try plan.add(network) }
    try plan.add(resources.rdma)
    try plan.addUnified(resources.unified)
    return plan.writes
  }

  init(controllers: CgroupControllers) { self.controllers = controllers }

  /// Whether a controller is to be used through cgroup v2's files.
  /// - Parameter name: its name in v1, and in v2 unless `unified` says otherwise.
  func isUnified(_ name: String, unified: String? = nil, property: String) throws(SystemError) -> Bool {
    if controllers.layout != .unified && controllers.v1.contains(name) { return false }
    if controllers.layout != .v1 && controllers.v2.contains(unified ?? name) { return true }
    throw SystemError.refusal(
      "\(property): cannot set \(name) limit: controller \"\(unified ?? name)\" is not available on this host")
  }

  mutating func append(_ write: CgroupWrite) { writes.append(write) }
}
