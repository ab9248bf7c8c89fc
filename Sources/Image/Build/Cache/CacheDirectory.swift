internal import Glibc
internal import Kernel
internal import Layers
internal import OCI
internal import Store

/// A cache outside of the store, `--cache-to` and `--cache-from`: records by their keys, and the layers that they name,
/// compressed.
///
/// ```
/// swiftcr-build-cache      the format's number
/// steps/HEX                a record, as in the store
/// blobs/sha256/HEX         a layer
/// ```
struct CacheDirectory: Sendable {
  let path: String

  private static let version = "1\n"

  // MARK: From

  /// Takes a step over into the store: its layer is unpacked, and both digests compared.
  ///
  /// - Returns: `nil` when it is not there; what is damaged is not there.
  func take(_ key: Digest, _ library: ImageLibrary, _ hold: borrowing Hold) -> StepRecord? {
    guard let bytes = try? readFile("\(path)/steps/\(key.hex)", limit: StepRecord.longest),
      let record = StepRecord(bytes)
    else { return nil }
    guard let layer = record.layer else { return record }
    do throws(ImageError) {
      let claims = try LayerClaims(layer.blob, layer.diffID, library, hold)
      if !claims.hasBlob {
        let copy = hold.newPath()
        try rethrowing { () throws(SystemError) in
          let source = try Descriptor.open("\(path)/\(layer.blob.digest.blobPath)", O_RDONLY | O_NOFOLLOW)
          let target = try Descriptor.open(copy, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
          try source.copyAll(to: target, subject: copy)
          EarlyWriteback.begin(target)
        }
        do throws(ImageError) {
          let making = LayerMaking(library: library, path: hold.newPath())
          // Also a layer that is here: that the two belong together is what the record says.
          let made = try making.make(layer.blob, from: copy, as: layer.diffID)
          try library.syncFile(copy)
          try library.commitBlob(copy, as: layer.blob.digest)
          if claims.hasLayer { making.discard() } else { try making.commit(made) }
        } catch {
          unlink(copy)
          throw error
        }
      } else if !claims.hasLayer {
        try LayerMaking(library: library, path: hold.newPath()).unpack(blob: layer.blob, as: layer.diffID)
      }
      return record
    } catch {
      return nil
    }
  }

  // MARK: To

  /// Writes what a build used and made. What is there already stays.
  func put(_ records: [(key: Digest, record: StepRecord)], _ library: ImageLibrary) throws(ImageError) {
    try rethrowing { () throws(SystemError) in
      for directory in ["steps", "blobs/sha256"] { try Directories.make("\(path)/\(directory)") }
      try write(Array(Self.version.utf8), to: "swiftcr-build-cache")
      for (key, record) in records {
        if let layer = record.layer { try copy(layer.blob.digest, library) }
        // After its layer: who reads it meanwhile finds that.
        try write(record.json.bytes(), to: "steps/\(key.hex)")
      }
    }
  }

  private func copy(_ blob: Digest, _ library: ImageLibrary) throws(SystemError) {
    let place = "\(path)/\(blob.blobPath)"
    if access(place, F_OK) == 0 { return }
    let temporary = "\(place).\(Hold.newName())"
    do throws(SystemError) {
      let source = try Descriptor.open(library.layout.blob(blob), O_RDONLY)
      let target = try Descriptor.open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
      try source.copyAll(to: target, subject: place)
      guard rename(temporary, place) == 0 else { throw SystemError("write cache", place) }
    } catch {
      unlink(temporary)
      throw error
    }
  }

  private func write(_ bytes: [UInt8], to name: String) throws(SystemError) {
    let temporary = "\(path)/\(name).\(Hold.newName())"
    let file = try Descriptor.open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o644)
    try file.writeAll(bytes, subject: name)
    guard rename(temporary, "\(path)/\(name)") == 0 else { throw SystemError("write cache", name) }
  }
}
