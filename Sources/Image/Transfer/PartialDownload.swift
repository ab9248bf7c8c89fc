internal import Glibc
internal import Kernel
internal import OCI
internal import Store

/// A blob's file in `downloads/`, this process's alone: its lock is held until this value goes.
final class PartialDownload: Sendable {
  let descriptor: ContentDescriptor
  let arriving: ArrivingBlob
  private let library: ImageLibrary
  private let file: Descriptor
  private var path: String { library.layout.download(descriptor.digest) }

  /// Waits while another process downloads the same blob.
  ///
  /// - Returns: `nil` when that one has completed it.
  init?(_ descriptor: ContentDescriptor, _ library: ImageLibrary) throws(ImageError) {
    let path = library.layout.download(descriptor.digest)
    while true {
      let opened = try rethrowing { () throws(SystemError) in
        let file = try Descriptor.open(path, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        let number = file.number
        guard retrying({ flock(number, LOCK_EX) }) == 0 else { throw SystemError("lock download", path) }
        return file
      }
      if access(library.layout.blob(descriptor.digest), F_OK) == 0 {
        // Made by the opening, after the other's had become the blob.
        unlink(path)
        return nil
      }
      var status = stat()
      guard fstat(opened.number, &status) == 0 else { throw ImageError(SystemError("read download", path)) }
      // Completed and removed, or discarded, while this waited.
      if status.st_nlink == 0 { continue }
      if status.st_size > off_t(descriptor.size) { ftruncate(opened.number, 0) }
      self.descriptor = descriptor
      self.library = library
      arriving = ArrivingBlob(
        descriptor, file: opened.number,
        received: status.st_size > off_t(descriptor.size) ? 0 : Int64(status.st_size))
      file = opened
      return
    }
  }

  /// Makes it a blob: its digest was right.
  func commit() throws(ImageError) {
    guard fsync(file.number) == 0 else { throw ImageError(SystemError("sync", "\(descriptor.digest)")) }
    try library.commitBlob(path, as: descriptor.digest)
  }

  /// Whether what came is what the digest says.
  func isRight() throws(ImageError) -> Bool { try BlobCheck.matches(file.number, descriptor) }

  func discard() { unlink(path) }
}
