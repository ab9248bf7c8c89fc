internal import CLinux
internal import Dockerfile
internal import Glibc
internal import Kernel
internal import Layers
public import OCI
internal import Store

/// `build`: an image of a Dockerfile.
public struct Build: Sendable {
  let library: ImageLibrary
  let options: BuildOptions
  let observer: any BuildObserver
  let interruption: BuildInterruption
  /// Pulls an image.
  let fetch: @Sendable (Reference, Platform) async throws -> Void
  /// For a report in order.
  let isSequential: Bool

  public init(
    _ library: ImageLibrary, _ options: BuildOptions, _ observer: any BuildObserver,
    _ interruption: BuildInterruption, isSequential: Bool,
    fetch: @escaping @Sendable (Reference, Platform) async throws -> Void
  ) {
    (self.library, self.options, self.observer) = (library, options, observer)
    (self.interruption, self.isSequential, self.fetch) = (interruption, isSequential, fetch)
  }

  public struct Outcome: Sendable {
    /// Of the image's configuration: its id.
    public var id: Digest
    /// Of the manifest.
    public var digest: Digest
    public var tags: [Reference]
  }

  /// - Returns: `nil` when nothing was to be built.
  public func callAsFunction() async throws(BuildFailure) -> Outcome? {
    do {
      let session = try BuildSession(library, options, observer, interruption)
      defer { session.end() }
      let input = try BuildInput(session)
      do {
        return try await build(session, input)
      } catch {
        throw BuildFailure(error).shown(in: input.fileName, input.text)
      }
    } catch {
      throw BuildFailure(error)
    }
  }

  private func build(_ session: BuildSession, _ input: BuildInput) async throws -> Outcome? {
    let tags = try options.tags.map { (tag) throws(ImageError) in try library.reference(tag) }
    let dockerfile = try Dockerfile.parse(input.text)
    try Self.checkFrontEnd(dockerfile)
    let scope = try GlobalScope(dockerfile, options)
    let graph = try StageGraph(dockerfile, options, scope)
    let ignored = try input.ignored()
    let warnings = check(dockerfile, ignored)
    for warning in warnings { observer.report(.note(nil, "WARNING: \(warning.rendered(file: input.fileName))")) }
    if options.onlyChecks || dockerfile.directives.checksAreErrors, let first = warnings.first {
      throw BuildFailure("\(warnings.count) of the checks found something, first \(first.name)", at: first.place)
    }
    if options.onlyChecks {
      observer.report(.note(nil, "Check complete, no warnings found."))
      return nil
    }
    let contexts = ContextStore(session, directory: input.directory, ignored: ignored)
    let images = try await BaseImages(session, fetch).load(graph)
    let explanation = CacheExplanation(
      of: "\(input.place) \(options.target ?? "")", library.layout, reads: options.explainsCache)
    let job = BuildJob(session, dockerfile, scope, graph, contexts, explanation, images: images)
    let state: StageState
    do {
      state = try await job.run(sequentially: isSequential)
    } catch {
      // What was made so far is there for the next build.
      keep(job, waits: !interruption.isInterrupted)
      throw error
    }
    return try await Blocking.run {
      try interruption.check()
      try session.layers.commit(waits: true, session.hold)
      if let output = options.output, try BuildExport(session: session, state: state).writeFiles(output) {
        keep(job, waits: true)
        // With a name, it is an image as well.
        if tags.isEmpty { return Outcome(id: state.imageID, digest: state.imageID, tags: []) }
      }
      let outcome = try store(state, tags, session)
      if let output = options.output { try BuildExport.write(outcome.id, tags, output, session) }
      keep(job, waits: true)
      return outcome
    }
  }

  private func check(_ dockerfile: Dockerfile, _ ignored: IgnorePatterns?) -> [CheckWarning] {
    var context = CheckContext()
    for (name, value) in options.arguments { context.arguments[name] = value }
    (context.platform, context.target, context.ignore) = (options.platform, options.target, ignored)
    return dockerfile.warnings(context)
  }

  /// There is one language here; another one's Dockerfile would be read as what it is not.
  private static func checkFrontEnd(_ dockerfile: Dockerfile) throws(BuildFailure) {
    guard let syntax = dockerfile.directives.syntax else { return }
    let name = syntax.prefix { $0 != ":" && $0 != "@" }
    let known = ["docker/dockerfile", "docker/dockerfile-upstream"].flatMap { [$0, "docker.io/\($0)"] }
    guard known.contains(String(name)) else {
      throw BuildFailure(
        "# syntax=\(syntax): there is no such front end here, only docker/dockerfile: leave the line out")
    }
  }

  /// Layers first: what the cache says is there, is there.
  private func keep(_ job: BuildJob, waits: Bool) {
    let session = job.session
    do {
      try session.layers.commit(waits: waits, session.hold)
      try session.cache.write(session.hold)
      job.contexts.write()
      job.explanation.write(in: library, session.hold)
    } catch {
      observer.report(.note(nil, "the cache was not written: \(error)"))
    }
  }

  private func store(_ state: StageState, _ tags: [Reference], _ session: BuildSession) throws -> Outcome {
    var config = state.config
    for (key, value) in options.labels { config.defaults.labels[key] = value }
    if config.created == nil || session.epoch != nil { config.created = "\(session.now)" }
    var layers = state.baseLayers
    for layer in state.layers {
      var blob = try layer.blob.pass()
      if state.mediaType == .dockerManifest, blob.mediaType == .layerGzip { blob.mediaType = .dockerLayer }
      layers.append(blob)
    }
    var new = NewImage(config: config, layers: layers)
    new.mediaType = state.mediaType
    let (id, descriptor) = try new.store(in: library, session.hold)
    try interruption.check()
    try library.name(tags, descriptor)
    return Outcome(id: id, digest: descriptor.digest, tags: tags)
  }
}
