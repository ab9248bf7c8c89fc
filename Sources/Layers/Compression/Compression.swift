/// How a layer's blob is compressed: told by its first bytes, whatever its media type claims.
public enum Compression: Sendable, Equatable, CaseIterable {
  case none, gzip, zstd

  /// So many bytes tell, of a stream that has as many.
  static let prefix = 10

  /// - Throws: for forms that no layer may have, so that it is not taken for a broken archive.
  public init(recognising prefix: some Sequence<UInt8>) throws(LayerError) {
    let bytes = Array(prefix.prefix(Self.prefix))
    if bytes.starts(with: [0x1f, 0x8b, 8]) {
      self = .gzip
    } else if bytes.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) {
      self = .zstd
    } else if bytes.count >= 4, bytes[0] & 0xf0 == 0x50, bytes[1...3].elementsEqual([0x2a, 0x4d, 0x18]) {
      // A frame to be skipped comes first: other forms have none.
      self = .zstd
    } else if bytes.starts(with: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]) {
      throw LayerError("layer blob: compressed with xz, which no layer may be")
    } else if bytes.starts(with: Array("BZh".utf8)),
      bytes.dropFirst(4).elementsEqual([0x31, 0x41, 0x59, 0x26, 0x53, 0x59])
    {
      throw LayerError("layer blob: compressed with bzip2, which no layer may be")
    } else {
      self = .none
    }
  }
}
