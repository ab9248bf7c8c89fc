/// The name of a kernel parameter, in both of its spellings.
///
/// As in sysctl(8) the first separator decides: `net.ipv4.conf.eno2/100.rp_filter` and
/// `net/ipv4/conf/eno2.100/rp_filter` are the same.
public struct Sysctl: Sendable, Equatable {
  /// With dots, as rules are written: `net.ipv4.ip_forward`.
  public let dotted: String
  /// Below `/proc/sys`: `net/ipv4/ip_forward`. No component is empty, `.` or `..`.
  public let path: String

  /// `nil` for what is no name: empty, of one component, or with one that would lead elsewhere.
  public init?(_ name: String) {
    let dot = UInt8(ascii: ".")
    let slash = UInt8(ascii: "/")
    guard let first = name.utf8.first(where: { $0 == dot || $0 == slash }) else { return nil }
    let swapped = String(decoding: name.utf8.map { $0 == dot ? slash : $0 == slash ? dot : $0 }, as: UTF8.self)
    dotted = first == dot ? name : swapped
    path = first == dot ? swapped : name
    let components = path.utf8.split(separator: slash, omittingEmptySubsequences: false)
    let leadsElsewhere = components.contains { $0.isEmpty || $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8) }
    guard !leadsElsewhere, path.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }), path.utf8.count < 256 else { return nil }
  }

  /// The namespace that the parameter belongs to; `nil` when it is the whole host's.
  public var namespace: Namespace.Kind? {
    switch dotted {
    case "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax",
      "kernel.shmmni", "kernel.shm_rmid_forced":
      return .ipc
    case "kernel.domainname", "kernel.hostname": return .uts
    default: break
    }
    // Of the path, not of the text: the first component decides which directory is written to.
    if path.hasPrefix("fs/mqueue/") { return .ipc }
    if path.hasPrefix("net/") { return .network }
    if path.hasPrefix("user/") { return .user }
    return nil
  }
}
