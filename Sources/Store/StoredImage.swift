public import OCI

/// An image in the store, for one platform.
public struct StoredImage: Sendable, Equatable {
  /// The entry of the store's index: a manifest, or an index over several platforms.
  public var entry: ContentDescriptor
  /// The manifest for the platform.
  public var descriptor: ContentDescriptor
  public var manifest: ImageManifest
  public var config: ImageConfig

  /// The image's id, as docker has it: the digest of its configuration.
  public var id: Digest { manifest.config.digest }
  /// Its full name; `nil` when it lost it.
  public var name: String? { ImageNames.name(of: entry) }

  /// What a container of it needs of the store: names relative to it. The layers' blobs too: what `commit` makes of it must be
  /// complete, also when the image was removed.
  public var uses: [String] {
    let layout = StoreLayout("")
    let names = [layout.blob(descriptor.digest), layout.blob(id), layout.stack(id)]
    let layers = manifest.layers.map { layout.blob($0.digest) } + config.diffIDs.map { layout.layer($0) }
    return (names + layers).map { String($0.dropFirst()) }
  }
}
