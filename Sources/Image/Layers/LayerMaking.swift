internal import CLinux
internal import Glibc
internal import Kernel
internal import Layers
internal import OCI
internal import Store

/// Unpacks one layer: to a place of its own, then, complete and synced, to its name.
struct LayerMaking: Sendable {
  let library: ImageLibrary
  /// Where it is made.
  let path: String

  /// A layer that is complete but for its name.
  struct Made: Sendable {
    var record: LayerRecord
  }

  /// What can be told of an image's layers before any is fetched.
  static func check(_ manifest: ImageManifest, _ config: ImageConfig, _ step: String) throws(ImageError) {
    guard manifest.layers.count == config.diffIDs.count else {
      throw ImageError(
        "\(step): the manifest has \(manifest.layers.count) layers, the configuration \(config.diffIDs.count)")
    }
    for layer in manifest.layers {
      if let fault = layer.mediaType.layerFault { throw ImageError("\(step): layer \(layer.digest): \(fault)") }
    }
  }

  /// Reads a blob to its end and compares its digests.
  ///
  /// - Parameter diffID: of the layer that is made of it; `nil` makes none, and the bytes may be anything.
  func make(
    _ source: ArrivingBlob.Reader, blob: ContentDescriptor, as diffID: Digest?
  ) throws(ImageError) -> Made? {
    guard let diffID else {
      try BlobCheck.check(source, blob)
      return nil
    }
    return try unpack(source, blob, diffID)
  }

  /// Unpacks a blob that is in the store.
  func unpack(blob: ContentDescriptor, as diffID: Digest) throws(ImageError) {
    let file = try image { () throws(SystemError) in
      try Descriptor.open(library.layout.blob(blob.digest), O_RDONLY | O_NOFOLLOW)
    }
    let arriving = ArrivingBlob(blob, file: file.number, received: blob.size)
    arriving.finish()
    try commit(try unpack(ArrivingBlob.Reader(arriving), blob, diffID))
  }

  private func unpack(
    _ source: ArrivingBlob.Reader, _ blob: ContentDescriptor, _ diffID: Digest
  ) throws(ImageError) -> Made {
    do {
      return try unpack(source, blob, diffID, form: .directory)
    } catch {
      remove()
      throw ImageError("layer \(blob.digest): \(error)", errno: error.errno)
    }
  }

  private func unpack(
    _ source: ArrivingBlob.Reader, _ blob: ContentDescriptor, _ diffID: Digest, form: LayerRecord.Form
  ) throws(ImageError) -> Made {
    let place = "\(path)/\(form.fileName)"
    return try image { () throws(LayerError) in
      var sink = try Self.directorySink(place)
      let facts = try LayerUnpacker.unpack(
        source,
        expecting: LayerExpectation(
          blobHash: blob.digest.bytes, blobSize: UInt64(blob.size), diffHash: diffID.bytes), into: &sink)
      return Made(
        record: LayerRecord(
          diffID: diffID, form: form, size: facts.archiveSize, entries: facts.entries,
          impliedDirectories: sink.result.impliedDirectories.map { String(decoding: $0, as: UTF8.self) },
          hidesAllBelow: sink.result.isOpaque))
    }
  }

  private static func directorySink(_ place: String) throws(LayerError) -> DirectorySink {
    let root: Descriptor
    do throws(SystemError) {
      try Directories.make(place)
      root = try Descriptor.open(place, O_RDONLY | O_DIRECTORY)
    } catch {
      throw LayerError(error)
    }
    return try DirectorySink(root: root)
  }

  /// Syncs it, and gives it its name. If another process was faster, its layer stays: they are the same.
  func commit(_ made: Made?) throws(ImageError) {
    guard let made else { return }
    try library.replace("\(path)/\(LayerRecord.fileName)", made.record.json.text())
    let directory = try image { () throws(SystemError) in
      try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
    }
    guard clinux_syncfs(directory.number) == 0 else {
      throw ImageError(SystemError("sync layer", "\(made.record.diffID)"))
    }
    let place = library.layout.layer(made.record.diffID)
    if rename(path, place) == 0 { return }
    let failure = SystemError("store layer", "\(made.record.diffID)")
    remove()
    guard failure.errno == .exists || failure.errno == Errno(ENOTEMPTY) else { throw ImageError(failure) }
  }

  private func remove() {
    guard let making = try? Descriptor.open(library.layout.making, O_RDONLY | O_DIRECTORY) else { return }
    try? TreeRemoval.remove(path.droppingPrefix(library.layout.making), at: making.number)
  }
}
