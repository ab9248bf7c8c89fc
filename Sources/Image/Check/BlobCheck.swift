internal import Glibc
internal import Kernel
internal import Layers
internal import OCI

internal import struct Crypto.SHA256
internal import struct Crypto.SHA512

/// Compares bytes with the digest that they should have.
enum BlobCheck {
  /// Reads to the end.
  static func check(_ source: ArrivingBlob.Reader, _ blob: ContentDescriptor) throws(ImageError) {
    let found = try digest(source, blob)
    guard found == blob.digest else {
      throw ImageError("\(blob.digest): the content is not what was asked for: it has \(found)")
    }
  }

  /// Whether a file has a blob's bytes.
  static func matches(_ file: CInt, _ blob: ContentDescriptor) throws(ImageError) -> Bool {
    var status = stat()
    guard fstat(file, &status) == 0, Int64(status.st_size) == blob.size else { return false }
    let arriving = ArrivingBlob(blob, file: file, received: blob.size)
    arriving.finish()
    return try digest(ArrivingBlob.Reader(arriving), blob) == blob.digest
  }

  private static func digest(_ source: ArrivingBlob.Reader, _ blob: ContentDescriptor) throws(ImageError) -> Digest {
    var (source, short, long) = (source, SHA256(), SHA512())
    do throws(LayerError) {
      try source.readAll { bytes in
        if blob.digest.algorithm == .sha256 {
          short.update(bufferPointer: bytes)
        } else {
          long.update(bufferPointer: bytes)
        }
      }
    } catch {
      throw ImageError(error)
    }
    switch blob.digest.algorithm {
    case .sha256: return Digest(sha256: short.finalize())
    case .sha512: return Digest(sha512: long.finalize())
    }
  }
}
