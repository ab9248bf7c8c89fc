internal import OCI
internal import Store

/// What an image consists of in the store: names relative to it.
struct Reachable {
  let store: ImageStore
  private(set) var names: Set<String> = []

  private var layout: StoreLayout { store.layout }

  init(_ store: ImageStore) { self.store = store }

  /// An entry of the index with all that it leads to, as far as it is here. A manifest that cannot be read keeps
  /// itself: what it leads to is not known, so what it needs may go and is fetched again.
  mutating func add(_ descriptor: ContentDescriptor) {
    guard names.insert(descriptor.digest.blobPath).inserted else { return }
    guard descriptor.mediaType.isIndex || descriptor.mediaType.isManifest,
      let document = try? store.document(descriptor)
    else { return }
    switch document {
    case .index(let index): for child in index.manifests { add(child) }
    case .manifest(let manifest): add(manifest)
    }
  }

  private mutating func add(_ manifest: ImageManifest) {
    names.insert(manifest.config.digest.blobPath)
    for layer in manifest.layers { names.insert(layer.digest.blobPath) }
    guard manifest.config.mediaType.isConfig,
      let bytes = try? store.blob(manifest.config, limit: JSON.defaultLimit), let config = try? ImageConfig.load(bytes)
    else { return }
    names.insert(layout.stack(manifest.config.digest).droppingPrefix(layout.path))
    for diffID in config.diffIDs { names.insert(layout.layer(diffID).droppingPrefix(layout.path)) }
  }

  mutating func add(_ names: some Sequence<String>) { self.names.formUnion(names) }
}

extension ImageLibrary {
  /// Keeps all that an image consists of until the hold goes.
  func claim(_ entry: ContentDescriptor, _ hold: borrowing Hold) throws(ImageError) {
    var reachable = Reachable(store)
    reachable.add(entry)
    let names = reachable.names.sorted()
    try rethrowing { () throws(StoreError) in try hold.claim(names) { () throws(StoreError) in () } }
  }
}
