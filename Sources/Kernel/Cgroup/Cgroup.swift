internal import Glibc

/// A container's cgroup: one directory in each hierarchy.
///
/// It holds no descriptors: a value made from a placement that was read back is as good as the one that made the directories.
public struct Cgroup: Sendable, Equatable {
  /// Only the directories that could be made, see ``make(_:resources:devices:options:)``.
  public internal(set) var placement: CgroupPlacement

  /// The cgroup of a container that exists, or that existed once. No system call is made.
  public init(existing placement: CgroupPlacement) { self.placement = placement }

  /// Who asks, and what to overlook for them.
  public struct Options: OptionSet, Sendable {
    /// The bits of the options.
    public let rawValue: UInt8
    /// Options by their bits.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Leave out hierarchies that this user may not write to, and the device rules with them. Only for a rootless
    /// container that did not name a `cgroupsPath`, as runc does; limits that were asked for are still an error.
    public static let tolerant = Options(rawValue: 1)
    /// Do not touch the device rules: inside a user namespace the kernel lets nobody change them.
    public static let withoutDevices = Options(rawValue: 2)
  }

  /// What the kernel calls the controllers that are there, for planning.
  func controllers(unified v2: [String]) -> CgroupControllers {
    CgroupControllers(layout: placement.layout, v1: placement.directories.flatMap { $0.controllers }, v2: v2)
  }

  /// The directory for listing and signalling: processes are in all of them, unless somebody moved one.
  var processDirectory: CgroupPlacement.Directory? {
    for controller in ["devices", "pids", "freezer", "memory"] {
      if let directory = placement.directory(of: controller) { return directory }
    }
    return placement.unified ?? placement.directories.first
  }
}

/// Words of a small control file, empty if it is not there.
func cgroupWords(_ path: String) throws(SystemError) -> [String] {
  do throws(SystemError) {
    return try readFile(path, limit: 1 << 16).split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") }
      .map { String(decoding: $0, as: UTF8.self) }
  } catch {
    if error.errno == .noEntry || error.errno.code == ENODEV { return [] }
    throw error
  }
}
