internal import Glibc
internal import Kernel
internal import OCI
internal import Store

/// An image that is made here, of layers that are in the store.
struct NewImage {
  var config: ImageConfig
  var layers: [ContentDescriptor]
  var mediaType = MediaType.manifest

  init(config: ImageConfig, layers: [ContentDescriptor]) {
    self.config = config
    self.layers = layers
  }

  /// One that goes on where another ends.
  init(from image: StoredImage) {
    config = image.config
    layers = image.manifest.layers
    mediaType = image.manifest.mediaType
  }

  /// Puts a layer on top.
  mutating func add(_ layer: NewLayer, _ entry: HistoryEntry) {
    var blob = layer.blob
    // A manifest of docker's speaks of docker's types throughout.
    if mediaType == .dockerManifest, blob.mediaType == .layerGzip { blob.mediaType = .dockerLayer }
    layers.append(blob)
    config.diffIDs.append(layer.diffID)
    config.history.append(entry)
  }

  /// Stores it.
  ///
  /// - Parameter name: `nil` makes an image without a name.
  /// - Returns: the image's id.
  func store(_ name: Reference?, in library: ImageLibrary, _ hold: borrowing Hold) throws(ImageError) -> Digest {
    let (id, descriptor) = try store(in: library, hold)
    _ = try library.name(name, descriptor)
    return id
  }

  /// Stores it, not yet as an image that there is.
  ///
  /// - Returns: its id, and what names lead to.
  func store(
    in library: ImageLibrary, _ hold: borrowing Hold
  ) throws(ImageError) -> (id: Digest, descriptor: ContentDescriptor) {
    let bytes = config.json.bytes()
    let id = try library.write(bytes, hold: hold)
    let type = mediaType == .dockerManifest ? MediaType.dockerConfig : .config
    var manifest = ImageManifest(
      mediaType: mediaType, config: ContentDescriptor(type, id, size: Int64(bytes.count)), layers: layers)
    manifest.annotations = [:]
    let manifestBytes = manifest.json.bytes()
    let digest = try library.write(manifestBytes, hold: hold)
    try library.completeStack(id, config, hold)
    return (id, ContentDescriptor(mediaType, digest, size: Int64(manifestBytes.count)))
  }

  /// Now, or what SOURCE_DATE_EPOCH says, for images that come out the same each time.
  static var now: Timestamp {
    if let text = getenv("SOURCE_DATE_EPOCH"), let seconds = Int64(String(cString: text)) {
      return Timestamp(seconds: seconds)
    }
    return .now
  }
}
