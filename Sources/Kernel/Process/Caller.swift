public import Glibc

/// Who runs this program.
public struct Caller: Sendable, Equatable {
  public var uid: uid_t
  public var gid: gid_t
  /// Without rights in the first user namespace: another user than root, or root of a user namespace only (an engine
  /// that made one before).
  public var isRootless: Bool
  /// setgroups(2) is denied here, and in all user namespaces that are made from here.
  public var deniesGroups: Bool

  public init(uid: uid_t, gid: gid_t, isRootless: Bool, deniesGroups: Bool = false) {
    self.uid = uid
    self.gid = gid
    self.isRootless = isRootless
    self.deniesGroups = deniesGroups
  }

  public static let current: Caller = {
    let isRootless = geteuid() != 0 || isInUserNamespace
    let isDenied = isRootless && (try? readFile("/proc/self/setgroups", limit: 16))?.first == UInt8(ascii: "d")
    return Caller(uid: geteuid(), gid: getegid(), isRootless: isRootless, deniesGroups: isDenied)
  }()

  /// Whether state and layers are below the user's own directories. As runc: root of a user namespace has those of the
  /// user who made it, unless it was given the whole environment of root.
  public static let hasOwnDirectories: Bool = {
    if geteuid() != 0 { return true }
    guard isInUserNamespace else { return false }
    return getenv("USER").map { String(cString: $0) } != "root"
  }()

  /// The first user namespace is the one that maps every id to itself.
  private static let isInUserNamespace: Bool = {
    guard let bytes = try? readFile("/proc/self/uid_map", limit: 1 << 16) else { return false }
    return String(decoding: bytes, as: UTF8.self).split { $0 == " " || $0 == "\n" } != ["0", "0", "4294967295"]
  }()
}
