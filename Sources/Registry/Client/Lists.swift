internal import NIOHTTP1
public import OCI

extension RegistryClient {
  private static let (longestPage, mostPages, mostEntries) = (4 << 20, 1000, 100_000)

  /// The tags of a repository, in the registry's order.
  public func tags(_ reference: Reference) async throws(RegistryError) -> [String] {
    try await atEachSource(of: reference, "list tags of") { source throws(Failure) in
      var tags: [String] = []
      try await self.eachPage(RegistryRequest(.GET, .path("tags/list?n=1000"), at: source)) { reply throws(Failure) in
        guard reply.status == 200 else { throw await reply.failure() }
        let json = try? JSON.parse(try await reply.body.collect(upTo: Self.longestPage))
        // Go's registries say null for none.
        guard let json, let value = json["tags"], let page = value.elements ?? (value == .null ? [] : nil) else {
          throw Failure("it answers with no list of tags")
        }
        tags += page.compactMap(\.string).filter(Reference.isTag)
        guard tags.count <= Self.mostEntries else { throw Failure("more than \(Self.mostEntries) tags") }
      }
      return tags
    }
  }

  /// The manifests whose subject the reference's digest is: signatures, attestations, descriptions.
  ///
  /// - Parameter artifactType: only those of a type.
  public func referrers(
    of reference: Reference, artifactType: String? = nil
  ) async throws(RegistryError) -> [ContentDescriptor] {
    guard let digest = reference.digest else { throw RegistryError("list referrers of \(reference): it has no digest") }
    return try await atEachSource(of: reference, "list referrers of") { source throws(Failure) in
      let found = try await self.referrers(of: digest, artifactType, at: source)
      // Registries may ignore the filter.
      return artifactType.map { type in found.filter { $0.artifactType == type } } ?? found
    }
  }

  private func referrers(
    of digest: Digest, _ artifactType: String?, at source: RegistrySource
  ) async throws(Failure) -> [ContentDescriptor] {
    let query = artifactType.map { "?artifactType=\(WebAddress.escaped($0))" } ?? ""
    var request = RegistryRequest(.GET, .path("referrers/\(digest)\(query)"), at: source)
    request.headers = Self.accepting([.index])
    var (found, isKnown): ([ContentDescriptor], Bool) = ([], true)
    try await eachPage(request) { reply throws(Failure) in
      // Registries before 1.1 know no such path; some take it for a page for people.
      if reply.status == 404 || reply.status == 405 || reply.isSuccess && reply.contentType == "text/html" {
        await reply.drain()
        isKnown = false
        return
      }
      guard reply.status == 200 else { throw await reply.failure() }
      found += try Self.index(try await reply.body.collect(upTo: ManifestDocument.longest)).manifests
      guard found.count <= Self.mostEntries else { throw Failure("more than \(Self.mostEntries) referrers") }
    }
    return isKnown ? found : try await referrersTag(of: digest, at: source)?.manifests ?? []
  }

  private static func index(_ bytes: [UInt8]) throws(Failure) -> ImageIndex {
    do {
      if case .index(let index) = try ManifestDocument.load(bytes) { return index }
    } catch {
      throw Failure("no list of referrers: \(error.lines.first ?? "")")
    }
    throw Failure("it answers with a manifest, not with a list of referrers")
  }

  /// Calls the body with each page of a list, as `Link` names them (RFC 8288). They are all the registry's own.
  private func eachPage(
    _ first: RegistryRequest, _ body: (inout Reply) async throws(Failure) -> Void
  ) async throws(Failure) {
    var (request, pages) = (first, 0)
    while true {
      var reply = try await session.send(request)
      try await body(&reply)
      guard let next = Self.next(reply) else { return }
      pages += 1
      guard pages < Self.mostPages else { throw Failure("more than \(Self.mostPages) pages") }
      guard next.origin == reply.address.origin, next != reply.address else {
        throw Failure("the next page is said to be at \(next.shown), which is refused")
      }
      request.place = .address(next)
    }
  }

  /// `Link: </v2/…?last=x>; rel="next"`.
  private static func next(_ reply: Reply) -> WebAddress? {
    guard let link = reply.header("Link"), link.hasPrefix("<"), let end = link.firstIndex(of: ">") else { return nil }
    let parameters = link[end...].lowercased().filter { $0 != " " }
    guard parameters.contains(";rel=\"next\"") || parameters.contains(";rel=next") else { return nil }
    return WebAddress(String(link[link.index(after: link.startIndex)..<end]), relativeTo: reply.address)
  }

  // MARK: The fallback: an index under a tag

  private func referrersTag(of digest: Digest, at source: RegistrySource) async throws(Failure) -> ImageIndex? {
    var request = RegistryRequest(.GET, .path("manifests/\(digest.referrersTag)"), at: source)
    request.headers = Self.accepting([.index])
    var reply = try await session.send(request)
    if reply.status == 404 {
      await reply.drain()
      return nil
    }
    guard reply.status == 200 else { throw await reply.failure() }
    return try Self.index(try await reply.body.collect(upTo: ManifestDocument.longest))
  }

  /// Two clients at once may lose one of two entries: the specification has nothing against it.
  func addReferrer(
    _ entry: ContentDescriptor, of subject: Digest, _ reference: Reference, _ source: RegistrySource
  ) async throws(Failure) {
    var index = try await referrersTag(of: subject, at: source) ?? ImageIndex()
    guard !index.manifests.contains(where: { $0.digest == entry.digest }) else { return }
    index.manifests.append(entry)
    _ = try await putManifest(
      index.json.bytes(), index.mediaType, reference.with(tag: subject.referrersTag), source)
  }
}

extension Digest {
  /// As long as a tag may be.
  fileprivate var referrersTag: String { "\(algorithm.rawValue)-\(hex.prefix(64))" }
}
