internal import OCI
internal import Store

/// All that the images of a store consist of, each once.
struct Catalogue {
  private(set) var blobs: [ContentDescriptor] = []
  /// The unpacked layers, with the blobs that they are made of.
  private(set) var layers: [(diffID: Digest, blob: ContentDescriptor)] = []
  private(set) var configs: [(id: Digest, config: ImageConfig)] = []
  private var seen: Set<Digest> = []

  /// Of the images that have a place in the index. All of it stays until the hold goes.
  init(_ library: ImageLibrary, _ hold: borrowing Hold) throws(ImageError) {
    let names = try rethrowing { () throws(StoreError) in try ImageNames(reading: library.layout) }
    for entry in names.index.manifests {
      try library.claim(entry, hold)
      add(entry, library, isTop: true)
    }
  }

  /// - Parameter isTop: it must be there; manifests for other platforms need not.
  private mutating func add(_ descriptor: ContentDescriptor, _ library: ImageLibrary, isTop: Bool) {
    guard seen.insert(descriptor.digest).inserted else { return }
    let document = try? library.store.document(descriptor)
    if document == nil, !isTop { return }
    blobs.append(descriptor)
    switch document {
    case .index(let index): for child in index.manifests { add(child, library, isTop: false) }
    case .manifest(let manifest): add(manifest, library)
    case nil: return
    }
  }

  private mutating func add(_ manifest: ImageManifest, _ library: ImageLibrary) {
    for blob in [manifest.config] + manifest.layers where seen.insert(blob.digest).inserted { blobs.append(blob) }
    guard manifest.config.mediaType.isConfig,
      let bytes = try? library.store.blob(manifest.config, limit: JSON.defaultLimit),
      let config = try? ImageConfig.load(bytes), config.diffIDs.count == manifest.layers.count
    else { return }
    if !configs.contains(where: { $0.id == manifest.config.digest }) {
      configs.append((manifest.config.digest, config))
    }
    for (blob, diffID) in zip(manifest.layers, config.diffIDs) where !layers.contains(where: { $0.diffID == diffID }) {
      layers.append((diffID, blob))
    }
  }
}
