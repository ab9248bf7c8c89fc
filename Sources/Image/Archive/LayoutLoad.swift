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

  func callAsFunction(_ hold: borrowing Hold) throws(ImageError) -> [Load.Loaded] {
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
      try take(entry, hold)
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
  private func take(_ descriptor: ContentDescriptor, _ hold: borrowing Hold) throws(ImageError) {
    let bytes = try document(descriptor, limit: ManifestDocument.longest)
    try library.write(bytes, hold: hold)
    let document: ManifestDocument
    do throws(SpecFaults) {
      document = try ManifestDocument.load(bytes, mediaType: descriptor.mediaType)
    } catch {
      throw ImageError("\(descriptor.digest): \(error)")
    }
    switch document {
    case .manifest(let manifest): try take(manifest, hold)
    case .index(let index):
      guard index.manifests.count <= Self.mostManifests else {
        throw ImageError("\(descriptor.digest): more than \(Self.mostManifests) manifests")
      }
      for child in index.manifests where source.has(child.digest.blobPath) {
        // Only one level: an image is an index over manifests.
        guard child.mediaType.isManifest else {
          throw ImageError("\(child.digest): \(child.mediaType) within an index")
        }
        try take(child, hold)
      }
    }
  }

  private func take(_ manifest: ImageManifest, _ hold: borrowing Hold) throws(ImageError) {
    guard manifest.config.mediaType.isConfig else {
      for blob in [manifest.config] + manifest.layers { try takeBlob(blob, nil, hold) }
      return
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
    for (layer, diffID) in zip(manifest.layers, config.diffIDs) { try takeBlob(layer, diffID, hold) }
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

  /// A layer, unpacked if it is one; or any other blob.
  private func takeBlob(
    _ blob: ContentDescriptor, _ diffID: Digest?, _ hold: borrowing Hold
  ) throws(ImageError) {
    let claims = try LayerClaims(blob, diffID, library, hold)
    let item = blob.digest.short
    if claims.hasBlob, claims.hasLayer || diffID == nil { return observer.report(item, .exists) }
    observer.report(item, .unpacking)
    if !claims.hasBlob {
      let copy = hold.newPath()
      try source.copy(blob.digest.blobPath, to: copy)
      let file = try rethrowing { () throws(SystemError) in try Descriptor.open(copy, O_RDONLY) }
      guard try BlobCheck.matches(file.number, blob) else {
        throw ImageError("\(blob.digest): the content has another digest or size")
      }
      try library.commitBlob(copy, as: blob.digest)
    }
    if let diffID, !claims.hasLayer {
      try LayerMaking(library: library, path: hold.newPath()).unpack(blob: blob, as: diffID)
    }
    observer.report(item, .done)
  }
}
