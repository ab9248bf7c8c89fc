internal import Glibc
internal import OCI

/// systemd's manager over D-Bus, for the transient units of containers.
struct SystemdManager: ~Copyable {
  private var connection: DBusConnection
  private let destination: String?

  private static let name = "org.freedesktop.systemd1"
  private static let object = "/org/freedesktop/systemd1"
  private static let interface = "org.freedesktop.systemd1.Manager"

  /// The system's manager, or this user's own. Its private socket works without a message bus, but not for everybody,
  /// so the bus comes first.
  static func open(_ sockets: SystemdSockets, deadline: Deadline) throws(SystemError) -> SystemdManager {
    if let bus = sockets.bus, access(bus, F_OK) == 0 {
      let connection = try DBusConnection.open(path: bus, isBus: true, deadline: deadline)
      return try SystemdManager(connection, destination: name, deadline)
    }
    let connection = try DBusConnection.open(path: sockets.manager, isBus: false, deadline: deadline)
    return try SystemdManager(connection, destination: nil, deadline)
  }

  private init(
    _ connection: consuming DBusConnection, destination: String?, _ deadline: Deadline
  ) throws(SystemError) {
    self.connection = connection
    self.destination = destination
    guard destination != nil else { return }
    // A bus hands on only the signals that somebody asked for, and systemd sends jobs' ends only to subscribers.
    let rule = "type='signal',sender='\(Self.name)',interface='\(Self.interface)',member='JobRemoved'"
    _ = try self.connection.call(
      to: "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "AddMatch", [.string(rule)],
      deadline: deadline)
    try call("Subscribe", [], deadline)
  }

  /// Makes the unit with this process in it, and returns when its cgroup is there. A failed unit of the name is reset first.
  mutating func start(
    _ unit: SystemdUnit, process: Int32, _ properties: SystemdProperties, description: String, deadline: Deadline
  ) throws(SystemError) {
    var all = properties
    all.add("Description", .string(description))
    all.add("DefaultDependencies", .bool(false))
    for controller in ["Memory", "CPU", "Tasks", "IO"] { all.add("\(controller)Accounting", .bool(true)) }
    if unit.isSlice {
      // A slice has no process, and its slice is in its name.
      all.add("Wants", .array(.string, [.string(unit.slice)]))
    } else {
      all.add("Slice", .string(unit.slice))
      all.add("Delegate", .bool(true))
      all.add("PIDs", .array(.uint32, [.uint32(UInt32(bitPattern: process))]))
    }
    let arguments: [DBusValue] = [
      .string(unit.name), .string("replace"), all.argument,
      .array(.structure([.string, .array(.structure([.string, .variant]))]), []),
    ]
    let step = "start unit \(unit.name)"
    var answer = try attempt("StartTransientUnit", arguments, deadline)
    if case .failure(let error) = answer, error.name == "\(Self.name).UnitExists" {
      try reset(unit, deadline: deadline)
      answer = try attempt("StartTransientUnit", arguments, deadline)
    }
    try finish(answer, step, deadline)
  }

  /// Ends the unit's processes and the unit. One that is not there is no failure.
  mutating func stop(_ unit: SystemdUnit, deadline: Deadline) throws(SystemError) {
    let answer = try attempt("StopUnit", [.string(unit.name), .string("replace")], deadline)
    if case .failure(let error) = answer, error.name == "\(Self.name).NoSuchUnit" { return }
    try finish(answer, "stop unit \(unit.name)", deadline)
    try reset(unit, deadline: deadline)
  }

  /// Changes limits until the unit ends, not in its file.
  mutating func set(_ properties: SystemdProperties, of unit: SystemdUnit, deadline: Deadline) throws(SystemError) {
    if properties.values.isEmpty { return }
    try call("SetUnitProperties", [.string(unit.name), .bool(true), properties.argument], deadline)
  }

  /// Moves a process into a unit; systemd asks for more rights than its user has where it must (version 238).
  mutating func attach(_ process: Int32, to unit: SystemdUnit, deadline: Deadline) throws(SystemError) {
    try call(
      "AttachProcessesToUnit",
      [.string(unit.name), .string(""), .array(.uint32, [.uint32(UInt32(bitPattern: process))])], deadline)
  }

  /// The manager's own cgroup, below which its units are: `/` for the system's.
  mutating func root(deadline: Deadline) throws(SystemError) -> String {
    let step = "ask systemd for its cgroup"
    let answer = try connection.attempt(
      to: destination, Self.object, "org.freedesktop.DBus.Properties", "Get",
      [.string(Self.interface), .string("ControlGroup")], deadline: deadline)
    switch answer {
    case .failure(let error): throw SystemError.refusal("\(step): \(error)")
    case .success(let values):
      guard case .variant(let value)? = values.first, let path = value.text, path.isEmpty || path.hasPrefix("/") else {
        throw SystemError.refusal("\(step): no path in the answer")
      }
      return path.isEmpty ? "/" : path
    }
  }

  private mutating func reset(_ unit: SystemdUnit, deadline: Deadline) throws(SystemError) {
    let answer = try attempt("ResetFailedUnit", [.string(unit.name)], deadline)
    guard case .failure(let error) = answer, error.name != "\(Self.name).NoSuchUnit" else { return }
    throw SystemError.refusal("reset unit \(unit.name): \(error)")
  }

  /// Waits for the job that an answer names.
  private mutating func finish(
    _ answer: Result<[DBusValue], DBusError>, _ step: String, _ deadline: Deadline
  ) throws(SystemError) {
    switch answer {
    case .failure(let error): throw SystemError.refusal("\(step): \(error)")
    case .success(let values):
      guard let job = values.first, case .path = job else { throw SystemError.refusal("\(step): no job in the answer") }
      // JobRemoved: number, job, unit, result.
      let ended = try connection.signal(Self.interface, "JobRemoved", deadline: deadline) {
        $0.count == 4 && $0[1] == job
      }
      guard let result = ended.last?.text, result != "done" else { return }
      throw SystemError.refusal("\(step): systemd says \"\(result)\"")
    }
  }

  private mutating func call(
    _ method: String, _ arguments: [DBusValue], _ deadline: Deadline
  ) throws(SystemError) {
    if case .failure(let error) = try attempt(method, arguments, deadline) {
      throw SystemError.refusal("\(method): \(error)")
    }
  }

  private mutating func attempt(
    _ method: String, _ arguments: [DBusValue], _ deadline: Deadline
  ) throws(SystemError) -> Result<[DBusValue], DBusError> {
    try connection.attempt(to: destination, Self.object, Self.interface, method, arguments, deadline: deadline)
  }
}
