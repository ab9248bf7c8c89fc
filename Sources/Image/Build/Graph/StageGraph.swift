internal import Dockerfile
internal import OCI

/// Where a stage, a COPY or a mount gets its files from.
enum FileOrigin: Sendable, Hashable {
  case scratch
  /// An earlier or later stage of the Dockerfile, by its place.
  case stage(Int)
  case image(String, Platform)
  /// A directory of `--build-context`; the main context has no name.
  case directory(String)
}

/// One stage that is built.
struct PlannedStage: Sendable {
  var index: Int
  var stage: Stage
  var base: FileOrigin
  var platform: Platform
  /// All other origins that its instructions name.
  var origins: Set<FileOrigin>
}

/// The stages of a Dockerfile, and which of them the target needs.
struct StageGraph: Sendable {
  /// Those that are built, in the order of the Dockerfile.
  private(set) var needed: [PlannedStage] = []
  /// The one whose result is wanted.
  private(set) var target = 0

  private var all: [PlannedStage] = []

  init(
    _ dockerfile: Dockerfile, _ options: BuildOptions, _ scope: GlobalScope
  ) throws(BuildFailure) {
    guard !dockerfile.stages.isEmpty else {
      throw BuildFailure("the Dockerfile has no stage: it begins with FROM IMAGE")
    }
    for (index, stage) in dockerfile.stages.enumerated() {
      let platform = try scope.platform(of: stage)
      let origins = Origins(dockerfile, options, before: index)
      let base = try scope.base(of: stage)
      all.append(
        PlannedStage(
          index: index, stage: stage, base: origins.base(base, platform), platform: platform,
          origins: try origins.used(by: stage, platform)))
    }
    target = try Self.target(options.target, dockerfile)
    var visited: Set<Int> = []
    try visit(target, &visited, path: [])
    needed = all.filter { visited.contains($0.index) }
  }

  /// Origins that are images, fetched before anything is built, and the stage that wants each first.
  var images: [(name: String, platform: Platform, place: SourceRange)] {
    var found: Set<FileOrigin> = []
    var images: [(String, Platform, SourceRange)] = []
    for stage in needed {
      for origin in [stage.base] + stage.origins.sorted(by: { "\($0)" < "\($1)" }) where found.insert(origin).inserted {
        guard case .image(let name, let platform) = origin else { continue }
        let place = stage.stage.instructions.first { $0.originNames.contains(name) }?.place
        images.append((name, platform, origin == stage.base ? stage.stage.place : place ?? stage.stage.place))
      }
    }
    return images
  }

  private static func target(_ name: String?, _ dockerfile: Dockerfile) throws(BuildFailure) -> Int {
    guard let name, !name.isEmpty else { return dockerfile.stages.count - 1 }
    if let index = dockerfile.stages.lastIndex(where: { $0.name == name.lowercased() }) { return index }
    if let index = Int(name), dockerfile.stages.indices.contains(index) { return index }
    let names = dockerfile.stages.compactMap(\.name).joined(separator: ", ")
    throw BuildFailure("--target \(name): no such stage\(names.isEmpty ? "" : ": there are \(names)")")
  }

  /// Depth first; a stage that is met on the way to itself is a cycle.
  private func visit(_ index: Int, _ visited: inout Set<Int>, path: [Int]) throws(BuildFailure) {
    if path.contains(index) {
      let names = (path.drop { $0 != index } + [index]).map { all[$0].stage.name ?? "\($0)" }
      throw BuildFailure(
        "stages depend on each other in a circle: \(names.joined(separator: " -> "))", at: all[index].stage.place)
    }
    guard !visited.contains(index) else { return }
    for origin in [all[index].base] + all[index].origins {
      if case .stage(let other) = origin { try visit(other, &visited, path: path + [index]) }
    }
    visited.insert(index)
  }
}

/// What names mean.
private struct Origins {
  let dockerfile: Dockerfile
  let options: BuildOptions
  let index: Int

  init(_ dockerfile: Dockerfile, _ options: BuildOptions, before index: Int) {
    (self.dockerfile, self.options, self.index) = (dockerfile, options, index)
  }

  /// FROM knows the stages above it only.
  func base(_ name: String, _ platform: Platform) -> FileOrigin {
    if let place = context(name) { return origin(ofContext: place, platform) }
    if name == "scratch" { return .scratch }
    if let stage = dockerfile.stages[..<index].lastIndex(where: { $0.name == name.lowercased() }) {
      return .stage(stage)
    }
    return .image(name, platform)
  }

  /// COPY and mounts know all, by name and by number.
  private func origin(_ name: String, _ platform: Platform) -> FileOrigin {
    if let place = context(name) { return origin(ofContext: place, platform) }
    if let stage = dockerfile.stages.lastIndex(where: { $0.name == name.lowercased() }) { return .stage(stage) }
    if let number = Int(name), dockerfile.stages.indices.contains(number) { return .stage(number) }
    return name == "scratch" ? .scratch : .image(name, platform)
  }

  private func context(_ name: String) -> String? {
    options.contexts.last { $0.name.lowercased() == name.lowercased() }?.place
  }

  private func origin(ofContext place: String, _ platform: Platform) -> FileOrigin {
    let prefix = "docker-image://"
    if place.hasPrefix(prefix) { return .image(String(place.dropFirst(prefix.count)), platform) }
    if place.hasPrefix("oci-layout://") { return .image(place, platform) }
    return .directory(place)
  }

  func used(by stage: Stage, _ platform: Platform) throws(BuildFailure) -> Set<FileOrigin> {
    var origins: Set<FileOrigin> = []
    for instruction in stage.instructions {
      for name in instruction.originNames {
        if let number = Int(name), number == index {
          throw BuildFailure("a stage cannot copy from itself", at: instruction.place)
        }
        origins.insert(origin(name, platform))
      }
    }
    return origins
  }

  static func origin(
    _ name: String, _ dockerfile: Dockerfile, _ options: BuildOptions, _ platform: Platform
  ) -> FileOrigin { Origins(dockerfile, options, before: 0).origin(name, platform) }
}

extension StageGraph {
  /// What a name in COPY or a mount means.
  static func origin(
    _ name: String, _ dockerfile: Dockerfile, _ options: BuildOptions, _ platform: Platform
  ) -> FileOrigin { Origins.origin(name, dockerfile, options, platform) }
}

extension Instruction {
  /// Of stages, images and contexts that it takes files from.
  var originNames: [String] {
    switch operation {
    case .copy(let step): [step.from].compactMap { $0 }
    case .add(let step): [step.copy.from].compactMap { $0 }
    case .run(let step): step.mounts.compactMap(\.from)
    default: []
    }
  }
}
