internal import Glibc
internal import Kernel
internal import Layers
internal import OCI
internal import Store

/// A layer that is made here: its blob, and the layer unpacked.
struct NewLayer {
  var blob: ContentDescriptor
  var diffID: Digest
}

extension ImageLibrary {
  /// Stores what a body writes as a layer.
  ///
  /// - Parameter write: writes the archive.
  func makeLayer(
    _ compression: LayerCompression = .gzip(), hold: borrowing Hold,
    _ write: (any ByteSink) throws(ImageError) -> Void
  ) throws(ImageError) -> NewLayer {
    let path = hold.newPath()
    do throws(ImageError) {
      let file = try rethrowing { () throws(SystemError) in
        try Descriptor.open(path, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
      }
      let writer = try rethrowing { () throws(LayerError) in try LayerWriter(to: file.number, compression: compression)
      }
      try write(writer)
      let written = try rethrowing { () throws(LayerError) in try writer.finish() }
      guard fsync(file.number) == 0 else { throw ImageError(SystemError("sync layer", written.digest)) }
      return try adopt(path, written, compression, hold)
    } catch {
      unlink(path)
      throw error
    }
  }

  private func adopt(
    _ path: String, _ written: WrittenLayer, _ compression: LayerCompression, _ hold: borrowing Hold
  ) throws(ImageError) -> NewLayer {
    let (digest, diffID): (Digest, Digest)
    do throws(InvalidDigest) {
      (digest, diffID) = (try Digest(validating: written.digest), try Digest(validating: written.diffID))
    } catch {
      throw ImageError("\(error)")
    }
    let blob = ContentDescriptor(compression.mediaType, digest, size: Int64(written.size))
    let claims = try LayerClaims(blob, diffID, self, hold)
    if claims.hasBlob { unlink(path) } else { try commitBlob(path, as: digest) }
    if !claims.hasLayer { try LayerMaking(library: self, path: hold.newPath()).unpack(blob: blob, as: diffID) }
    return NewLayer(blob: blob, diffID: diffID)
  }
}

extension LayerCompression {
  var mediaType: MediaType {
    switch self {
    case .none: Compression.none.mediaType
    case .gzip: Compression.gzip.mediaType
    case .zstd: Compression.zstd.mediaType
    }
  }
}
