internal import Kernel

/// An overlay that the stage mounts by itself, because its caller has no rights in the first user namespace.
public struct StageOverlay: Sendable, Equatable {
  /// Where the container layer is.
  public enum Upper: Sendable, Equatable {
    case disk
    /// In a tmpfs of the container's mount namespace.
    case memory
  }

  /// Absolute directories, bottom first.
  public var layers: [String]
  /// The container layer's directory.
  public var directory: String
  public var volatile = false
  public var upper = Upper.disk
  /// The most that memory may hold, in bytes.
  public var size: UInt64?

  public init(layers: [String], directory: String) {
    self.layers = layers
    self.directory = directory
  }

  var upperPath: String { directory + "/upper" }
  var workPath: String { directory + "/work" }

  /// What overlayfs is told; each `%` stands for one of ``paths``.
  var options: String {
    "userxattr" + (volatile ? ",volatile" : "") + ",lowerdir=" + layers.map { _ in "%" }.joined(separator: ":")
      + (upper == .disk ? Self.upperOptions : "")
  }

  static let upperOptions = ",upperdir=%,workdir=%"

  /// Top first, as the kernel wants them.
  var paths: [String] { layers.reversed() + (upper == .disk ? [upperPath, workPath] : []) }
}
