internal import Container
internal import Glibc
internal import Kernel
internal import OCI

/// `run`, `create`, `start` and `plan`.
extension CommandRunner {
  func launch(mode: LaunchMode) throws -> Int32 {
    try runtime().launch(options(mode: mode))
  }

  private func options(mode: LaunchMode) throws -> LaunchOptions {
    _ = try ContainerID(validating: id)
    var options = LaunchOptions(id: id, bundle: values.value("bundle") ?? ".", mode: mode)
    options.layers = try values.values("layer").map(absolute)
    options.pidFile = values.value("pid-file")
    options.consoleSocket = values.value("console-socket")
    options.pidfdSocket = values.value("pidfd-socket")
    options.preservedDescriptors = try preservedDescriptors()
    options.isRootless = rootless
    options.noPivot = values.flag("no-pivot")
    options.noNewKeyring = values.flag("no-new-keyring")
    if mode != .create { options.keep = values.flag("keep") }
    return options
  }

  /// `nil` for `auto`.
  private var rootless: Bool? { globals.value("rootless").flatMap { ["true": true, "false": false][$0] } }

  /// All of them must be open: their numbers would be given to files of ours.
  func preservedDescriptors() throws -> Int {
    let count = values.integer("preserve-fds") ?? 0
    for number in 3..<(3 + count) where fcntl(CInt(number), F_GETFD) < 0 {
      throw UsageError("--preserve-fds: descriptor \(number) is not open")
    }
    return count
  }

  private func absolute(_ path: String) throws -> String {
    if path.hasPrefix("/") { return path }
    guard let here = getcwd(nil, 0) else { throw UsageError("--layer: \(path) is relative, and there is no directory") }
    defer { free(here) }
    return String(cString: here) + "/" + path
  }

  func start() throws -> Int32 {
    try runtime().start(id)
    return 0
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
