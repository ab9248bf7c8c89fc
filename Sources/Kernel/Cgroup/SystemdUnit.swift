/// The transient unit that systemd makes for a container, by the `slice:prefix:name` of linux.cgroupsPath.
public struct SystemdUnit: Sendable, Equatable {
  /// `system.slice`, or what the path says.
  public var slice: String
  /// `prefix-name.scope`, or a name that ends in `.slice`.
  public var name: String

  /// A unit by its names, as they were written down.
  public init(slice: String, name: String) {
    self.slice = slice
    self.name = name
  }

  /// Whether it is a slice, which holds no process itself.
  public var isSlice: Bool { name.hasSuffix(".slice") }

  /// The unit that a container gets, as runc names it; an empty path means `system.slice:swiftcr:ID`.
  /// - Throws: a refusal of anything that is not `slice:prefix:name`, or that systemd would not take.
  public static func named(cgroupsPath: String?, id: String, isUser: Bool) throws(SystemError) -> SystemdUnit {
    let usual = isUser ? "user.slice" : "system.slice"
    guard let path = cgroupsPath, !path.isEmpty else { return try checked(usual, prefix: "swiftcr", id) }
    let parts = path.split(separator: ":", omittingEmptySubsequences: false).map { String($0) }
    guard parts.count == 3 else {
      throw SystemError.refusal(
        "linux.cgroupsPath \"\(path)\": expected slice:prefix:name for the systemd cgroup driver")
    }
    return try checked(parts[0].isEmpty ? usual : parts[0], prefix: parts[1], parts[2])
  }

  private static func checked(_ slice: String, prefix: String, _ name: String) throws(SystemError) -> SystemdUnit {
    var unit = SystemdUnit(slice: slice, name: name)
    if !unit.isSlice { unit.name = prefix.isEmpty ? "\(name).scope" : "\(prefix)-\(name).scope" }
    _ = try expand(slice)
    for text in [slice, unit.name] {
      // systemd.unit(5): 255 characters of these; a slash would be another directory.
      guard !name.isEmpty, text.utf8.count <= 255, text.utf8.allSatisfy(isNameByte) else {
        throw SystemError.refusal("linux.cgroupsPath: \"\(text)\" is no name of a systemd unit")
      }
    }
    return unit
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "A")...UInt8(ascii: "Z"):
      true
    default: ":-_.\\@".utf8.contains(byte)
    }
  }

  /// The cgroup of a slice, below the root: `a-b.slice` is `/a.slice/a-b.slice`, `-.slice` the root itself.
  static func expand(_ slice: String) throws(SystemError) -> String {
    let suffix = ".slice"
    guard slice.hasSuffix(suffix), slice.utf8.count > suffix.utf8.count, !slice.utf8.contains(UInt8(ascii: "/")) else {
      throw SystemError.refusal("linux.cgroupsPath: invalid slice name \"\(slice)\"")
    }
    let stem = String(slice.dropLast(suffix.count))
    if stem == "-" { return "" }
    var (path, prefix) = ("", "")
    for part in stem.split(separator: "-", omittingEmptySubsequences: false) {
      guard !part.isEmpty else { throw SystemError.refusal("linux.cgroupsPath: invalid slice name \"\(slice)\"") }
      path += "/\(prefix)\(part)\(suffix)"
      prefix += "\(part)-"
    }
    return path
  }

  /// Where the unit's cgroup is in each hierarchy.
  ///
  /// - Parameter root: systemd's own cgroup: `/`, or the user manager's.
  public func placement(host: CgroupHost, root: String) throws(SystemError) -> CgroupPlacement {
    let below = try (root == "/" ? "" : root) + Self.expand(slice) + "/" + name
    // An absolute path without colons at its ends is never taken for a unit's name.
    return try CgroupPlacement.place(cgroupsPath: below, id: name, host: host)
  }
}
