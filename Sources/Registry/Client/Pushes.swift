internal import NIOHTTP1
public import OCI

/// How a blob came to be in a repository.
public enum PushOutcome: Sendable, Equatable {
  /// It was there.
  case existed
  /// Another repository of the same registry has it.
  case mounted(from: String)
  case uploaded
}

/// What a registry made of a manifest.
public struct PushedManifest: Sendable, Equatable {
  /// Of the bytes that were sent.
  public let digest: Digest
  /// Whether the registry lists the manifest as a referrer of its subject by itself (`OCI-Subject`).
  public let listsSubject: Bool
}

extension RegistryClient {
  /// Asks the registry to take a blob from another of its repositories.
  ///
  /// - Parameter repository: its path there, without the host.
  /// - Returns: whether it did; if not, the blob has to be pushed.
  public func mountBlob(
    _ digest: Digest, from repository: String, into reference: Reference
  ) async throws(RegistryError) -> Bool {
    let source = try configuration.target(of: reference)
    do throws(Failure) {
      return try await configuration.patience.retrying { () throws(Failure) in
        let starter = UploadStarter(session: self.session, source: source, digest: digest)
        guard let upload = try await starter.mount(from: repository) else { return true }
        await starter.cancel(upload)
        return false
      }
    } catch {
      throw RegistryError(Self.subject("mount \(digest) into", reference, source), error)
    }
  }

  /// Sends a blob, unless the registry has it.
  ///
  /// - Parameters:
  ///   - file: an open file with the blob's bytes and nothing else; it stays open until this returns, and its offset is
  ///     not used.
  ///   - repositories: others of the same registry that may have the blob; the first few are tried.
  ///   - progress: is told how many of the blob's bytes are sent; less than before after a connection broke off.
  public func pushBlob(
    _ descriptor: ContentDescriptor, file: CInt, to reference: Reference, mountingFrom repositories: [String] = [],
    progress: (@Sendable (Int64) -> Void)? = nil
  ) async throws(RegistryError) -> PushOutcome {
    let source = try configuration.target(of: reference)
    do throws(Failure) {
      let (isThere, patience) = (try await hasBlobPatiently(descriptor.digest, source), configuration.patience)
      if isThere { return .existed }
      let starter = UploadStarter(session: session, source: source, digest: descriptor.digest)
      var upload: Upload.Place?
      for repository in repositories.prefix(UploadStarter.mostMounts) where repository != source.repository {
        if let upload { await starter.cancel(upload) }
        upload = try await patience.retrying { () throws(Failure) in try await starter.mount(from: repository) }
        if upload == nil { return .mounted(from: repository) }
      }
      var transfer = Upload(starter, descriptor, file, progress, at: upload)
      try await transfer.run { () throws(Failure) in try await self.hasBlob(descriptor.digest, at: source) }
      return .uploaded
    } catch {
      throw RegistryError(Self.subject("push \(descriptor.digest) to", reference, source), error)
    }
  }

  private func hasBlobPatiently(_ digest: Digest, _ source: RegistrySource) async throws(Failure) -> Bool {
    try await configuration.patience.retrying { () throws(Failure) in try await self.hasBlob(digest, at: source) }
  }

  /// Sends a manifest or index, under the reference's tag, or by its digest if there is none.
  ///
  /// A manifest with a subject is added to the list of its referrers if the registry does not do that itself.
  @discardableResult
  public func pushManifest(
    _ bytes: [UInt8], _ mediaType: MediaType, to reference: Reference
  ) async throws(RegistryError) -> PushedManifest {
    let source = try configuration.target(of: reference)
    do throws(Failure) {
      let pushed = try await configuration.patience.retrying { () throws(Failure) in
        try await self.putManifest(bytes, mediaType, reference, source)
      }
      if case .manifest(let manifest) = try? ManifestDocument.load(bytes, mediaType: mediaType),
        let subject = manifest.subject, !pushed.listsSubject
      {
        var entry = ContentDescriptor(mediaType, pushed.digest, size: Int64(bytes.count))
        entry.artifactType = manifest.artifactType ?? manifest.config.mediaType.description
        entry.annotations = manifest.annotations
        try await addReferrer(entry, of: subject.digest, reference, source)
      }
      return pushed
    } catch {
      throw RegistryError(Self.subject("push manifest of", reference, source), error)
    }
  }

  func putManifest(
    _ bytes: [UInt8], _ mediaType: MediaType, _ reference: Reference, _ source: RegistrySource
  ) async throws(Failure) -> PushedManifest {
    let digest = Self.digest(of: bytes, reference.digest?.algorithm ?? .sha256)
    if let wanted = reference.digest, wanted != digest { throw Failure("the manifest has the digest \(digest)") }
    // The tag has to point to it, so it counts here.
    let name = reference.tag ?? digest.description
    var request = RegistryRequest(.PUT, .path("manifests/\(name)"), at: source, .push)
    request.headers.add(name: "Content-Type", value: mediaType.description)
    request.body = .bytes(bytes)
    var reply = try await session.send(request)
    guard reply.isSuccess else { throw await reply.failure() }
    await reply.drain()
    if let said = reply.header("Docker-Content-Digest"), said != digest.description,
      said.hasPrefix(digest.algorithm.rawValue + ":")
    {
      throw Failure("the registry stored something else: \(said.quotedForMessage())")
    }
    return PushedManifest(digest: digest, listsSubject: reply.header("OCI-Subject") != nil)
  }
}
