internal import NIOHTTP1
public import OCI

internal import struct Crypto.SHA256
internal import struct Crypto.SHA512

/// A manifest or index as a registry has it: its bytes are what its digest is of.
public struct FetchedManifest: Sendable {
  public let bytes: [UInt8]
  public let mediaType: MediaType
  public let digest: Digest
  public let document: ManifestDocument

  public var descriptor: ContentDescriptor { ContentDescriptor(mediaType, digest, size: Int64(bytes.count)) }
}

extension RegistryClient {
  static let manifestTypes: [MediaType] = [.index, .manifest, .dockerList, .dockerManifest]
  /// What servers say that know nothing of manifests: the document's own word counts then.
  private static let vagueTypes = ["application/json", "application/octet-stream", "text/plain"]

  /// Fetches a manifest or index, by digest if the reference has one. The bytes are what the digest says.
  public func manifest(_ reference: Reference) async throws(RegistryError) -> FetchedManifest {
    try await atEachSource(of: reference, "get manifest of") { source throws(Failure) in
      try await self.manifest(reference, at: source)
    }
  }

  /// What a reference stands for now, without fetching it; `nil` if the registry has no such image.
  ///
  /// The digest is the registry's word; that of the bytes counts.
  public func resolve(_ reference: Reference) async throws(RegistryError) -> ContentDescriptor? {
    do throws(RegistryError) {
      return try await atEachSource(of: reference, "look for") { source throws(Failure) in
        var request = RegistryRequest(.HEAD, .path("manifests/\(reference.manifestName)"), at: source)
        request.headers = Self.accepting(Self.manifestTypes)
        let reply = try await self.session.send(request)
        if reply.isSuccess, let type = reply.contentType, let size = reply.contentLength, size > 0,
          let digest = reply.header("Docker-Content-Digest").flatMap({ try? Digest(validating: $0) }),
          Self.manifestTypes.contains(MediaType(type)), reference.digest ?? digest == digest
        {
          return ContentDescriptor(MediaType(type), digest, size: size)
        }
        // Some registries answer HEAD with less, or nothing; GET says why.
        return try await self.manifest(reference, at: source).descriptor
      }
    } catch {
      guard error.status == 404 else { throw error }
      return nil
    }
  }

  private func manifest(_ reference: Reference, at source: RegistrySource) async throws(Failure) -> FetchedManifest {
    var request = RegistryRequest(.GET, .path("manifests/\(reference.manifestName)"), at: source)
    request.headers = Self.accepting(Self.manifestTypes)
    var reply = try await session.send(request)
    guard reply.status == 200 else { throw await reply.failure() }
    let bytes = try await reply.body.collect(upTo: ManifestDocument.longest)
    if let length = reply.contentLength, length != bytes.count { throw Failure("the answer is cut off", .passing) }
    let digest = Self.digest(of: bytes, reference.digest?.algorithm ?? .sha256)
    if let wanted = reference.digest, wanted != digest {
      throw Failure("the content is not what was asked for: it has \(digest)")
    }
    return try Self.read(bytes, announced: reply.contentType, digest)
  }

  static func read(_ bytes: [UInt8], announced: String?, _ digest: Digest) throws(Failure) -> FetchedManifest {
    let isVague = announced.map(vagueTypes.contains) ?? true
    let type = isVague ? nil : announced.map { MediaType($0) }
    // An honest word about an old format is worth an own message, which the document's decoder has.
    if let type, !manifestTypes.contains(type), !type.isObsolete {
      throw Failure("it answers with \(type.description.quotedForMessage()), which is no manifest")
    }
    let document: ManifestDocument
    do { document = try ManifestDocument.load(bytes, mediaType: type) } catch {
      throw Failure("\(error.lines.first ?? "it is no manifest")")
    }
    return FetchedManifest(bytes: bytes, mediaType: document.mediaType, digest: digest, document: document)
  }

  static func accepting(_ types: [MediaType]) -> HTTPHeaders {
    HTTPHeaders(types.map { ("Accept", $0.description) })
  }

  static func digest(of bytes: [UInt8], _ algorithm: Digest.Algorithm) -> Digest {
    switch algorithm {
    case .sha256: Digest(sha256: SHA256.hash(data: bytes))
    case .sha512: Digest(sha512: SHA512.hash(data: bytes))
    }
  }
}

extension Reference {
  /// How a manifest is asked for; the digest says more than the tag.
  var manifestName: String { digest?.description ?? tag ?? "latest" }
}
