internal import Arguments
internal import Container
internal import Glibc
internal import Kernel
internal import OCI

/// `run` and `create` of bundles, and `plan`.
extension CommandRunner {
  func launch(mode: LaunchMode) throws -> Int32 {
    _ = try ContainerID(validating: id)
    var options = try launchOptions(id: id, bundle: values.value("bundle") ?? ".", mode: mode)
    options.layers = try values.values("layer").map(absolute)
    if mode != .create {
      options.keep = values.flag("keep")
      options.keptLayer = try values.value("keep-layer").map(absolute)
    }
    return try runtime().launch(options)
  }

  /// What every kind of launch has in common.
  func launchOptions(id: String, bundle: String, mode: LaunchMode) throws -> LaunchOptions {
    var options = LaunchOptions(id: id, bundle: bundle, mode: mode)
    options.usesSystemd = globals.flag("systemd-cgroup")
    options.manager = ServiceManager.current
    options.isRootless = rootless
    // `start` has none of the others.
    guard values.has("pid-file") else { return options }
    options.pidFile = values.value("pid-file")
    options.consoleSocket = values.value("console-socket")
    options.pidfdSocket = values.value("pidfd-socket")
    options.listenDescriptors = Self.listenDescriptors
    options.preservedDescriptors = try preservedDescriptors(from: 3 + options.listenDescriptors)
    options.noPivot = values.flag("no-pivot")
    options.noNewKeyring = values.flag("no-new-keyring")
    return options
  }

  /// `nil` for `auto`.
  private var rootless: Bool? { globals.value("rootless").flatMap { ["true": true, "false": false][$0] } }

  /// All of them must be open: their numbers would be given to files of ours.
  func preservedDescriptors(from first: Int = 3) throws -> Int {
    let count = values.integer("preserve-fds") ?? 0
    for number in first..<(first + count) where fcntl(CInt(number), F_GETFD) < 0 {
      throw UsageError("--preserve-fds: descriptor \(number) is not open")
    }
    return count
  }

  /// How many sockets a service manager passed to this very process (sd_listen_fds(3)).
  private static var listenDescriptors: Int {
    guard let pid = getenv("LISTEN_PID"), let count = getenv("LISTEN_FDS"), Int32(String(cString: pid)) == getpid(),
      let number = Int(String(cString: count)), (1...1024).contains(number)
    else { return 0 }
    return number
  }

  private func absolute(_ path: String) throws -> String {
    if path.hasPrefix("/") { return path }
    guard let here = getcwd(nil, 0) else { throw UsageError("--layer: \(path) is relative, and there is no directory") }
    defer { free(here) }
    return String(cString: here) + "/" + path
  }

  func plan() throws -> Int32 {
    let lines = try Plans.lines(
      bundle: values.value("bundle") ?? ".", layers: values.values("layer").map(absolute), warn: { log.debug($0) })
    if values.flag("json") {
      return Output.print(JSON.strings(lines).text(indent: "  ") + "\n")
    }
    return Output.print(lines.enumerated().map { "\($0.offset)\t\($0.element)\n" }.joined())
  }
}
