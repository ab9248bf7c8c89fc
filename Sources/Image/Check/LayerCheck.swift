internal import Glibc
internal import Kernel
internal import Layers
internal import OCI
internal import Store

internal import struct Crypto.SHA256

/// Compares an unpacked layer with the archive that it was made of.
struct LayerCheck {
  let library: ImageLibrary
  let diffID: Digest
  let blob: ContentDescriptor

  /// - Returns: what is wrong with it; `nil` if it is as it was made.
  func fault(_ hold: borrowing Hold) throws(ImageError) -> String? {
    let directory = library.layout.layer(diffID)
    guard access(directory, F_OK) == 0 else { return "it is missing" }
    guard let record = library.layerRecord(diffID), record.diffID == diffID else { return "its description is damaged" }
    let path = "\(directory)/\(record.form.fileName)"
    guard access(path, F_OK) == 0 else { return "\(record.form.fileName) is missing" }
    switch record.form {
    case .filesystem: return try fault(file: path, record)
    case .directory: return try fault(tree: path, hold)
    }
  }

  /// The archive is in the file; all else has a digest of its own.
  private func fault(file path: String, _ record: LayerRecord) throws(ImageError) -> String? {
    do throws(SystemError) {
      let file = try Descriptor.open(path, O_RDONLY | O_NOFOLLOW)
      let (archive, metadata) = try Self.digests(file, archiveSize: record.size)
      if archive != diffID { return "the archive in it has another digest" }
      return metadata == record.metadata ? nil : "its metadata have another digest"
    } catch {
      return "it cannot be read: \(error)"
    }
  }

  /// The digests of the archive in a layer's file, and of everything around it.
  static func digests(_ file: borrowing Descriptor, archiveSize: UInt64) throws(SystemError) -> (Digest, Digest) {
    var status = stat()
    guard fstat(file.number, &status) == 0 else { throw SystemError("read layer") }
    let end = ErofsSink.archiveOffset + archiveSize
    let tail = UInt64(status.st_size) > end ? UInt64(status.st_size) - end : 0
    var (archive, metadata) = (SHA256(), SHA256())
    try hash(file, from: ErofsSink.archiveOffset, count: archiveSize, into: &archive)
    try hash(file, from: 0, count: ErofsSink.archiveOffset, into: &metadata)
    try hash(file, from: end, count: tail, into: &metadata)
    return (Digest(sha256: archive.finalize()), Digest(sha256: metadata.finalize()))
  }

  private static func hash(
    _ file: borrowing Descriptor, from offset: UInt64, count: UInt64, into hash: inout SHA256
  ) throws(SystemError) {
    var source = FileRangeSource(file, from: offset, count: count)
    do throws(LayerError) {
      try source.readAll { hash.update(bufferPointer: $0) }
    } catch {
      throw SystemError.refusal(error.description)
    }
  }

  /// A directory has no digest: what its blob unpacks to now is compared with it.
  private func fault(tree path: String, _ hold: borrowing Hold) throws(ImageError) -> String? {
    let place = hold.newPath()
    defer { library.discard(place) }
    let fresh: LayerMaking.Made
    do throws(ImageError) {
      fresh = try LayerMaking(library: library, path: place).unpackDirectory(blob: blob, as: diffID)
    } catch {
      // The host's fault, a full disk say: then it is not known. Else the blob's own, which is told of the blob.
      guard error.errno == nil || error.errno == .noEntry else { throw error }
      return nil
    }
    do throws(ImageError) {
      let (mine, theirs) = (try digest(tree: path), try digest(tree: "\(place)/\(fresh.record.form.fileName)"))
      return mine == theirs ? nil : "it is not what its blob unpacks to"
    } catch {
      return "it cannot be read: \(error)"
    }
  }

  private func digest(tree path: String) throws(ImageError) -> Digest {
    let root = try rethrowing { () throws(SystemError) in try Descriptor.open(path, O_RDONLY | O_DIRECTORY) }
    let sink = TreeDigest()
    try rethrowing { () throws(LayerError) in try LayerDiff.flatten(root: root.number, to: sink) }
    return Digest(sha256: sink.hash.finalize())
  }

  private final class TreeDigest: ByteSink {
    var hash = SHA256()

    func write(_ bytes: UnsafeRawBufferPointer) throws(LayerError) { hash.update(bufferPointer: bytes) }
  }
}
