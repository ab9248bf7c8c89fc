internal import Arguments
internal import Container
internal import Glibc
internal import Kernel
internal import OCI
internal import Store

/// `run --image`: a container of an image of the store.
extension CommandRunner {
  func runImage() throws -> Int32 {
    if !values.values("publish").isEmpty {
      throw UsageError(
        "--publish: ports are not forwarded here: with --network host the container has the host's ports, and with "
          + "--network PATH a network namespace that something else has set up")
    }
    let isDetached = values.flag("detach")
    let isInteractive = values.flag("interactive") && !isDetached
    if values.flag("tty"), isInteractive, isatty(STDIN_FILENO) != 1 {
      throw ContainerError("the input device is not a TTY")
    }
    let source = try ImageSource(values.value("image") ?? "", values, globals)
    try source.prepare()
    let kept = try makeKept(source)
    return try launch(kept, isFirst: true, silenced: isDetached ? [0, 1, 2] : isInteractive ? [] : [0])
  }

  /// Makes the container's directory. While the store's lock is held, nothing that it needs can go.
  private func makeKept(_ source: ImageSource) throws -> KeptContainer {
    let id = values.value("name") ?? Self.newID()
    _ = try ContainerID(validating: id)
    let layout = source.store.layout
    var request = try ContainerRequest(values, command: values.positionals, hostname: String(id.prefix(63)))
    let files = ContainerFiles(request)
    request.files = files.mounts(from: "\(layout.kept)/\(id)")
    let host = try ContainerRequest.Host.detect(withDevices: request.rights.isPrivileged)
    // Of another one of this name that has ended without its swiftcr.
    _ = try removeIfOver(id, source.store)

    let lock = try StoreLock(layout, .shared)
    let ready = try source.ready()
    let removesOnExit = values.flag("rm")
    let config = try request.config(
      of: ready.image.config, accounts: Accounts(passwd: ready.stack.passwd, group: ready.stack.group),
      annotations: ContainerRequest.annotations(
        layers: ready.stack.lowers.map(source.store.path), isVolatile: removesOnExit),
      host: host)
    var record = KeptRecord(
      id: id, image: ready.image, as: source.name, lowers: ready.stack.lowers.map(\.path), command: config.args,
      created: .now, stateRoot: stateRoot)
    record.removesOnExit = removesOnExit
    record.defaults = request.defaults(over: ready.image.config.defaults)
    let kept = try KeptContainer.make(
      record, config: config.bytes, files: files.all.map { ($0.name, $0.bytes) }, in: layout)
    _ = consume lock
    return kept
  }

  /// Twelve hexadecimal digits, as docker's ids are shown.
  private static func newID() -> String {
    var random = SystemRandomNumberGenerator()
    return String(String((random.next() as UInt64) | 1 << 63, radix: 16).suffix(12))
  }

  /// Where the containers' state is, as others find it.
  var stateRoot: String {
    let root = globals.value("root") ?? StateStore.defaultRoot
    guard let resolved = realpath(root, nil) else { return root }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  /// Runs a container that is kept, the first time or again.
  ///
  /// - Parameter silenced: the standard streams that it does not get.
  func launch(_ kept: consuming KeptContainer, isFirst: Bool, silenced: [CInt]) throws -> Int32 {
    let isDetached = values.isDetached
    var options = try launchOptions(
      id: kept.record.id, bundle: kept.directory, mode: isDetached ? .detached : .foreground)
    options.keptLayer = kept.layer
    let runtime = try runtime(root: kept.record.stateRoot)
    let store = try ImageStore(globals)
    let status: Int32
    do {
      let streams = try ReplacedStreams(silenced)
      status = try runtime.launch(options)
      _ = consume streams
    } catch {
      // Nothing of it has ever run; what has left its state behind may still have something to say.
      if isFirst, (try? runtime.state(kept.record.id)) == nil { try? remove(kept.record.id, store) }
      throw error
    }
    if isDetached {
      Output.print("\(kept.record.id)\n")
    } else if kept.record.removesOnExit {
      try remove(kept.record.id, store)
    } else {
      try kept.update { ($0.exitCode, $0.finished) = (status, .now) }
    }
    return status
  }
}

extension OptionValues {
  /// `run --detach`, and `start` without `--attach`.
  fileprivate var isDetached: Bool { has("detach") ? flag("detach") : !flag("attach") }
}
