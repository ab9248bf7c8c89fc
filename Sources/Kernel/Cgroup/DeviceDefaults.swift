public import OCI

extension DeviceRules {
  /// The rules of `config.json`, then the devices that every container has, as runc appends them.
  ///
  /// - Parameter devices: `linux.devices`: who lists one of the default devices there also takes over its rule.
  public static func container(
    _ resources: Resources, devices: [Device] = []
  ) throws(SystemError) -> DeviceRules {
    let replaced = defaults.filter { rule in !devices.contains { $0.path == rule.path } }
    return try DeviceRules(resources.devices + replaced.map { $0.rule })
  }

  /// runc's list. Any node may be made, because opening it is checked again; /dev/console (5:1) is a bind mount of a pty.
  private static let defaults: [(path: String, rule: Resources.DeviceRule)] = [
    ("", Resources.DeviceRule(allow: true, type: "c", access: "m")),
    ("", Resources.DeviceRule(allow: true, type: "b", access: "m")),
    ("/dev/null", device(1, 3)),
    ("/dev/random", device(1, 8)),
    ("/dev/full", device(1, 7)),
    ("/dev/tty", device(5, 0)),
    ("/dev/zero", device(1, 5)),
    ("/dev/urandom", device(1, 9)),
    ("", device(136, nil)),  // /dev/pts
    ("", device(5, 2)),  // /dev/ptmx
    ("", device(10, 200)),  // /dev/net/tun: runc 1.2 dropped it and broke VPN containers
  ]

  private static func device(_ major: Int64, _ minor: Int64?) -> Resources.DeviceRule {
    Resources.DeviceRule(allow: true, type: "c", major: major, minor: minor)
  }
}
