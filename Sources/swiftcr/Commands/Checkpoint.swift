internal import Arguments
internal import Container
internal import Glibc
internal import OCI

/// `checkpoint` and `restore`.
extension CommandRunner {
  func checkpoint() throws -> Int32 {
    var options = CheckpointOptions(images: try images())
    options.work = values.value("work-path")
    options.parentImages = values.value("parent-path")
    options.leaveRunning = values.flag("leave-running")
    options.preDump = values.flag("pre-dump")
    if let address = values.value("page-server"), !address.isEmpty { throw Self.unsupported("page-server") }
    if (values.integer("status-fd") ?? -1) >= 0 { throw Self.unsupported("status-fd") }
    options.criu = try criu()
    try runtime().checkpoint(id, options)
    return 0
  }

  func restore() throws -> Int32 {
    _ = try ContainerID(validating: id)
    var launch = LaunchOptions(
      id: id, bundle: values.value("bundle") ?? ".", mode: values.flag("detach") ? .detached : .foreground)
    launch.usesSystemd = globals.flag("systemd-cgroup")
    launch.pidFile = values.value("pid-file")
    launch.consoleSocket = values.value("console-socket")
    var options = RestoreOptions(launch: launch, images: try images())
    options.work = values.value("work-path")
    if values.value("lsm-mount-context") != nil { throw Self.unsupported("lsm-mount-context") }
    options.criu = try criu()
    options.criu.lsmProfile = values.value("lsm-profile")
    return try runtime().restore(options)
  }

  /// runc's default.
  private func images() throws -> String {
    let path = values.value("image-path") ?? "checkpoint"
    if path.hasPrefix("/") { return path }
    guard let here = getcwd(nil, 0) else { throw UsageError("--image-path: \(path) is relative to no directory") }
    defer { free(here) }
    return String(cString: here) + "/" + path
  }

  private func criu() throws -> CriuOptions {
    if values.flag("lazy-pages") { throw Self.unsupported("lazy-pages") }
    var options = CriuOptions()
    if let program = values.value("criu") ?? globals.value("criu") { options.program = program }
    options.establishedTCP = values.flag("tcp-established")
    options.skipInFlight = values.flag("tcp-skip-in-flight")
    options.externalSockets = values.flag("ext-unix-sk")
    options.shellJob = values.flag("shell-job")
    options.fileLocks = values.flag("file-locks")
    options.linkRemap = values.flag("link-remap")
    options.autoDedup = values.flag("auto-dedup")
    for kind in values.values("empty-ns") {
      guard kind == "network" else { throw UsageError("--empty-ns: only network can be empty, not \(quoted(kind))") }
      options.emptyNetwork = true
    }
    options.setCgroups(values.value("manage-cgroups-mode") ?? "soft")
    return options
  }

  private static func unsupported(_ option: String) -> UsageError {
    UsageError("--\(option): not supported; leave it out, and the memory is saved and restored at once")
  }
}
