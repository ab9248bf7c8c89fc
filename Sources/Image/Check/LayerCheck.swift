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
      let archive = try Self.digest(of: file, [(ErofsSink.archiveOffset, record.size)])
      if archive != diffID { return "the archive in it has another digest" }
      let metadata = try Self.metadataDigest(of: file, archiveSize: record.size)
      return metadata == record.metadata ? nil : "its metadata have another digest"
    } catch {
      return "it cannot be read: \(error)"
    }
  }

  /// The digest of everything in a layer's file that is around the archive.
  static func metadataDigest(of file: borrowing Descriptor, archiveSize: UInt64) throws(SystemError) -> Digest {
    var status = stat()
    guard fstat(file.number, &status) == 0 else { throw SystemError("read layer") }
    let end = ErofsSink.archiveOffset + archiveSize
    let tail = UInt64(status.st_size) > end ? UInt64(status.st_size) - end : 0
    return try digest(of: file, [(0, ErofsSink.archiveOffset), (end, tail)])
  }

  private static func digest(
    of file: borrowing Descriptor, _ ranges: [(offset: UInt64, count: UInt64)]
  ) throws(SystemError) -> Digest {
    var hash = SHA256()
    for range in ranges {
      var source = FileRangeSource(file, from: range.offset, count: range.count)
      do throws(LayerError) {
        try source.readAll { hash.update(bufferPointer: $0) }
      } catch {
        throw SystemError.refusal(error.description)
      }
    }
    return Digest(sha256: hash.finalize())
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
