internal import Dockerfile
internal import Glibc
internal import Kernel
internal import Layers
internal import OCI
internal import Store
internal import Synchronization

/// One build, once the Dockerfile is read and the images that it needs are here: its stages at work.
final class BuildJob: Sendable {
  let session: BuildSession
  let dockerfile: Dockerfile
  let scope: GlobalScope
  let graph: StageGraph
  let contexts: ContextStore
  let explanation: CacheExplanation
  /// What each stage comes to.
  private let results: [Int: Gate<StageState>]
  private let images: [FileOrigin: StageState]
  private let numbers: [Int: Int]
  private let total: Int

  init(
    _ session: BuildSession, _ dockerfile: Dockerfile, _ scope: GlobalScope, _ graph: StageGraph,
    _ contexts: ContextStore, _ explanation: CacheExplanation, images: [FileOrigin: StageState]
  ) {
    self.explanation = explanation
    (self.session, self.dockerfile, self.scope, self.graph) = (session, dockerfile, scope, graph)
    (self.contexts, self.images) = (contexts, images)
    var results: [Int: Gate<StageState>] = [:]
    var numbers: [Int: Int] = [:]
    var next = 1
    for stage in graph.needed {
      results[stage.index] = Gate()
      numbers[stage.index] = next
      next += 1 + stage.stage.instructions.count
    }
    (self.results, self.numbers, total) = (results, numbers, next - 1)
  }

  /// - Parameter index: 0 is FROM.
  func step(of plan: PlannedStage, _ index: Int) -> BuildStep {
    let count = plan.stage.instructions.count + 1
    let name = plan.stage.name ?? (graph.needed.count > 1 ? "stage-\(plan.index)" : nil)
    return BuildStep(
      number: (numbers[plan.index] ?? 0) + index, total: total,
      place: (name.map { "\($0) " } ?? "") + "\(index + 1)/\(count)", text: plan.stage.text)
  }

  /// Builds all stages, those that can be at the same time.
  ///
  /// - Parameter sequentially: one after the other, for a report in the order of the Dockerfile.
  func run(sequentially: Bool) async throws -> StageState {
    if sequentially {
      for plan in ordered() { try await Blocking.run { try self.build(plan) } }
    } else {
      let failures = await withTaskGroup(of: BuildFailure?.self) { group in
        for plan in graph.needed {
          group.addTask {
            do { try await Blocking.run { try self.build(plan) } } catch { return BuildFailure(error) }
            return nil
          }
        }
        return await group.reduce(into: [BuildFailure]()) { all, failure in if let failure { all.append(failure) } }
      }
      // The stage that failed, not those that waited for it.
      if let failure = failures.first(where: { !$0.isOfNeededStage }) ?? failures.first { throw failure }
    }
    guard let result = results[graph.target] else { throw ImageError("there is no stage to build") }
    return try result.pass()
  }

  /// A stage after all that it needs.
  private func ordered() -> [PlannedStage] {
    var (order, done): ([PlannedStage], Set<Int>) = ([], [])
    func visit(_ plan: PlannedStage) {
      guard done.insert(plan.index).inserted else { return }
      for origin in [plan.base] + plan.origins.sorted(by: { "\($0)" < "\($1)" }) {
        if case .stage(let other) = origin, let found = graph.needed.first(where: { $0.index == other }) {
          visit(found)
        }
      }
      order.append(plan)
    }
    for plan in graph.needed { visit(plan) }
    return order
  }

  private func build(_ plan: PlannedStage) throws {
    StageThread.prepare()
    guard let gate = results[plan.index] else { return }
    do {
      let base = try base(of: plan)
      let step = step(of: plan, 0)
      session.observer.report(.started(step))
      session.observer.report(.finished(step, image: base.imageID, isCached: true))
      gate.open(.success(try StageBuilder(plan, self, base).run()))
    } catch {
      gate.open(.failure(.neededStage))
      throw error
    }
  }

  private func base(of plan: PlannedStage) throws -> StageState {
    switch plan.base {
    case .scratch: return StageState(scratch: plan.platform)
    case .stage(let index): return try result(index)
    case .directory:
      throw BuildFailure("FROM \(plan.stage.base): a directory is no image: use COPY --from", at: plan.stage.place)
    case .image:
      guard let found = images[plan.base] else { throw ImageError("\(plan.stage.base): the image is not here") }
      return found
    }
  }

  private func result(_ index: Int) throws(ImageError) -> StageState {
    guard let gate = results[index] else { throw ImageError("stage \(index) is not built") }
    return try gate.pass()
  }

  // MARK: Where files come from

  func origin(_ name: String, _ platform: Platform) -> FileOrigin {
    StageGraph.origin(name, dockerfile, session.options, platform)
  }

  func mainTree() throws(ImageError) -> SourceTree { try contexts.main() }

  func emptyTree() throws(ImageError) -> SourceTree { try contexts.empty() }

  /// What stands for the files of a stage or an image; `nil` for a directory.
  func files(of origin: FileOrigin) throws(ImageError) -> Digest? {
    switch origin {
    case .scratch, .directory: nil
    case .stage(let index): try result(index).files
    case .image: images[origin]?.files
    }
  }

  func tree(of origin: FileOrigin) throws(ImageError) -> SourceTree {
    switch origin {
    case .scratch: return try contexts.empty()
    case .directory(let path): return try contexts.directory(path)
    case .stage(let index): return try tree(of: try result(index), "stage \(index)")
    case .image(let name, _):
      guard let state = images[origin] else { throw ImageError("\(name): the image is not here") }
      return try tree(of: state, name)
    }
  }

  private func tree(of state: StageState, _ name: String) throws(ImageError) -> SourceTree {
    let files = StageFiles(state.baseLowers, session)
    for layer in state.layers { files.push(layer) }
    let opened = try files.tree()
    // Its own descriptor keeps the mount.
    let root = try rethrowing { () throws(SystemError) in try opened.merged.duplicate() }
    return SourceTree(root, name: name, isContext: false)
  }
}

extension BuildFailure {
  /// Not this stage's own: that one's is reported.
  var isOfNeededStage: Bool { reason == ImageError.neededStage.description }
}

extension ImageError {
  fileprivate static let neededStage = ImageError("a stage that this one needs has failed")
}
