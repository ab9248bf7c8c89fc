/// What the command line may ask of CRIU, when a container is saved as well as when it comes back.
public struct CriuOptions: Sendable {
  public var program = "criu"
  public var establishedTCP = false
  public var skipInFlight = false
  public var externalSockets = false
  public var shellJob = false
  public var fileLocks = false
  public var linkRemap = false
  public var autoDedup = false
  /// Network devices are not saved, and an empty network namespace is made.
  public var emptyNetwork = false
  public var lsmProfile: String?
  var cgroups = CriuRequest.CgroupMode.soft

  public init() {}

  /// `--manage-cgroups-mode`.
  public mutating func setCgroups(_ mode: String) {
    switch mode {
    case "full": cgroups = .full
    case "strict": cgroups = .strict
    case "ignore": cgroups = .ignore
    default: cgroups = .soft
    }
  }
}

/// `checkpoint`'s options.
public struct CheckpointOptions: Sendable {
  public var images: String
  /// CRIU's logs; by default the images' directory.
  public var work: String?
  public var parentImages: String?
  public var leaveRunning = false
  public var preDump = false
  public var criu = CriuOptions()

  public init(images: String) { self.images = images }
}

/// `restore`'s options; the launch's mode is detached or foreground.
public struct RestoreOptions: Sendable {
  public var launch: LaunchOptions
  public var images: String
  public var work: String?
  public var criu = CriuOptions()

  public init(launch: LaunchOptions, images: String) {
    self.launch = launch
    self.images = images
  }
}
