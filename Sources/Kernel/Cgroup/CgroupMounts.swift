/// One line of /proc/PID/cgroup: `4:cpu,cpuacct:/docker/x`, or `0::/docker/x` for v2.
struct CgroupMembership: Equatable {
  var controllers: [String]
  var path: String

  /// Under which name the hierarchy is mounted below /sys/fs/cgroup by convention.
  var directoryName: String {
    let joined = controllers.joined(separator: ",")
    return joined.hasPrefix("name=") ? String(joined.dropFirst(5)) : joined
  }
}

/// Parses /proc/PID/cgroup. A path outside of the reader's cgroup namespace (`/../x`) becomes the root.
func parseMemberships(_ bytes: [UInt8]) -> [CgroupMembership] {
  bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
    let fields = line.split(separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
    guard fields.count == 3, fields[2].first == UInt8(ascii: "/") else { return nil }
    let names = fields[1].split(separator: UInt8(ascii: ",")).map { String(decoding: $0, as: UTF8.self) }
    let path = String(decoding: fields[2], as: UTF8.self)
    let outside = pathComponents(path).contains("..")
    return CgroupMembership(controllers: names, path: outside ? "/" : path)
  }
}

/// One cgroup mount of /proc/self/mountinfo.
struct CgroupMount: Equatable {
  var options: [String]
  var isUnified: Bool
  /// The cgroup that the mount shows as its root.
  var root: String
  var point: String

  func holds(_ controllers: [String]) -> Bool {
    controllers.isEmpty ? isUnified : !isUnified && controllers.allSatisfy { options.contains($0) }
  }

  /// Where a cgroup of the hierarchy is seen below the mount point; the root where it is not.
  func below(_ path: String) -> String {
    if root == "/" { return path }
    if path == root { return "/" }
    return path.utf8.starts(with: (root + "/").utf8) ? String(path.utf8.dropFirst(root.utf8.count)) ?? "/" : "/"
  }
}

/// Picks the cgroup mounts out of /proc/PID/mountinfo (proc_pid_mountinfo(5)).
func parseCgroupMounts(_ bytes: [UInt8]) -> [CgroupMount] {
  let marker = Array(" - cgroup".utf8)
  return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
    guard let separator = line.firstRange(of: marker) else { return nil }
    let before = line[..<separator.lowerBound].split(separator: UInt8(ascii: " "))
    let after = line[separator.lowerBound...].split(separator: UInt8(ascii: " "))
    guard before.count >= 6, after.count >= 4 else { return nil }
    let type = String(decoding: after[1], as: UTF8.self)
    guard type == "cgroup" || type == "cgroup2" else { return nil }
    return CgroupMount(
      options: after[3].split(separator: UInt8(ascii: ",")).map { String(decoding: $0, as: UTF8.self) },
      isUnified: type == "cgroup2", root: unescapeMountField(before[3]), point: unescapeMountField(before[4]))
  }
}

/// Undoes the kernel's `\040` for space, tab, newline and backslash.
private func unescapeMountField(_ field: ArraySlice<UInt8>) -> String {
  guard field.contains(UInt8(ascii: "\\")) else { return String(decoding: field, as: UTF8.self) }
  var bytes: [UInt8] = []
  var rest = field
  while let byte = rest.popFirst() {
    let digits = rest.prefix(3)
    if byte == UInt8(ascii: "\\"), digits.count == 3, digits.allSatisfy({ (48...55).contains($0) }) {
      bytes.append(digits.reduce(0) { ($0 & 31) << 3 | ($1 - 48) })
      rest = rest.dropFirst(3)
    } else {
      bytes.append(byte)
    }
  }
  return String(decoding: bytes, as: UTF8.self)
}
