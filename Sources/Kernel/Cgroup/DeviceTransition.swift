/// cgroup v1's device controller: which lines lead from one set of rules to another.
extension DeviceRules {
  /// One write(2) to `devices.allow` or `devices.deny`.
  public struct Change: Sendable, Equatable {
    /// Which of the two files.
    public var allow: Bool
    /// `c 1:3 rwm`, or `a` for everything.
    public var line: String

    /// A change.
    public init(allow: Bool, line: String) {
      self.allow = allow
      self.line = line
    }
  }

  /// The fewest writes to get here. A running container only loses what it is to lose: everything is denied for a moment
  /// only where the default changes.
  ///
  /// - Parameter current: what `devices.list` says; `nil` for a new cgroup, which has its parent's rules.
  public func changes(from current: DeviceRules?) -> [Change] {
    var changes: [Change] = []
    var old: [Exception] = []
    // With an allowing default devices.list is only "a *:* rwm": the exceptions cannot be seen, so they are reset.
    if let current, !current.allowsByDefault, !allowsByDefault {
      old = current.exceptions
    } else {
      changes.append(Change(allow: allowsByDefault, line: "a"))
    }
    for was in old {
      var dropped = was
      if let now = exceptions.first(where: { $0.sameDevices(as: was) }) { dropped.access.subtract(now.access) }
      if !dropped.access.isEmpty { changes.append(Change(allow: allowsByDefault, line: dropped.text)) }
    }
    for now in exceptions {
      var gained = now
      if let was = old.first(where: { $0.sameDevices(as: now) }) { gained.access.subtract(was.access) }
      if !gained.access.isEmpty { changes.append(Change(allow: !allowsByDefault, line: gained.text)) }
    }
    return changes
  }

  /// Parses `devices.list`. Lines that it does not know are an error: a wrong idea of the present state grants access.
  public init(list: [UInt8]) throws(SystemError) {
    self.init()
    for line in list.split(separator: UInt8(ascii: "\n")) {
      let text = String(decoding: line, as: UTF8.self)
      let fields = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: ":") }
        .map { String(decoding: $0, as: UTF8.self) }
      guard fields.count == 4 else { throw SystemError.refusal("devices.list: unknown line \"\(text)\"") }
      if fields[0] == "a" {
        allowEverything()
        continue
      }
      guard fields[0] == "b" || fields[0] == "c",
        let major = Self.listed(fields[1]), let minor = Self.listed(fields[2])
      else { throw SystemError.refusal("devices.list: unknown line \"\(text)\"") }
      var access: Access = []
      if fields[3].utf8.contains(UInt8(ascii: "r")) { access.insert(.read) }
      if fields[3].utf8.contains(UInt8(ascii: "w")) { access.insert(.write) }
      if fields[3].utf8.contains(UInt8(ascii: "m")) { access.insert(.mknod) }
      add(Exception(isBlock: fields[0] == "b", major: major, minor: minor, access: access))
    }
  }

  private static func listed(_ field: String) -> UInt32?? {
    if field == "*" { return .some(nil) }
    return UInt32(field).map { .some($0) }
  }
}
