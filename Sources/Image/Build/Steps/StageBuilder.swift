internal import CLinux
internal import Dockerfile
internal import Glibc
internal import Kernel
internal import Layers
internal import OCI
internal import Store

/// Carries out the instructions of one stage, one after the other, on a thread of its own.
final class StageBuilder {
  let plan: PlannedStage
  let build: BuildJob
  var session: BuildSession { build.session }
  var state: StageState
  var variables: StageVariables
  let files: StageFiles
  let expander: Expander
  /// There was a CMD in this stage.
  var setsCommand = false
  /// The step that is being carried out.
  var step: BuildStep

  init(_ plan: PlannedStage, _ build: BuildJob, _ state: StageState) {
    (self.plan, self.build, self.state) = (plan, build, state)
    files = StageFiles(state.baseLowers, build.session)
    for layer in state.layers { files.push(layer) }
    variables = StageVariables(build.scope, state)
    expander = Expander(escape: build.dockerfile.directives.escape)
    step = build.step(of: plan, 0)
  }

  func run() throws(BuildFailure) -> StageState {
    defer { files.close() }
    let triggers = try triggers()
    // They are of the image below, not of this one.
    state.config.defaults.onBuild = []
    for (offset, instruction) in plan.stage.instructions.enumerated() {
      if offset == 0 { for trigger in triggers { try carryOut(trigger, 0, isTrigger: true) } }
      try carryOut(instruction, offset + 1, isTrigger: false)
    }
    if plan.stage.instructions.isEmpty { for trigger in triggers { try carryOut(trigger, 0, isTrigger: true) } }
    state.arguments = variables.arguments
    return state
  }

  /// ONBUILD of the base.
  private func triggers() throws(BuildFailure) -> [Instruction] {
    var triggers: [Instruction] = []
    for text in state.config.defaults.onBuild {
      do {
        var instruction = try Dockerfile.instruction(onBuild: text)
        instruction.place = plan.stage.place
        triggers.append(instruction)
      } catch {
        throw BuildFailure("ONBUILD of \(plan.stage.base): \(text): \(error)", at: plan.stage.place)
      }
    }
    return triggers
  }

  private func carryOut(_ instruction: Instruction, _ index: Int, isTrigger: Bool) throws(BuildFailure) {
    var step = build.step(of: plan, index)
    if isTrigger { step.text = "ONBUILD \(instruction.text)" } else { step.text = instruction.text }
    self.step = step
    session.observer.report(.started(step))
    do {
      try session.interruption.check()
      let isCached = try apply(instruction)
      session.observer.report(.finished(step, image: state.imageID, isCached: isCached))
    } catch {
      let failure = BuildFailure(error, at: instruction.place)
      if !failure.isOfNeededStage { session.observer.report(.failed(step, failure.reason)) }
      throw failure
    }
  }

  /// - Returns: whether the cache had it.
  private func apply(_ instruction: Instruction) throws -> Bool {
    switch instruction.operation {
    case .run(let step): return try run(step)
    case .copy(let step): return try copy(step)
    case .add(let step): return try add(step)
    case .workingDirectory(let text): return try setWorkingDirectory(text)
    default:
      let text = try configure(instruction)
      return try note(text)
    }
  }

  func expand(_ text: String) throws -> String {
    try expander.expand(text) { variables.lookup($0) }.text
  }

  /// Takes down a step that makes no layer. The cache only knows when it was made first, so that an image that is built
  /// again is the same image.
  func note(_ text: String) throws(ImageError) -> Bool {
    var key = StepKey("note")
    key.add("before", state.imageID.hex)
    key.add("instruction", text)
    let digest = key.digest
    if !session.options.ignoresCache, session.epoch == nil, let record = try session.cache.find(digest, session.hold) {
      state.note(text, record.created, isEmpty: true)
      return true
    }
    let created = session.now
    let below = state.config.diffIDs.last
    if session.epoch == nil {
      session.cache.remember(digest) { StepRecord(created: created, layer: nil, below: below) }
    }
    state.note(text, created, isEmpty: true)
    return false
  }

  /// Puts a layer on the stage: the cache's, or the one that the body makes.
  func makeLayer(
    _ key: StepKey, _ text: String, _ make: () throws -> BuiltLayer
  ) throws -> Bool {
    var key = key
    if let epoch = session.epoch { key.add("SOURCE_DATE_EPOCH", "\(epoch)") }
    let digest = key.digest
    let record = session.options.ignoresCache ? nil : try session.cache.find(digest, session.hold)
    let reason = build.explanation.note(
      step, key, isMissing: record?.layer == nil, ignoresCache: session.options.ignoresCache)
    if session.options.explainsCache, let reason { session.observer.report(.note(step, reason)) }
    if let record, let layer = record.layer {
      push(
        BuiltLayer(
          diffID: layer.diffID, directory: session.library.layout.layer(layer.diffID), blob: Gate(layer.blob)),
        text, record.created)
      return true
    }
    let created = session.now
    let layer = try make()
    let layers = session.layers
    session.cache.remember(digest) {
      guard let blob = layer.blob.valueIfOpen, layers.isStored(layer.diffID) else { return nil }
      return StepRecord(
        created: created, layer: StepRecord.Layer(diffID: layer.diffID, blob: blob), below: nil)
    }
    push(layer, text, created)
    return false
  }

  private func push(_ layer: BuiltLayer, _ text: String, _ created: Timestamp) {
    state.push(layer)
    state.note(text, created, isEmpty: false)
    files.push(layer)
  }
}
