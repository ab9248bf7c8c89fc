internal import Kernel
internal import NIOCore
public import OCI
public import Registry
public import Store

/// Fetches images from registries.
///
/// Layers come at the same time, and each is unpacked while it comes. Nothing of an image has a name before all of it is
/// here, verified and synced. What an interrupted pull has of a blob stays for the next one.
public struct Pull: Sendable {
  let library: ImageLibrary
  let client: RegistryClient
  let observer: any TransferObserver
  private let downloads = Turnstile(layersAtOnce)

  /// Downloads and unpackings at a time: as many as docker has. Each takes two threads and up to 13 MiB.
  static let layersAtOnce = 3

  public init(_ library: ImageLibrary, _ client: RegistryClient, _ observer: any TransferObserver) {
    self.library = library
    self.client = client
    self.observer = observer
  }

  /// What a pull did.
  public struct Outcome: Sendable {
    /// Of the manifest or index that the name stands for.
    public var digest: Digest
    public var image: StoredImage
    /// The name stood for this image before.
    public var wasUpToDate: Bool
  }

  /// - Parameter platforms: which manifests of an index are fetched with their layers; `nil` is all of them. The others
  ///   are known by their digest only.
  public func callAsFunction(_ reference: Reference, platforms: [Platform]?) async throws(ImageError) -> Outcome {
    do {
      return try await fetch(reference, platforms)
    } catch {
      throw ImageError(error)
    }
  }

  private func fetch(_ reference: Reference, _ platforms: [Platform]?) async throws -> Outcome {
    let hold = try Hold(library.layout)
    let top = try await client.manifest(reference)
    try library.write(top.bytes, hold: hold)
    switch top.document {
    case .manifest(let manifest):
      try await fetch(manifest, of: reference, top.digest, hold)
    case .index(let index):
      let wanted = try Self.choose(index, platforms, reference)
      for descriptor in wanted {
        let child = try await client.manifest(reference.with(digest: descriptor.digest))
        guard case .manifest(let manifest) = child.document else {
          throw ImageError("pull \(reference): an index within an index")
        }
        try library.write(child.bytes, hold: hold)
        try await fetch(manifest, of: reference, child.digest, hold)
      }
    }
    let platform = platforms?.first ?? .host
    let entry = top.descriptor
    let image = try library.store.image(entry, platform: platform)
    let before = try library.name(reference, entry)
    _ = consume hold
    return Outcome(digest: top.digest, image: image, wasUpToDate: before == entry.digest)
  }

  private static func choose(
    _ index: ImageIndex, _ platforms: [Platform]?, _ reference: Reference
  ) throws(ImageError) -> [ContentDescriptor] {
    guard let platforms else { return index.manifests.filter { $0.mediaType.isManifest } }
    var chosen: [ContentDescriptor] = []
    for platform in platforms {
      guard let manifest = index.manifest(for: platform) else {
        let there = index.manifests.compactMap(\.platform).filter { $0.os != "unknown" }.map(\.description)
        throw ImageError("pull \(reference): it is not for \(platform), but for \(there.joined(separator: ", "))")
      }
      chosen.append(manifest)
    }
    return chosen
  }

  /// One manifest's configuration and layers.
  private func fetch(
    _ manifest: ImageManifest, of reference: Reference, _ digest: Digest, _ hold: borrowing Hold
  ) async throws {
    let config = try await fetchConfig(manifest, of: reference, hold)
    guard let config else {
      // An artifact, an attestation say: its blobs are kept as they are.
      for blob in manifest.layers { try await fetchBlob(blob, of: reference, hold) }
      return
    }
    try LayerMaking.check(manifest, config, "pull \(reference)")
    let library = library
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (layer, diffID) in zip(manifest.layers, config.diffIDs) {
        observer.report(layer.digest.short, .waiting)
        let claims = try LayerClaims(layer, diffID, library, hold)
        let path = hold.newPath()
        group.addTask {
          try await downloads.pass {
            try await fetchLayer(layer, diffID, claims, of: reference, making: path)
          }
        }
      }
      try await group.waitForAll()
    }
    let id = manifest.config.digest
    try library.completeStack(id, config, hold)
  }

  private func fetchConfig(
    _ manifest: ImageManifest, of reference: Reference, _ hold: borrowing Hold
  ) async throws -> ImageConfig? {
    let descriptor = manifest.config
    let bytes: [UInt8]
    if try library.claimBlob(descriptor.digest, hold) {
      bytes = try library.store.blob(descriptor, limit: JSON.defaultLimit)
    } else {
      bytes = try await small(descriptor, of: reference)
      try library.write(bytes, hold: hold)
    }
    guard descriptor.mediaType.isConfig else { return nil }
    do { return try ImageConfig.load(bytes) } catch {
      throw ImageError("pull \(reference): configuration \(descriptor.digest): \(error)")
    }
  }

  /// A blob that fits into memory, verified.
  private func small(_ descriptor: ContentDescriptor, of reference: Reference) async throws -> [UInt8] {
    guard descriptor.size <= Int64(JSON.defaultLimit) else {
      throw ImageError("pull \(reference): a configuration of \(descriptor.size) bytes: at most \(JSON.defaultLimit)")
    }
    var bytes: [UInt8] = []
    try await client.blob(descriptor, of: reference) { chunk in bytes.append(contentsOf: chunk.readableBytesView) }
    guard bytes.count == Int(descriptor.size), ImageLibrary.digest(of: bytes) == descriptor.digest else {
      throw ImageError("pull \(reference): \(descriptor.digest): the registry sent something else")
    }
    return bytes
  }

  private func fetchBlob(
    _ descriptor: ContentDescriptor, of reference: Reference, _ hold: borrowing Hold
  ) async throws {
    let claims = try LayerClaims(descriptor, nil, library, hold)
    try await fetchLayer(descriptor, nil, claims, of: reference, making: hold.newPath())
  }

  private func fetchLayer(
    _ descriptor: ContentDescriptor, _ diffID: Digest?, _ claims: LayerClaims, of reference: Reference,
    making path: String
  ) async throws {
    let item = descriptor.digest.short
    if claims.hasBlob, claims.hasLayer || diffID == nil { return observer.report(item, .exists) }
    let making = LayerMaking(library: library, path: path)
    if claims.hasBlob, let diffID {
      observer.report(item, .unpacking)
      try await Blocking.run { try making.unpack(blob: descriptor, as: diffID) }
    } else {
      // Another pull may be at it: then this waits, and finds it here.
      let part = try await Blocking.run { [library] in try PartialDownload(descriptor, library) }
      if let part { try await download(part, diffID, claims, making, of: reference) }
    }
    observer.report(item, .done)
  }

  private func download(
    _ part: PartialDownload, _ diffID: Digest?, _ claims: LayerClaims, _ making: LayerMaking, of reference: Reference
  ) async throws {
    let descriptor = part.descriptor
    let item = descriptor.digest.short
    let arriving = part.arriving
    let wanted = claims.hasLayer ? nil : diffID
    async let made: LayerMaking.Made? = Blocking.run {
      do {
        return try making.make(ArrivingBlob.Reader(arriving), blob: descriptor, as: wanted)
      } catch {
        // A full disk, say. If it is the content, only all of it shows whether it is what was asked for.
        if ImageError(error).errno != nil { arriving.abandon() }
        throw error
      }
    }
    do {
      let observer = observer
      try await client.blob(descriptor, of: reference, from: arriving.received) { chunk in
        try chunk.readableBytesView.withUnsafeBytes { try arriving.append($0) }
        observer.report(item, .downloading(arriving.received, of: descriptor.size))
      }
      arriving.finish()
    } catch {
      arriving.finish("\(ImageError(error))")
      // If the reader gave up, it knows why.
      _ = try await made
      throw error
    }
    observer.report(item, .unpacking)
    do {
      let made = try await made
      try part.commit()
      try await Blocking.run { try making.commit(made) }
    } catch {
      // What cannot be unpacked may not be what was asked for: then the next pull begins anew.
      let isRight = try await Blocking.run { try part.isRight() }
      if !isRight {
        part.discard()
        throw ImageError("pull \(reference): \(descriptor.digest): the registry sent something else")
      }
      throw error
    }
  }
}

extension ImageLibrary {
  /// Gives a name to what is complete and synced.
  ///
  /// - Returns: what the name stood for before.
  func name(_ reference: Reference?, _ entry: ContentDescriptor) throws(ImageError) -> Digest? {
    try sync()
    return try changeNames { (names) throws(ImageError) in
      let before = reference.flatMap { names.entry($0)?.digest }
      names.set(reference, entry)
      return before
    }
  }
}
