internal import Glibc
internal import Kernel
internal import OCI
internal import Store

/// Stores the images of an OCI layout (image-spec image-layout.md): every byte as it is.
struct LayoutLoad {
  let library: ImageLibrary
  let observer: any TransferObserver
  let source: ArchiveDirectory

  /// Manifests within one image's index.
  private static let mostManifests = 1000

  func callAsFunction(_ hold: borrowing Hold) async throws(ImageError) -> [Load.Loaded] {
    let bytes = try source.document("index.json")
    let index: ImageIndex
    do throws(SpecFaults) {
      guard case .index(let found) = try ManifestDocument.load(bytes) else {
        throw SpecFaults([Fault(keyPath: "", reason: "expected an index, found a manifest")])
      }
      index = found
    } catch {
      throw ImageError("index.json: \(error)")
    }
    var loaded: [Load.Loaded] = []
    for descriptor in index.manifests {
      let entry = ContentDescriptor(descriptor.mediaType, descriptor.digest, size: descriptor.size)
      try await take(entry, hold)
      let name = Self.name(descriptor)
      // An index may be for other platforms only; it is stored all the same.
      let image = try? library.store.image(entry)
      _ = try library.name(name, entry)
      loaded.append(Load.Loaded(name: name, id: image?.id ?? entry.digest))
    }
    return loaded
  }

  /// containerd and docker write the full name beside the tag, others a name or a tag alone, which is no name.
  private static func name(_ descriptor: ContentDescriptor) -> Reference? {
    for key in ["io.containerd.image.name", ImageNames.nameKey] {
      guard let text = descriptor.annotations[key], text.contains(":") || text.contains("/") || text.contains("@"),
        let name = try? Reference(parsing: text)
      else { continue }
      return name
    }
    return nil
  }

  /// A manifest or index, with all that it leads to.
  private func take(_ descriptor: ContentDescriptor, _ hold: borrowing Hold) async throws(ImageError) {
    let bytes = try document(descriptor, limit: ManifestDocument.longest)
    try library.write(bytes, hold: hold)
    let document: ManifestDocument
    do throws(SpecFaults) {
      document = try ManifestDocument.load(bytes, mediaType: descriptor.mediaType)
    } catch {
      throw ImageError("\(descriptor.digest): \(error)")
    }
    switch document {
    case .manifest(let manifest): try await take(manifest, hold)
    case .index(let index):
      guard index.manifests.count <= Self.mostManifests else {
        throw ImageError("\(descriptor.digest): more than \(Self.mostManifests) manifests")
      }
      for child in index.manifests where source.has(child.digest.blobPath) {
        // Only one level: an image is an index over manifests.
        guard child.mediaType.isManifest else {
          throw ImageError("\(child.digest): \(child.mediaType) within an index")
        }
        try await take(child, hold)
      }
    }
  }

  private func take(_ manifest: ImageManifest, _ hold: borrowing Hold) async throws(ImageError) {
    guard manifest.config.mediaType.isConfig else {
      return try await takeBlobs(([manifest.config] + manifest.layers).map { ($0, nil) }, hold)
    }
    let bytes = try document(manifest.config, limit: JSON.defaultLimit)
    try library.write(bytes, hold: hold)
    let config: ImageConfig
    do throws(SpecFaults) {
      config = try ImageConfig.load(bytes)
    } catch {
      throw ImageError("configuration \(manifest.config.digest): \(error)")
    }
    try LayerMaking.check(manifest, config, "manifest")
    try await takeBlobs(zip(manifest.layers, config.diffIDs).map { ($0, $1) }, hold)
    try library.completeStack(manifest.config.digest, config, hold)
  }

  /// A small blob, verified.
  private func document(_ descriptor: ContentDescriptor, limit: Int) throws(ImageError) -> [UInt8] {
    let bytes = try source.document(descriptor.digest.blobPath, limit: limit)
    guard bytes.count == Int(descriptor.size), ImageLibrary.digest(of: bytes) == descriptor.digest else {
      throw ImageError("\(descriptor.digest): the content has another digest or size")
    }
    return bytes
  }

  /// Several at a time, each once.
  private func takeBlobs(
    _ blobs: [(ContentDescriptor, diffID: Digest?)], _ hold: borrowing Hold
  ) async throws(ImageError) {
    let turnstile = Turnstile(Pull.layersAtOnce)
    var seen: Set<Digest> = []
    do {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for (blob, diffID) in blobs where seen.insert(blob.digest).inserted {
          let claims = try LayerClaims(blob, diffID, library, hold)
          let (copy, layer) = (hold.newPath(), hold.newPath())
          group.addTask {
            try await turnstile.pass {
              try await Blocking.run { try takeBlob(blob, diffID, claims, copy, layer) }
            }
          }
        }
        try await group.waitForAll()
      }
    } catch {
      throw ImageError(error)
    }
  }

  /// A layer, unpacked if it is one; or any other blob.
  ///
  /// - Parameters:
  ///   - copy: where the blob is until it was seen to be what it should.
  ///   - layer: where the layer is made.
  private func takeBlob(
    _ blob: ContentDescriptor, _ diffID: Digest?, _ claims: LayerClaims, _ copy: String, _ layer: String
  ) throws(ImageError) {
    let item = blob.digest.short
    if claims.hasBlob, claims.hasLayer || diffID == nil { return observer.report(item, .exists) }
    observer.report(item, .unpacking)
    let making = LayerMaking(library: library, path: layer)
    let wanted = claims.hasLayer ? nil : diffID
    if claims.hasBlob {
      if let wanted { try making.unpack(blob: blob, as: wanted) }
    } else {
      defer { unlink(copy) }
      try source.copy(blob.digest.blobPath, to: copy)
      let made = try making.make(blob, from: copy, as: wanted)
      try library.syncFile(copy)
      try library.commitBlob(copy, as: blob.digest)
      try making.commit(made)
    }
    observer.report(item, .done)
  }
}
