internal import Glibc
internal import Kernel
internal import OCI
internal import Store

internal import struct Crypto.SHA256

// Small blobs: manifests, indexes and configurations.
extension ImageLibrary {
  static func digest(of bytes: [UInt8]) -> Digest { Digest(sha256: SHA256.hash(data: bytes)) }

  /// Stores bytes under their digest. The name is claimed first, so nothing takes them away again before they are used.
  @discardableResult
  func write(_ bytes: [UInt8], hold: borrowing Hold) throws(ImageError) -> Digest {
    let digest = Self.digest(of: bytes)
    if try claimBlob(digest, hold) { return digest }
    let temporary = hold.newPath()
    do throws(SystemError) {
      let file = try Descriptor.open(temporary, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600)
      try file.writeAll(bytes, subject: "\(digest)")
      guard fsync(file.number) == 0 else { throw SystemError("sync", "\(digest)") }
    } catch {
      unlink(temporary)
      throw ImageError(error)
    }
    try commitBlob(temporary, as: digest)
    return digest
  }

  /// Whether a blob is there; until the hold goes, it stays.
  func claimBlob(_ digest: Digest, _ hold: borrowing Hold) throws(ImageError) -> Bool {
    let path = layout.blob(digest)
    return try rethrowing { () throws(StoreError) in
      try hold.claim([path.droppingPrefix(layout.path)]) { () throws(StoreError) in access(path, F_OK) == 0 }
    }
  }

  func syncFile(_ path: String) throws(ImageError) {
    try rethrowing { () throws(SystemError) in
      let file = try Descriptor.open(path, O_RDONLY | O_NOFOLLOW)
      guard fsync(file.number) == 0 else { throw SystemError("sync", path) }
    }
  }

  /// Gives a file that is complete, verified and synced its name.
  func commitBlob(_ temporary: String, as digest: Digest) throws(ImageError) {
    let path = layout.blob(digest)
    if digest.algorithm != .sha256 { _ = mkdir("\(layout.blobs)/\(digest.algorithm.rawValue)", 0o700) }
    // Nobody writes to it again: a reader may trust what was verified.
    chmod(temporary, 0o444)
    guard rename(temporary, path) == 0 else {
      let error = SystemError("store blob", "\(digest)")
      unlink(temporary)
      throw ImageError(error)
    }
  }
}

extension String {
  /// A path relative to a directory that it is in.
  func droppingPrefix(_ directory: String) -> String {
    hasPrefix(directory + "/") ? String(dropFirst(directory.count + 1)) : self
  }
}
