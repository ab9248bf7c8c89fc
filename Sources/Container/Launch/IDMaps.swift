internal import Glibc
internal import Kernel
internal import OCI

/// The id maps of a new user namespace.
struct IDMaps: Sendable, Equatable {
  var uids: [IDMapping]
  var gids: [IDMapping]

  /// The host id of the container's root; 0 if that is not mapped.
  static func root(_ mappings: [IDMapping]) -> UInt32 {
    for mapping in mappings where mapping.containerID == 0 { return mapping.hostID }
    return 0
  }

  /// user_namespaces(7), "User and group ID mappings".
  static func text(_ mappings: [IDMapping]) -> String {
    mappings.map { "\($0.containerID) \($0.hostID) \($0.size)\n" }.joined()
  }

  // MARK: without the right to map any id

  /// Nothing but one's own id, which everybody may map.
  private static func isOwn(_ mappings: [IDMapping], _ id: UInt32) -> Bool {
    mappings.count == 1 && mappings[0].size == 1 && mappings[0].hostID == id
  }

  /// Whether programs with the right to map the user's subordinate ids are needed.
  func needsHelpers(_ caller: Caller) -> Bool {
    caller.uid != 0 && !(Self.isOwn(uids, caller.uid) && Self.isOwn(gids, caller.gid))
  }

  /// Whether setgroups(2) is denied for good: the kernel's condition for writing one's own group id (CVE-2014-8989).
  func deniesGroups(_ caller: Caller) -> Bool {
    caller.deniesGroups || (caller.uid != 0 && Self.isOwn(gids, caller.gid))
  }

  /// The same maps, and the caller's own ids somewhere.
  func including(_ caller: Caller) -> IDMaps {
    func add(_ mappings: [IDMapping], _ id: UInt32) -> [IDMapping] {
      if mappings.contains(where: { id >= $0.hostID && id - $0.hostID < $0.size }) { return mappings }
      let free = mappings.map { $0.containerID &+ $0.size }.max() ?? 0
      return mappings + [IDMapping(containerID: free, hostID: id, size: 1)]
    }
    return IDMaps(uids: add(uids, caller.uid), gids: add(gids, caller.gid))
  }

  /// Throws if a map needs a program that is not there.
  func check(_ caller: Caller) throws(ContainerError) {
    guard caller.uid != 0 else { return }
    if !Self.isOwn(uids, caller.uid) { _ = try Self.helper("newuidmap") }
    if !Self.isOwn(gids, caller.gid) { _ = try Self.helper("newgidmap") }
  }

  /// Writes the maps of a process's user namespace.
  func write(to pid: Int32, _ caller: Caller) throws(ContainerError) {
    if caller.uid == 0 || Self.isOwn(uids, caller.uid) {
      try kernel { () throws(SystemError) in try writeControl(Self.text(uids), to: "/proc/\(pid)/uid_map") }
    } else {
      try Self.run("newuidmap", pid, uids)
    }
    if caller.uid == 0 || Self.isOwn(gids, caller.gid) {
      try kernel { () throws(SystemError) in
        if caller.uid != 0 { try writeControl("deny", to: "/proc/\(pid)/setgroups") }
        try writeControl(Self.text(gids), to: "/proc/\(pid)/gid_map")
      }
    } else {
      try Self.run("newgidmap", pid, gids)
    }
  }

  private static func run(_ name: String, _ pid: Int32, _ mappings: [IDMapping]) throws(ContainerError) {
    let numbers = mappings.flatMap { ["\($0.containerID)", "\($0.hostID)", "\($0.size)"] }
    var program = ChildProgram(path: try helper(name), arguments: [name, "\(pid)"] + numbers)
    program.timeout = 60
    let outcome = try kernel { () throws(SystemError) in try program.run() }
    guard outcome.status != .exited(0) else { return }
    let words = String(decoding: outcome.errorOutput, as: UTF8.self).split(separator: "\n").joined(separator: "; ")
    throw ContainerError("rootless: map ids: \(words.isEmpty ? "\(name): \(outcome.status)" : words)")
  }

  /// Only where root alone puts programs: whoever chooses it chooses what runs on behalf of the user.
  private static func helper(_ name: String) throws(ContainerError) -> String {
    for directory in ["/usr/bin", "/bin", "/usr/local/bin", "/run/wrappers/bin"] {
      let path = "\(directory)/\(name)"
      if access(path, X_OK) == 0 { return path }
    }
    throw ContainerError(
      "rootless: \(name) is not installed, and more than one's own id is to be mapped: install the package uidmap, "
        + "or map one id as 'swiftcr spec --rootless' does")
  }
}

extension Spec {
  /// The maps of a user namespace that is made, not joined.
  var newUserNamespaceMaps: IDMaps? {
    guard linux.namespaces.contains(where: { $0.type == .user && $0.path == nil }) else { return nil }
    return IDMaps(uids: linux.uidMappings, gids: linux.gidMappings)
  }
}
