internal import Crypto
internal import Glibc
internal import Kernel

/// How a layer's blob is compressed.
public enum LayerCompression: Sendable, Equatable {
  case none
  /// 1 to 9; docker uses zlib's default, 6.
  case gzip(level: Int32 = 6)
  /// 1 to 19.
  case zstd(level: Int32 = 3)
}

/// What a layer is known by.
public struct WrittenLayer: Sendable, Equatable {
  /// `sha256:` and the digest of the archive: the layer's name among the image's layers.
  public let diffID: String
  /// Bytes of the archive.
  public let diffSize: UInt64
  /// `sha256:` and the digest of the blob: its name in a registry.
  public let digest: String
  /// Bytes of the blob.
  public let size: UInt64
}

/// Writes the bytes of a layer's archive to a file, compressed, and learns both digests on the way: one pass.
public final class LayerWriter: ByteSink {
  private let file: FileSink
  private let blob: DigestSink
  private let archive: DigestSink
  private let compressor: (any CompressingSink)?

  /// - Parameter descriptor: of the blob's file; the caller's, who closes it.
  public init(to descriptor: CInt, compression: LayerCompression) throws(LayerError) {
    file = FileSink(descriptor)
    blob = DigestSink(file)
    switch compression {
    case .none: compressor = nil
    case .gzip(let level): compressor = try GzipSink(level: level, into: blob)
    case .zstd(let level): compressor = try ZstdSink(level: level, into: blob)
    }
    archive = DigestSink(compressor ?? file)
  }

  public func write(_ bytes: UnsafeRawBufferPointer) throws(LayerError) { try archive.write(bytes) }

  /// Ends the blob; nothing may follow. The file is not synced.
  public func finish() throws(LayerError) -> WrittenLayer {
    try compressor?.finish()
    let diffID = archive.digest
    guard compressor != nil else {
      return WrittenLayer(diffID: diffID, diffSize: archive.size, digest: diffID, size: archive.size)
    }
    return WrittenLayer(diffID: diffID, diffSize: archive.size, digest: blob.digest, size: blob.size)
  }
}

/// Takes the digest of what passes.
final class DigestSink: ByteSink {
  private let next: any ByteSink
  private var hash = SHA256()
  private(set) var size: UInt64 = 0

  init(_ next: any ByteSink) { self.next = next }

  func write(_ bytes: UnsafeRawBufferPointer) throws(LayerError) {
    hash.update(bufferPointer: bytes)
    size += UInt64(bytes.count)
    try next.write(bytes)
  }

  var digest: String {
    let hexadecimal = Array("0123456789abcdef".utf8)
    let digits = hash.finalize().flatMap { [hexadecimal[Int($0 >> 4)], hexadecimal[Int($0 & 15)]] }
    return "sha256:" + String(decoding: digits, as: UTF8.self)
  }
}

/// A file or pipe as the end of a pipeline.
public final class FileSink: ByteSink {
  private let descriptor: CInt

  /// - Parameter descriptor: the caller's, who closes it.
  public init(_ descriptor: CInt) { self.descriptor = descriptor }

  public func write(_ bytes: UnsafeRawBufferPointer) throws(LayerError) {
    var rest = bytes
    while !rest.isEmpty {
      let count = retrying { Glibc.write(descriptor, rest.baseAddress, rest.count) }
      guard count >= 0 else { throw LayerError(SystemError("write layer")) }
      rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
    }
  }
}
