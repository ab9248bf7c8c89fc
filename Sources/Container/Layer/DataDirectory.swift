internal import Kernel

/// The one place for what the runtime keeps on purpose: each entry here has a bound, and `purge` empties it.
public struct DataDirectory: Sendable {
  /// Absolute.
  public let path: String

  /// What is kept, by the name of its directory.
  public enum Place: String, Sendable, CaseIterable {
    /// Upper and work directories, one pair for each container with layers; they go with their containers.
    case containers
    /// Compiled seccomp filters.
    case seccomp
  }

  public init(path: String) { self.path = path }

  /// `/var/lib/swiftcr`, without root `swiftcr` in `XDG_DATA_HOME`. It has to be on disk: `/run` is memory.
  ///
  /// - Throws: when neither `XDG_DATA_HOME` nor `HOME` is set.
  public static func standard(
    rootless: Bool, environment: (String) -> String?
  ) throws(ContainerError) -> DataDirectory {
    guard rootless else { return DataDirectory(path: "/var/lib/swiftcr") }
    if let own = PrivateDirectory.absolute(environment("XDG_DATA_HOME")) {
      return DataDirectory(path: own + "/swiftcr")
    }
    guard let home = PrivateDirectory.absolute(environment("HOME")) else {
      throw ContainerError("find", "data directory", "neither XDG_DATA_HOME nor HOME is set: set one")
    }
    return DataDirectory(path: home + "/.local/share/swiftcr")
  }

  public func path(of place: Place) -> String { "\(path)/\(place.rawValue)" }

  /// Opens a place, made first with mode 0700 if there is none.
  func open(_ place: Place) throws(ContainerError) -> Descriptor {
    try PrivateDirectory.open(path(of: place))
  }
}
