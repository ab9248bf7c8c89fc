internal import Glibc
internal import Kernel
internal import Layers
internal import OCI
internal import Store

/// Writes image archives entry by entry.
struct LayoutWriter: ~Copyable {
  private var tar: TarWriter
  private let library: ImageLibrary
  private var written: Set<String> = []

  init(_ tar: consuming TarWriter, _ library: ImageLibrary) {
    self.tar = tar
    self.library = library
  }

  /// The names of an index's entries in an archive.
  static func entries(_ items: [Save.Item], _ descriptor: (Save.Item) -> ContentDescriptor) -> [ContentDescriptor] {
    items.flatMap { item -> [ContentDescriptor] in
      var plain = descriptor(item)
      plain.annotations = [:]
      if item.names.isEmpty { return [plain] }
      return item.names.map { name in
        var entry = plain
        // docker and containerd read the first, others the second.
        entry.annotations = ["io.containerd.image.name": name.description, ImageNames.nameKey: name.description]
        return entry
      }
    }
  }

  mutating func addLayout(_ items: [Save.Item]) throws(ImageError) {
    for item in items {
      for blob in Reachable.blobs(of: item.image.entry, in: library) {
        try add(file: "\(library.layout.path)/\(blob)", as: blob)
      }
    }
    let index = ImageIndex(manifests: Self.entries(items) { $0.image.entry })
    try addIndex(index)
  }

  /// docker's archive and an OCI layout in one, over the same decompressed layers.
  mutating func addDockerArchive(_ items: [Save.Item]) throws(ImageError) {
    var documents: [JSON] = []
    var manifests: [Digest: ContentDescriptor] = [:]
    for item in items {
      let image = item.image
      let config = image.id.blobPath
      try add(file: "\(library.layout.path)/\(config)", as: config)
      var layers: [ContentDescriptor] = []
      for (blob, diffID) in zip(image.manifest.layers, image.config.diffIDs) {
        let size = try addArchive(of: blob, diffID)
        layers.append(ContentDescriptor(.layer, diffID, size: size))
      }
      let manifest = ImageManifest(
        config: ContentDescriptor(.config, image.id, size: image.manifest.config.size), layers: layers)
      let bytes = manifest.json.bytes()
      let digest = ImageLibrary.digest(of: bytes)
      try add(bytes, as: digest.blobPath)
      manifests[image.id] = ContentDescriptor(.manifest, digest, size: Int64(bytes.count))
      documents.append(
        .object([
          JSON.Member("Config", .string(config)), JSON.Member("RepoTags", .strings(item.names.map(\.familiar))),
          JSON.Member("Layers", .strings(image.config.diffIDs.map(\.blobPath))),
        ]))
    }
    try add(JSON.array(documents).bytes(), as: "manifest.json")
    try addIndex(ImageIndex(manifests: Self.entries(items) { manifests[$0.image.id] ?? $0.image.entry }))
  }

  private mutating func addIndex(_ index: ImageIndex) throws(ImageError) {
    try add(Array(StoreLayout.markerText.utf8), as: "oci-layout")
    try add(index.json.bytes(), as: "index.json")
  }

  mutating func finish() throws(ImageError) {
    do throws(LayerError) { try tar.finish() } catch { throw ImageError(error) }
  }

  private mutating func add(_ bytes: [UInt8], as name: String) throws(ImageError) {
    guard written.insert(name).inserted else { return }
    do throws(LayerError) {
      try tar.add(TarEntry(kind: .file, path: Array(name.utf8), size: UInt64(bytes.count)))
      try tar.write(data: bytes)
    } catch {
      throw ImageError(error)
    }
  }

  private mutating func add(file path: String, as name: String) throws(ImageError) {
    guard written.insert(name).inserted else { return }
    do throws(SystemError) {
      let file = try Descriptor.open(path, O_RDONLY | O_NOFOLLOW)
      var status = stat()
      guard fstat(file.number, &status) == 0 else { throw SystemError("read", name) }
      try copy(FileRangeSource(file, from: 0, count: UInt64(status.st_size)), UInt64(status.st_size), name)
    } catch {
      throw ImageError(error)
    }
  }

  private mutating func copy(_ source: consuming FileRangeSource, _ size: UInt64, _ name: String) throws(SystemError) {
    var source = source
    do throws(LayerError) {
      try tar.add(TarEntry(kind: .file, path: Array(name.utf8), size: size))
      try source.readAll { (bytes) throws(LayerError) in try tar.write(data: bytes) }
    } catch {
      throw SystemError.refusal(error.description)
    }
  }

  /// A layer's archive, decompressed.
  ///
  /// - Returns: its size.
  private mutating func addArchive(of blob: ContentDescriptor, _ diffID: Digest) throws(ImageError) -> Int64 {
    let name = diffID.blobPath
    guard let record = library.layerRecord(diffID) else {
      throw ImageError("layer \(diffID) is not unpacked: run 'swiftcr image verify --repair'")
    }
    guard written.insert(name).inserted else { return Int64(record.size) }
    do throws(LayerError) {
      try tar.add(TarEntry(kind: .file, path: Array(name.utf8), size: record.size))
      let file: Descriptor
      do throws(SystemError) {
        file = try Descriptor.open(library.layout.blob(blob.digest), O_RDONLY | O_NOFOLLOW)
      } catch {
        throw LayerError(error)
      }
      try LayerArchive.read(FileSource(file)) { (bytes) throws(LayerError) in try tar.write(data: bytes) }
    } catch {
      throw ImageError(error)
    }
    return Int64(record.size)
  }
}
