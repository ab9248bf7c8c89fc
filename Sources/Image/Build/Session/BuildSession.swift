internal import Glibc
internal import Kernel
internal import Layers
internal import OCI
internal import Store
internal import Synchronization

/// What all stages of one build share.
final class BuildSession: Sendable {
  let library: ImageLibrary
  let options: BuildOptions
  let observer: any BuildObserver
  let interruption: BuildInterruption
  /// Keeps what is made, and what was found, until the build ends.
  let hold: Hold
  /// A directory for all that is made, gone when the build is.
  let workspace: String
  let layers: NewLayers
  let cache: StepCache
  /// The time of everything that is made, in seconds; `nil` is now.
  let epoch: Int64?
  let host: ContainerRequest.Host
  private let numbers = Atomic(0)
  private let isTerminalTaken = Atomic(false)

  init(
    _ library: ImageLibrary, _ options: BuildOptions, _ observer: any BuildObserver,
    _ interruption: BuildInterruption
  ) throws(ImageError) {
    self.library = library
    self.options = options
    self.observer = observer
    self.interruption = interruption
    hold = try rethrowing { () throws(StoreError) in try Hold(library.layout) }
    workspace = hold.newPath()
    epoch = try Self.epoch(options)
    host = try rethrowing { () throws(SystemError) in try ContainerRequest.Host.detect() }
    layers = NewLayers(library, workspace)
    cache = StepCache(
      library, from: try Self.directories(options.cacheSources), to: try Self.directories(options.cacheTargets))
    try rethrowing { () throws(SystemError) in
      try Directories.make(workspace)
      for path in [library.layout.buildSteps, library.layout.buildContexts] where access(path, F_OK) != 0 {
        try Directories.make(path)
      }
    }
  }

  deinit { end() }

  /// Removes all that was made and not stored. Not left to the last reference: a thread that has done its work may
  /// have one when the program ends.
  func end() {
    library.discard(workspace)
    hold.end()
  }

  /// Whether the caller's terminal is free; from now on it is not.
  func takesTerminal() -> Bool { !isTerminalTaken.exchange(true, ordering: .relaxed) }

  /// A path in the workspace that nothing has had.
  func newPath(_ kind: String) -> String {
    "\(workspace)/\(kind)-\(numbers.add(1, ordering: .relaxed).newValue)"
  }

  /// Relative to the store.
  func storeName(of path: String) -> String { path.droppingPrefix(library.layout.path) }

  /// When something that is made now was made.
  var now: Timestamp { epoch.map { Timestamp(seconds: $0) } ?? .now }

  private static func directories(_ places: [CachePlace]) throws(ImageError) -> [CacheDirectory] {
    try places.map { (place) throws(ImageError) in
      guard case .directory(let path) = place else {
        throw ImageError("a cache in a registry is not there yet: give type=local and a directory")
      }
      return CacheDirectory(path: path)
    }
  }

  /// SOURCE_DATE_EPOCH, as a build argument or of the environment (reproducible-builds.org).
  private static func epoch(_ options: BuildOptions) throws(ImageError) -> Int64? {
    let name = "SOURCE_DATE_EPOCH"
    let given = options.arguments.last { $0.name == name }?.value
    guard let text = given ?? getenv(name).map({ String(cString: $0) }), !text.isEmpty else { return nil }
    guard let seconds = Int64(text), seconds >= 0 else {
      throw ImageError("\(name): expected seconds since 1970, found '\(text)'")
    }
    return seconds
  }
}

extension StoreLayout {
  /// `build/`: what builds keep for the next one.
  var build: String { path + "/build" }
  /// The cache: one file for each step.
  var buildSteps: String { build + "/steps" }
  /// Digests of files that builds copied from.
  var buildContexts: String { build + "/contexts" }
  /// Directories of `RUN --mount=type=cache`.
  var buildMounts: String { build + "/mounts" }
}
