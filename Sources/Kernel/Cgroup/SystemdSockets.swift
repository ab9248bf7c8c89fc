internal import Glibc

/// Where a systemd listens.
struct SystemdSockets: Equatable {
  /// Of the message bus; `nil` if none is known.
  var bus: String?
  /// Of systemd itself.
  var manager: String

  /// The one that runs this host.
  static let system = SystemdSockets(bus: "/run/dbus/system_bus_socket", manager: "/run/systemd/private")

  /// This user's, as `DBUS_SESSION_BUS_ADDRESS` and `XDG_RUNTIME_DIR` say.
  static func user(environment: (String) -> String?) -> SystemdSockets {
    var directory = environment("XDG_RUNTIME_DIR") ?? ""
    if !directory.hasPrefix("/") { directory = "/run/user/\(geteuid())" }
    let address = environment("DBUS_SESSION_BUS_ADDRESS") ?? ""
    return SystemdSockets(bus: path(of: address) ?? "\(directory)/bus", manager: "\(directory)/systemd/private")
  }

  /// The first socket with a path in a list of addresses (D-Bus specification, "Server Addresses").
  static func path(of addresses: String) -> String? {
    for address in addresses.split(separator: ";") where address.hasPrefix("unix:") {
      for part in address.dropFirst(5).split(separator: ",") where part.hasPrefix("path=/") && !part.contains("%") {
        return String(part.dropFirst(5))
      }
    }
    return nil
  }
}
