internal import Glibc

/// Where things are kept between commands.
public enum DataDirectory {
  /// `/var/lib/swiftcr`, or below XDG_DATA_HOME for a user.
  public static var path: String {
    guard Caller.hasOwnDirectories else { return "/var/lib/swiftcr" }
    if let data = absolute("XDG_DATA_HOME") { return data + "/swiftcr" }
    return (absolute("HOME") ?? "/tmp/swiftcr-\(geteuid())") + "/.local/share/swiftcr"
  }

  /// The XDG specification ignores relative paths.
  private static func absolute(_ variable: String) -> String? {
    guard let value = getenv(variable), value[0] == CChar(bitPattern: UInt8(ascii: "/")) else { return nil }
    return String(cString: value)
  }

  public static var containers: String { path + "/containers" }
  /// Compiled filters, for profiles that only libseccomp can compile: that takes 20 ms.
  public static var seccomp: String { path + "/seccomp" }
  /// The image store.
  public static var store: String { path + "/store" }
}
