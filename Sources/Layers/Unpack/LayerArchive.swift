/// A layer's archive, as bytes.
public enum LayerArchive {
  /// Decompresses a blob.
  ///
  /// - Parameter body: is given one piece after the other.
  public static func read<Source: ByteSource & ~Copyable>(
    _ source: consuming Source, _ body: (UnsafeRawBufferPointer) throws(LayerError) -> Void
  ) throws(LayerError) {
    var input = Decompressor(source)
    try input.readAll(body)
  }
}
