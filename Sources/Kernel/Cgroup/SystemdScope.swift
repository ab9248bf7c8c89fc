internal import Glibc
public import OCI

/// The unit that a container's processes are in, and whose systemd has it: what `--systemd-cgroup` adds to a placement.
public struct SystemdScope: Sendable, Equatable {
  public var unit: SystemdUnit
  /// Of the user's own manager, else of the system's.
  public var isUser: Bool

  /// A scope by its names, as they were written down.
  public init(unit: SystemdUnit, isUser: Bool) {
    self.unit = unit
    self.isUser = isUser
  }

  /// Decides the unit's name and where its cgroups will be; nothing is made.
  ///
  /// - Throws: a refusal of a name that is none; or that systemd cannot be had.
  public static func place(
    cgroupsPath: String?, id: String, isUser: Bool, host: CgroupHost
  ) throws(SystemError) -> (scope: SystemdScope, placement: CgroupPlacement) {
    // sd_booted(3).
    guard access("/run/systemd/system", F_OK) == 0 else {
      throw SystemError.refusal(
        "systemd cgroup flag passed, but systemd support for managing cgroups is not available: systemd does not run "
          + "this host; leave --systemd-cgroup out")
    }
    if isUser, host.layout != .unified {
      throw SystemError.refusal("--systemd-cgroup without root needs cgroup v2: a user's systemd has no cgroup v1")
    }
    let scope = SystemdScope(
      unit: try SystemdUnit.named(cgroupsPath: cgroupsPath, id: id, isUser: isUser), isUser: isUser)
    let root =
      try isUser
      ? scope.ask { (manager, deadline) throws(SystemError) in try manager.root(deadline: deadline) } : "/"
    return (scope, try scope.unit.placement(host: host, root: root))
  }

  /// Makes the unit with this process in it. Its cgroups are there when this returns.
  ///
  /// - Parameter annotations: those named `org.systemd.property.NAME` are properties of the unit, and win.
  public func start(
    process: Int32, _ resources: Resources, devices: [Device], annotations: [String: String], id: String,
    layout: CgroupHost.Layout
  ) throws(SystemError) {
    var properties = try SystemdProperties(resources, unified: layout == .unified)
    // A user's systemd may not guard devices, and need not: an ordinary user has none.
    if !isUser { properties.add(try DeviceRules.container(resources, devices: devices)) }
    try properties.add(annotations: annotations)
    try ask { (manager, deadline) throws(SystemError) in
      try manager.start(unit, process: process, properties, description: "swiftcr container \(id)", deadline: deadline)
    }
  }

  /// Puts a process of this user into the unit, from wherever it is.
  public func attach(_ process: Int32) throws(SystemError) {
    try ask { (manager, deadline) throws(SystemError) in try manager.attach(process, to: unit, deadline: deadline) }
  }

  /// Tells systemd of changed limits, which it would take back at its next reload otherwise.
  func update(_ resources: Resources, layout: CgroupHost.Layout) throws(SystemError) {
    let properties = try SystemdProperties(resources, unified: layout == .unified)
    try ask { (manager, deadline) throws(SystemError) in try manager.set(properties, of: unit, deadline: deadline) }
  }

  /// Ends the unit; one that has gone is no failure.
  public func stop() throws(SystemError) {
    try ask { (manager, deadline) throws(SystemError) in try manager.stop(unit, deadline: deadline) }
  }

  /// One conversation with the manager that has the unit, of 30 seconds at most.
  private func ask<Answer>(
    _ question: (inout SystemdManager, Deadline) throws(SystemError) -> Answer
  ) throws(SystemError) -> Answer {
    let sockets =
      isUser
      ? SystemdSockets.user { name in getenv(name).map { String(cString: $0) } }
      : SystemdSockets.system
    let deadline = Deadline(milliseconds: 30_000)
    var manager = try SystemdManager.open(sockets, deadline: deadline)
    return try question(&manager, deadline)
  }
}
