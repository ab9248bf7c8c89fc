public import Kernel

/// What the command line says about a container that is to be made.
public struct LaunchOptions: Sendable {
  public var id: String
  public var bundle: String
  /// `--layer`, bottom first; they take the place of the annotation's.
  public var layers: [String] = []
  public var pidFile: String?
  public var consoleSocket: String?
  public var pidfdSocket: String?
  /// Sockets from 3 on that a service manager passed (sd_listen_fds(3)); the program is told of them.
  public var listenDescriptors = 0
  /// Descriptors behind those.
  public var preservedDescriptors = 0
  /// Who is told that the container is ready.
  public var manager: ServiceManager?
  public var noPivot = false
  public var noNewKeyring = false
  public var keep = false
  /// Where the container layer is when it outlives the container: made there if it is not, and never removed.
  public var keptLayer: String?
  /// `--systemd-cgroup`: systemd makes the cgroups, as a unit.
  public var usesSystemd = false
  /// `--rootless`: whether to go on without cgroups that may not be written; `nil` is for the kind of caller to decide.
  public var isRootless: Bool?
  public var mode: LaunchMode

  public init(id: String, bundle: String, mode: LaunchMode) {
    self.id = id
    self.bundle = bundle
    self.mode = mode
  }
}

/// Who waits for whom.
public enum LaunchMode: Sendable {
  /// `create`: the container waits for `start`.
  case create
  /// `run --detach`.
  case detached
  /// `run`: we wait for the container.
  case foreground
}

/// What the command line says about a process that is added to a container.
public struct ExecOptions: Sendable {
  public var id: String
  public var pidFile: String?
  public var consoleSocket: String?
  public var pidfdSocket: String?
  public var preservedDescriptors = 0
  public var detach = false
  public var ignorePaused = false
  public var subgroups: [String: String] = [:]

  public init(id: String) { self.id = id }
}
