internal import Dockerfile
internal import Glibc
internal import Kernel
internal import Layers
internal import OCI

/// ADD: a copy whose sources may be archives, addresses and repositories.
extension StageBuilder {
  func add(_ step: AddStep) throws -> Bool {
    var local = step.copy
    var remote: [RemoteSource] = []
    local.sources = try step.copy.sources.filter { source in
      guard let found = try RemoteSource(parsing: try expand(source)) else { return true }
      remote.append(found)
      return false
    }
    if step.checksum != nil, remote.count != 1 || !local.sources.isEmpty {
      throw BuildFailure("ADD --checksum: expected one address as the only source")
    }
    guard remote.isEmpty else { return try addRemote(remote, local, step) }
    var request = try search(try copySettings(local), build.mainTree())
    if step.unpacks ?? true {
      for (index, match) in request.matches.enumerated() {
        guard !match.isDirectory, let entry = match.entries.first, entry.kind == S_IFREG else { continue }
        let content = SourceContent(request.tree, entry.path, entry.status)
        if try ArchiveFile(content).isArchive() { request.unpacked.insert(index) }
      }
    }
    return try add(request, step.copy)
  }

  private func add(_ request: CopyRequest, _ step: CopyStep) throws -> Bool {
    var key = StepKey("add")
    request.settings.describe(in: &key, files: state.files)
    request.describeMatches(in: &key)
    return try makeLayer(key, try history("ADD", step)) { try make(request) }
  }

  /// What is fetched lies in a directory of its own, and is copied from there.
  private func addRemote(_ sources: [RemoteSource], _ local: CopyStep, _ step: AddStep) throws -> Bool {
    guard local.sources.isEmpty, local.heredocs.isEmpty else {
      throw BuildFailure("ADD: addresses and files of the context do not go into one step: use two")
    }
    let checksum = try step.checksum.map { try Digest(validating: try expand($0)) }
    let fetched = try sources.map {
      try $0.fetch(session, checksum: checksum, keepsGitDirectory: step.keepsGitDirectory)
    }
    guard let first = fetched.first, fetched.count == 1 else {
      throw BuildFailure("ADD: one address a step: use several steps")
    }
    let root = try Descriptor.open(first.directory, O_RDONLY | O_DIRECTORY)
    let tree = SourceTree(root, name: first.name, isContext: true)
    let settings = try copySettings(local)
    let walk = SourceWalk(
      tree: tree, excluded: settings.excluded.isEmpty ? nil : try IgnorePatterns(settings.excluded),
      check: session.interruption.check)
    var request = CopyRequest(settings, tree, [try walk.match(first.file ?? "/")])
    if step.unpacks == true, first.file != nil { request.unpacked = [0] }
    return try add(request, step.copy)
  }
}
