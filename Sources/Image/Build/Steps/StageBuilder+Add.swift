internal import Dockerfile
internal import Glibc
internal import Kernel
internal import Layers
internal import OCI

/// ADD: a copy whose sources may be archives, addresses and repositories.
extension StageBuilder {
  func add(_ step: AddStep) throws -> Bool {
    let settings = try copySettings(step.copy)
    var request = CopyRequest(settings, [])
    for source in settings.sources {
      if let remote = try RemoteSource(parsing: source) {
        let fetched = try fetch(remote, step)
        if step.unpacks == true, fetched.file != nil { request.unpacked.insert(request.matches.count) }
        request.matches.append(try find(fetched, settings))
      } else {
        guard step.checksum == nil else { throw BuildFailure("ADD --checksum: \(source) is no address") }
        for match in try search([source], settings, build.mainTree()) {
          if try step.unpacks ?? true && isArchive(match) { request.unpacked.insert(request.matches.count) }
          request.matches.append(match)
        }
      }
    }
    var key = StepKey("add")
    settings.describe(in: &key, files: state.files)
    request.describeMatches(in: &key)
    return try makeLayer(key, try history("ADD", step.copy)) { try make(request) }
  }

  private func isArchive(_ match: SourceMatch) throws -> Bool {
    guard !match.isDirectory, let entry = match.entries.first, entry.kind == S_IFREG else { return false }
    return try ArchiveFile(SourceContent(match.tree, entry.path, entry.status)).isArchive()
  }

  private func fetch(_ source: RemoteSource, _ step: AddStep) throws -> RemoteSource.Fetched {
    if step.checksum != nil, step.copy.sources.count + step.copy.heredocs.count > 1 {
      throw BuildFailure("ADD --checksum: expected one address as the only source")
    }
    let checksum = try step.checksum.map { try expand($0) }
    return try source.fetch(session, checksum: checksum, keepsGitDirectory: step.keepsGitDirectory)
  }

  /// What is fetched lies in a directory of its own, and is copied from there.
  private func find(_ fetched: RemoteSource.Fetched, _ settings: CopySettings) throws -> SourceMatch {
    let root = try Descriptor.open(fetched.directory, O_RDONLY | O_DIRECTORY)
    let tree = SourceTree(root, name: fetched.name, isContext: true)
    var match = try walk(tree, settings).match(fetched.file ?? "/")
    match.identity = fetched.identity
    return match
  }
}
