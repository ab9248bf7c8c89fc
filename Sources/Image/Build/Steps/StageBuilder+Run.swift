internal import Dockerfile
internal import Glibc
internal import Kernel
internal import Layers
internal import OCI
internal import Store

/// RUN.
extension StageBuilder {
  func run(_ run: RunStep) throws -> Bool {
    let script = script(run)
    let arguments = script.map { ["/dev/pipes/\($0.name)"] } ?? runArguments(run)
    let declared = variables.runArguments.map { "\($0.name)=\($0.value)" }
    let network = try network(run)
    let isInsecure = run.security == "insecure"
    if isInsecure, !session.options.allowsInsecure {
      throw BuildFailure("RUN --security=insecure is not allowed: give --allow security.insecure")
    }
    if let device = run.devices.first(where: \.isRequired) {
      throw BuildFailure("RUN --device=\(device.name): no devices are given to builds: leave it out, or 'required'")
    }
    let mounts = try RunMounts(run.mounts, self)
    var key = StepKey("run")
    key.add("files", state.files.hex)
    key.add("command", arguments)
    if let script { key.add("script", script.content) }
    for entry in state.config.defaults.env.sorted() { key.add("ENV \(entry.prefix { $0 != "=" })", entry) }
    for (name, value) in variables.runArguments { key.add("ARG \(name)", value) }
    key.add("USER", state.config.defaults.user)
    key.add("WORKDIR", state.config.defaults.workingDirectory)
    key.add("network", "\(network)")
    key.add("security", run.security ?? "sandbox")
    key.add("hosts", session.options.hosts.map { "\($0.name)=\($0.address)" })
    mounts.describe(in: &key)
    let words = script.map { ["<<\($0.name)", "(\(Self.firstLine($0.content)))"] } ?? arguments
    let prefix = declared.isEmpty ? "" : "|\(declared.count) \(declared.joined(separator: " ")) "
    return try makeLayer(key, "RUN \(prefix)\(words.joined(separator: " ")) # buildkit") {
      var request = ContainerRequest(hostname: "buildkitsandbox")
      request.entrypoint = []
      request.command = arguments
      request.network = network
      // ARG first: ENV wins.
      request.env =
        ["HOSTNAME"] + declared + variables.proxies + state.config.defaults.env + mounts.environment
      if isInsecure {
        request.rights.added = ["ALL"]
        request.rights.seccomp = nil
      }
      return try execute(request, arguments, mounts, script)
    }
  }

  /// A heredoc that says itself what executes it (`#!`): a program of its own, in `/dev`, which is in memory.
  private func script(_ run: RunStep) -> Heredoc? {
    guard case .shell(let text) = run.command, let first = run.heredocs.first, run.heredocs.count == 1,
      text.hasPrefix("<<"), !text.contains(" "), first.content.hasPrefix("#!")
    else { return nil }
    return first
  }

  private static func firstLine(_ text: String) -> String { String(text.prefix { $0 != "\n" }) }

  /// The command: words, a text for the shell, or a script of its own.
  private func runArguments(_ run: RunStep) -> [String] {
    guard case .shell(let text) = run.command, let first = run.heredocs.first else {
      return state.config.defaults.arguments(run.command)
    }
    let shell = state.config.defaults.shellWords
    let isScript = run.heredocs.count == 1 && text.hasPrefix("<<") && !text.contains(" ")
    if isScript { return shell + [first.content] }
    // The shell knows what they mean.
    let documents = run.heredocs.map { "\n\($0.content)\($0.name)" }.joined()
    return shell + [text + documents]
  }

  private func network(_ run: RunStep) throws -> ContainerRequest.Network {
    switch try run.network.map({ try expand($0) }) {
    case nil, "default": return session.options.network
    case "none": return .none
    case "host": return .host
    case .some(let other): throw BuildFailure("RUN --network: expected default, none or host, found '\(other)'")
    }
  }

  private func execute(
    _ request: ContainerRequest, _ arguments: [String], _ mounts: RunMounts, _ script: Heredoc?
  ) throws -> BuiltLayer {
    let observer = session.observer
    let step = step
    let container = RunContainer(session) { observer.report(.output(step, $0)) }
    defer { session.library.discard(container.directory) }
    var config = state.config
    // All that is the request's.
    config.defaults.env = []
    config.defaults.cmd = nil
    config.defaults.entrypoint = nil
    var request = request
    if let script {
      request.volumes.append(
        .init(source: try container.write(script: script.content), destination: arguments[0], isReadonly: true))
    }
    let points = try mounts.mount(in: &request, files: files)
    try container.prepare(request, config, files, points: points)
    observer.report(.running(step, container: container.id))
    defer { mounts.finish() }
    let code = try container.run()
    try session.interruption.check()
    guard code == 0 else {
      let failure = BuildFailure(
        "the command '\(arguments.joined(separator: " "))' returned a non-zero code: \(code)")
      if session.options.opensShell {
        observer.report(.failed(step, failure.reason))
        try openShell(request, config, points)
      }
      throw failure
    }
    return try settle(container.upper)
  }

  /// `--debug-shell`: what the step that failed had, without what it did.
  private func openShell(
    _ request: ContainerRequest, _ config: ImageConfig, _ points: (directories: [String], files: [String])
  ) throws {
    // There is one terminal, for the first step that fails.
    guard session.takesTerminal() else { return }
    let container = RunContainer(session) { _ in }
    defer { session.library.discard(container.directory) }
    var request = request
    request.command = [state.config.defaults.shellWords[0]]
    request.terminal = true
    try container.prepare(request, config, files, points: points)
    session.observer.report(.shell(step))
    _ = try container.run(hasTerminal: true)
  }

  /// Makes a layer of what a container wrote.
  private func settle(_ upper: String) throws -> BuiltLayer {
    let tree = try files.tree()
    let directory = try Descriptor.open(upper, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
    let number = directory.number
    if session.epoch != nil || LayerForms.wanted == .filesystem {
      // The files' own times are not those of the layer.
      return try LayerForge(session).make(isLarge: false) { (sink) throws(ImageError) in
        try rethrowing { () throws(LayerError) in
          try LayerDiff.archive(upper: number, over: LowerLayers(tree.stack.roots), latest: session.epoch, to: sink)
        }
      }
    }
    let spool = ArchiveSpool(in: session.workspace)
    let settled = try LayerDiff.settle(upper: number, over: LowerLayers(tree.stack.roots), to: spool)
    let record = LayerRecord(
      diffID: Digest(sha256: spool.digest), form: .directory, size: settled.size, entries: settled.entries,
      impliedDirectories: [], impliesRoot: !settled.hasRoot, hidesAllBelow: false)
    let place = session.newPath("layer")
    guard mkdir(place, 0o700) == 0, rename(upper, "\(place)/\(record.form.fileName)") == 0 else {
      throw SystemError("keep layer", place)
    }
    return try session.layers.adopt(place, record, spool, session.hold)
  }
}
