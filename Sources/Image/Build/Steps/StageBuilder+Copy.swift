internal import CLinux
internal import Dockerfile
internal import Glibc
internal import Kernel
internal import Layers
internal import OCI
internal import Store

/// COPY and WORKDIR: layers that are written without a container.
extension StageBuilder {
  func copy(_ step: CopyStep) throws -> Bool {
    let settings = try copySettings(step)
    var key = StepKey("copy")
    settings.describe(in: &key, files: state.files)
    let line = try history("COPY", step)
    let origin = step.from.map { build.origin($0, plan.platform) }
    guard let origin, let files = try build.files(of: origin) else {
      let tree = try origin.map { try build.tree(of: $0) } ?? build.mainTree()
      let request = try search(settings, tree)
      request.describeMatches(in: &key)
      return try makeLayer(key, line) { try make(request) }
    }
    // Of a stage it is known what the same sources were the last time: then it need not be opened.
    var search = StepKey("contents")
    settings.describeSearch(in: &search, files: files)
    var request: CopyRequest?
    let contents: Digest
    if let known = session.cache.contents(search.digest) {
      contents = known
    } else {
      let found = try self.search(settings, build.tree(of: origin))
      var described = StepKey("contents")
      found.describeMatches(in: &described)
      contents = described.digest
      session.cache.remember(contents: contents, of: search.digest)
      request = found
    }
    key.add("contents", contents.hex)
    return try makeLayer(key, line) {
      try make(try request ?? self.search(settings, build.tree(of: origin)))
    }
  }

  func search(_ settings: CopySettings, _ tree: SourceTree) throws -> CopyRequest {
    CopyRequest(settings, try search(settings.sources, settings, tree))
  }

  func search(_ sources: [String], _ settings: CopySettings, _ tree: SourceTree) throws -> [SourceMatch] {
    let walk = try walk(tree, settings)
    return try sources.flatMap {
      settings.keepsParents ? try walk.matchesWithParents($0) : try walk.matches($0)
    }
  }

  func walk(_ tree: SourceTree, _ settings: CopySettings) throws -> SourceWalk {
    SourceWalk(
      tree: tree, excluded: settings.excluded.isEmpty ? nil : try IgnorePatterns(settings.excluded),
      check: session.interruption.check)
  }

  func copySettings(_ step: CopyStep) throws -> CopySettings {
    let text = try expand(step.destination)
    var settings = CopySettings(
      destination: absolute(text),
      wantsDirectory: text.hasSuffix("/") || [".", ".."].contains(text.split(separator: "/").last ?? "/"),
      isLinked: step.isLinked)
    settings.sources = try step.sources.map { try expand($0) }
    settings.excluded = try step.excluded.map { try expand($0) }
    settings.keepsParents = step.keepsParents
    if let owner = try step.owner.map({ try expand($0) }), !owner.isEmpty { settings.owner = CopyOwner(text: owner) }
    if let mode = try step.mode.map({ try expand($0) }), !mode.isEmpty {
      settings.mode = try FileModeChange(parsing: mode)
    }
    for document in step.heredocs {
      let content = document.isExpanded ? try expandDocument(document.content) : document.content
      settings.documents.append((document.name, Array(content.utf8)))
    }
    if step.sources.count + step.heredocs.count > 1, !settings.wantsDirectory {
      throw BuildFailure(
        "with more than one source, the destination must be a directory and end with a /: found '\(text)'")
    }
    if settings.isLinked { settings.missingParents = try missingParents(settings.destination) }
    return settings
  }

  /// Of the directories that a path goes through, those that a linked layer makes.
  private func missingParents(_ path: String) throws -> Digest {
    var search = StepKey("parents")
    search.add("files", state.files.hex)
    search.add("path", path)
    if let known = session.cache.contents(search.digest) { return known }
    let tree = try files.tree()
    let parts = path.cleanedPath.split(separator: "/")
    let missing = (0...parts.count).dropFirst().map { parts[..<$0].joined(separator: "/") }.filter {
      !CopyWriter.isDirectory(Array($0.utf8), in: tree.merged.number)
    }
    let digest = ImageLibrary.digest(of: Array(missing.joined(separator: "\n").utf8))
    session.cache.remember(contents: digest, of: search.digest)
    return digest
  }

  private func expandDocument(_ text: String) throws -> String {
    try Expander(options: [.ignoresQuotes]).expand(text) { variables.lookup($0) }.text
  }

  func absolute(_ path: String) -> String { state.config.defaults.absolute(path) }

  func history(_ name: String, _ step: CopyStep) throws -> String {
    var words = [name]
    if step.keepsParents { words.append("--parents") }
    if let owner = step.owner { words.append("--chown=\(try expand(owner))") }
    if let mode = step.mode { words.append("--chmod=\(try expand(mode))") }
    if step.isLinked { words.append("--link") }
    words += try step.sources.map { try expand($0) } + step.heredocs.map(\.name)
    words.append(try expand(step.destination))
    return words.joined(separator: " ") + " # buildkit"
  }

  func make(_ request: CopyRequest) throws -> BuiltLayer {
    let tree = try files.tree()
    let ids = try request.settings.owner?.ids { () throws(ImageError) in try RunContainer.accounts(tree) }
    let isLarge = request.matches.reduce(0) { $0 + $1.entries.count } > LayerForge.mostInDirectory
    return try LayerForge(session).make(isLarge: isLarge) { (sink) throws(ImageError) in
      var writer = CopyWriter(
        request, below: tree.merged.number, ids: ids, now: session.now, latest: session.epoch, to: sink)
      try writer.write { () throws(ImageError) in try session.interruption.check() }
    }
  }

  /// WORKDIR makes its directory where there is none: then it is a layer.
  func setWorkingDirectory(_ text: String) throws -> Bool {
    let expanded = try expand(text)
    guard !expanded.isEmpty else { throw BuildFailure("WORKDIR: the path is empty") }
    let path = absolute(expanded).cleanedPath
    state.config.defaults.workingDirectory = path
    let line = "WORKDIR \(path)"
    if path == "/" { return try note(line) }
    var key = StepKey("workdir")
    key.add("files", state.files.hex)
    key.add("path", path)
    key.add("USER", state.config.defaults.user)
    // Whether it is there is known to the cache, too.
    var absent = key
    absent.add("makes", "nothing")
    if !session.options.ignoresCache, try session.cache.find(absent.digest, session.hold) != nil {
      return try note(line)
    }
    let resolved = try resolveMissing(path, key)
    guard let resolved else {
      return try makeLayer(key, line) { throw BuildFailure("WORKDIR \(path): lost from the cache") }
    }
    if resolved.isDirectory {
      let (created, below) = (session.now, state.config.diffIDs.last)
      session.cache.remember(absent.digest) { StepRecord(created: created, layer: nil, below: below) }
      return try note(line)
    }
    guard resolved.status == nil else { throw BuildFailure("WORKDIR \(path): there is a file in its place") }
    return try makeLayer(key, line) {
      let empty = try build.emptyTree()
      let nothing = try SourceWalk(tree: empty, excluded: nil, check: session.interruption.check).match("/")
      var settings = CopySettings(destination: path, wantsDirectory: true, isLinked: false)
      let user = state.config.defaults.user
      if !user.isEmpty { settings.owner = CopyOwner(text: user) }
      return try make(CopyRequest(settings, [nothing]))
    }
  }

  /// `nil` when the cache has the layer that makes it, and nothing need be looked at.
  private func resolveMissing(_ path: String, _ key: StepKey) throws -> TreePath? {
    var key = key
    if let epoch = session.epoch { key.add("SOURCE_DATE_EPOCH", "\(epoch)") }
    if !session.options.ignoresCache, try session.cache.find(key.digest, session.hold)?.layer != nil { return nil }
    let tree = try files.tree()
    return try TreePath(resolving: Array(path.utf8), at: tree.merged.number)
  }
}
