/// What one layer may demand of the host: a stream of a few bytes can ask for everything.
public struct LayerLimits: Sendable, Equatable {
  /// Bytes of the archive, decompressed.
  public var size: UInt64
  /// Entries of the archive.
  public var entries: Int
  /// Bytes of one entry's headers: names, links and extended attributes (PAX, GNU).
  public var headers: Int
  /// Bytes of a path in the layer.
  public var path: Int

  /// Generous for every real layer: 64 GiB, 4 million entries.
  public static let standard = LayerLimits(size: 64 << 30, entries: 4 << 20, headers: 1 << 20, path: 4095)

  public init(size: UInt64, entries: Int, headers: Int, path: Int) {
    self.size = size
    self.entries = entries
    self.headers = headers
    self.path = path
  }
}
