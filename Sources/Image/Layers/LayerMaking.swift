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

  /// The same with a blob in a file, which has not been looked at yet.
  func make(_ blob: ContentDescriptor, from path: String, as diffID: Digest?) throws(ImageError) -> Made? {
    let file = try rethrowing { () throws(SystemError) in try Descriptor.open(path, O_RDONLY | O_NOFOLLOW) }
    // Unpacking compares a SHA-256 on the way.
    if let diffID, blob.digest.algorithm == .sha256 { return try unpack(FileSource(file), blob, diffID) }
    guard try BlobCheck.matches(file.number, blob) else {
      throw ImageError("\(blob.digest): the content has another digest or size")
    }
    guard let diffID else { return nil }
    return try unpack(FileSource(file), blob, diffID)
  }

  /// Unpacks a blob that is in the store.
  func unpack(blob: ContentDescriptor, as diffID: Digest) throws(ImageError) {
    let file = try rethrowing { () throws(SystemError) in
      try Descriptor.open(library.layout.blob(blob.digest), O_RDONLY | O_NOFOLLOW)
    }
    try commit(try unpack(FileSource(file), blob, diffID))
  }

  /// Unpacks a blob of the store as a directory, whatever the host could do.
  func unpackDirectory(blob: ContentDescriptor, as diffID: Digest) throws(ImageError) -> Made {
    do throws(LayerError) {
      let file: Descriptor
      do throws(SystemError) {
        try Directories.make(path)
        file = try Descriptor.open(library.layout.blob(blob.digest), O_RDONLY | O_NOFOLLOW)
      } catch {
        throw LayerError(error)
      }
      return try makeDirectory(FileSource(file), LayerExpectation(diffHash: diffID.bytes)).made
    } catch {
      throw ImageError("layer \(blob.digest): \(error)", errno: error.errno)
    }
  }

  /// Unpacks a blob of the store again, and puts it in the place of a layer that is damaged.
  func replace(blob: ContentDescriptor, as diffID: Digest, _ hold: borrowing Hold) throws(ImageError) {
    let file = try rethrowing { () throws(SystemError) in
      try Descriptor.open(library.layout.blob(blob.digest), O_RDONLY | O_NOFOLLOW)
    }
    let made = try unpack(FileSource(file), blob, diffID)
    let lock = try rethrowing { () throws(StoreError) in try StoreLock(library.layout, .exclusive) }
    _ = rename(library.layout.layer(diffID), hold.newPath())
    try commit(made)
    _ = consume lock
  }

  private func unpack<Source: ByteSource & ~Copyable>(
    _ source: consuming Source, _ blob: ContentDescriptor, _ diffID: Digest
  ) throws(ImageError) -> Made {
    let expected = LayerExpectation(
      blobHash: blob.digest.algorithm == .sha256 ? blob.digest.bytes : nil, blobSize: UInt64(blob.size),
      diffHash: diffID.bytes)
    return try unpack(source, "layer \(blob.digest)", expected).made
  }

  /// Unpacks bytes in the form that suits the host; what is unpacked is gone again if they are not what was expected.
  ///
  /// - Parameter subject: for messages.
  func unpack<Source: ByteSource & ~Copyable>(
    _ source: consuming Source, _ subject: String, _ expected: LayerExpectation
  ) throws(ImageError) -> (made: Made, facts: LayerFacts) {
    do throws(LayerError) {
      do throws(SystemError) { try Directories.make(path) } catch { throw LayerError(error) }
      return try LayerForms.mayMount(in: path)
        ? try makeFilesystem(source, expected) : try makeDirectory(source, expected)
    } catch {
      discard()
      throw ImageError("\(subject): \(error)", errno: error.errno)
    }
  }

  private func makeDirectory<Source: ByteSource & ~Copyable>(
    _ source: consuming Source, _ expected: LayerExpectation
  ) throws(LayerError) -> (made: Made, facts: LayerFacts) {
    let root = try Self.makeRoot("\(path)/\(LayerRecord.Form.directory.fileName)")
    var sink = try DirectorySink(root: root)
    let facts = try LayerUnpacker.unpack(source, expecting: expected, into: &sink)
    var record = LayerRecord(
      facts, form: .directory, impliedDirectories: sink.result.impliedDirectories, impliesRoot: sink.result.impliesRoot,
      hidesAllBelow: sink.result.isOpaque)
    record.lowerLinks = sink.result.lowerLinks
    return (Made(record: record), facts)
  }

  private static func makeRoot(_ place: String) throws(LayerError) -> Descriptor {
    do throws(SystemError) {
      try Directories.make(place)
      // Until the archive says otherwise.
      guard chmod(place, 0o755) == 0 else { throw SystemError("set mode of", place) }
      return try Descriptor.open(place, O_RDONLY | O_DIRECTORY)
    } catch {
      throw LayerError(error)
    }
  }

  /// Falls back to a directory when the layer does not suit the form: the archive is in the file then.
  private func makeFilesystem<Source: ByteSource & ~Copyable>(
    _ source: consuming Source, _ expected: LayerExpectation
  ) throws(LayerError) -> (made: Made, facts: LayerFacts) {
    let place = "\(path)/\(LayerRecord.Form.filesystem.fileName)"
    let file: Descriptor
    do throws(SystemError) {
      file = try Descriptor.open(place, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
    } catch {
      throw LayerError(error)
    }
    var sink = ErofsSink(file: file.number)
    let facts = try LayerUnpacker.unpack(source, expecting: expected, into: &sink)
    guard let obstacle = sink.result.obstacle else {
      var record = LayerRecord(
        facts, form: .filesystem, impliedDirectories: sink.result.impliedDirectories,
        impliesRoot: sink.result.impliesRoot, hidesAllBelow: sink.result.isOpaque)
      record.lowerLinks = sink.result.lowerLinks
      do throws(SystemError) {
        record.metadata = try LayerCheck.metadataDigest(of: file, archiveSize: facts.archiveSize)
      } catch {
        throw LayerError(error)
      }
      return (Made(record: record), facts)
    }
    if LayerForms.wanted == .filesystem { throw LayerError(obstacle) }
    let archive = FileRangeSource(file, from: ErofsSink.archiveOffset, count: facts.archiveSize)
    let made = try makeDirectory(archive, LayerExpectation(diffHash: facts.diffHash)).made
    unlink(place)
    return (made, facts)
  }

  /// Syncs it, and gives it its name. If another process was faster, its layer stays: they are the same.
  func commit(_ made: Made?) throws(ImageError) {
    guard let made else { return }
    let description = "\(path)/\(LayerRecord.fileName)"
    try library.write(made.record.json.text(), to: description, by: description + ".new")
    let directory = try rethrowing { () throws(SystemError) in
      try Descriptor.open(path, O_RDONLY | O_DIRECTORY)
    }
    // Of a file it is enough to sync that; a directory has too many.
    if made.record.form == .filesystem {
      try library.syncFile("\(path)/\(made.record.form.fileName)")
    } else if clinux_syncfs(directory.number) != 0 {
      throw ImageError(SystemError("sync layer", "\(made.record.diffID)"))
    }
    let place = library.layout.layer(made.record.diffID)
    if rename(path, place) == 0 { return }
    let failure = SystemError("store layer", "\(made.record.diffID)")
    discard()
    guard failure.errno == .exists || failure.errno == Errno(ENOTEMPTY) else { throw ImageError(failure) }
  }

  /// What was made is not needed.
  func discard() { library.discard(path) }
}

extension ImageLibrary {
  /// Removes what was being made.
  func discard(_ path: String) {
    guard let making = try? Descriptor.open(layout.making, O_RDONLY | O_DIRECTORY) else { return }
    try? TreeRemoval.remove(path.droppingPrefix(layout.making), at: making.number)
  }
}
