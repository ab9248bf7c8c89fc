internal import Glibc
internal import Kernel
internal import Layers
internal import OCI
internal import Store

/// Stores the images of what `docker save` and its like write: `manifest.json`, configurations, and the layers' archives.
///
/// Such an archive has no manifests: they are made here, over the layers as they are, compressed or not.
struct DockerArchiveLoad {
  let library: ImageLibrary
  let observer: any TransferObserver
  let source: ArchiveDirectory

  private static let mostImages = 10_000

  /// One image of the archive.
  private struct Item {
    var config: String
    var names: [String]
    var layers: [String]

    init?(_ json: JSON) {
      guard let config = json["Config"]?.string else { return nil }
      self.config = config
      names = json["RepoTags"]?.elements?.compactMap(\.string) ?? []
      layers = json["Layers"]?.elements?.compactMap(\.string) ?? []
    }
  }

  func callAsFunction(_ hold: borrowing Hold) throws(ImageError) -> [Load.Loaded] {
    let bytes = try source.document("manifest.json")
    let json: JSON
    do throws(JSONError) {
      json = try JSON.parse(bytes, limit: 64 << 20)
    } catch {
      throw ImageError("manifest.json: \(error)")
    }
    guard let elements = json.elements, elements.count <= Self.mostImages else {
      throw ImageError("manifest.json: expected an array of images")
    }
    var loaded: [Load.Loaded] = []
    for element in elements {
      guard let item = Item(element) else { throw ImageError("manifest.json: an image without Config and Layers") }
      loaded += try take(item, hold)
    }
    return loaded
  }

  private func take(_ item: Item, _ hold: borrowing Hold) throws(ImageError) -> [Load.Loaded] {
    let bytes = try source.document(item.config, limit: JSON.defaultLimit)
    let config: ImageConfig
    do throws(SpecFaults) { config = try ImageConfig.load(bytes) } catch {
      throw ImageError("\(item.config): \(error)")
    }
    guard config.diffIDs.count == item.layers.count else {
      throw ImageError("manifest.json has \(item.layers.count) layers, \(item.config) \(config.diffIDs.count)")
    }
    var layers: [ContentDescriptor] = []
    for (path, diffID) in zip(item.layers, config.diffIDs) { layers.append(try takeLayer(path, diffID, hold)) }
    let id = try library.write(bytes, hold: hold)
    let manifest = ImageManifest(
      config: ContentDescriptor(.config, id, size: Int64(bytes.count)), layers: layers)
    let manifestBytes = manifest.json.bytes()
    let digest = try library.write(manifestBytes, hold: hold)
    try library.completeStack(id, config, hold)
    let entry = ContentDescriptor(.manifest, digest, size: Int64(manifestBytes.count))
    let names = item.names.compactMap { try? Reference(parsing: $0) }
    if names.isEmpty { _ = try library.name(nil, entry) }
    for name in names { _ = try library.name(name, entry) }
    return names.isEmpty ? [Load.Loaded(name: nil, id: id)] : names.map { Load.Loaded(name: $0, id: id) }
  }

  /// - Returns: the descriptor of the blob that the file becomes.
  private func takeLayer(
    _ path: String, _ diffID: Digest, _ hold: borrowing Hold
  ) throws(ImageError) -> ContentDescriptor {
    // Under the name that its blob has if it is not compressed.
    let hasLayer = try LayerClaims(ContentDescriptor(.layer, diffID, size: 0), diffID, library, hold).hasLayer
    observer.report(diffID.short, hasLayer ? .exists : .unpacking)
    let making = LayerMaking(library: library, path: hold.newPath())
    let expected = LayerExpectation(diffHash: diffID.bytes)
    let file = try source.file(path)
    let (made, facts): (LayerMaking.Made?, LayerFacts)
    if hasLayer {
      do throws(LayerError) {
        var sink = NoForm()
        (made, facts) = (nil, try LayerUnpacker.unpack(FileSource(file, name: path), expecting: expected, into: &sink))
      } catch {
        throw ImageError("layer \(path): \(error)", errno: error.errno)
      }
    } else {
      (made, facts) = try making.unpack(FileSource(file, name: path), "layer \(path)", expected)
    }
    let blob = ContentDescriptor(
      facts.compression.mediaType, Digest(sha256: facts.blobHash), size: Int64(facts.blobSize))
    let claims = try LayerClaims(blob, diffID, library, hold)
    if !claims.hasBlob {
      let copy = hold.newPath()
      try source.copy(path, to: copy)
      try library.syncFile(copy)
      try library.commitBlob(copy, as: blob.digest)
    }
    try making.commit(made)
    if !hasLayer { observer.report(diffID.short, .done) }
    return blob
  }
}

/// A layer that is only read: it is unpacked already.
private struct NoForm: LayerSink {
  mutating func begin(_ entry: TarEntry) {}
  mutating func data(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) {}
  mutating func end() {}
  mutating func finish() {}
}

extension Compression {
  /// What a layer that is compressed like this is called.
  var mediaType: MediaType {
    switch self {
    case .none: .layer
    case .gzip: .layerGzip
    case .zstd: .layerZstd
    }
  }
}
