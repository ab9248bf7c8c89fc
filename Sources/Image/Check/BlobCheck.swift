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
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { buffer.deallocate() }
    while true {
      let count = try rethrowing { () throws(LayerError) in try source.read(into: buffer) }
      if count == 0 { break }
      let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<count])
      if blob.digest.algorithm == .sha256 {
        short.update(bufferPointer: bytes)
      } else {
        long.update(bufferPointer: bytes)
      }
    }
    switch blob.digest.algorithm {
    case .sha256: return Digest(sha256: short.finalize())
    case .sha512:
      let hex = long.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      guard let digest = Digest(.sha512, hex: hex) else { throw ImageError("\(blob.digest): no digest") }
      return digest
    }
  }
}
