/// A layer's archive, as bytes.
public enum LayerArchive {
  /// Decompresses a blob.
  ///
  /// - Parameter body: is given one piece after the other.
  public static func read<Source: ByteSource & ~Copyable>(
    _ source: consuming Source, _ body: (UnsafeRawBufferPointer) throws(LayerError) -> Void
  ) throws(LayerError) {
    var input = Decompressor(source)
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { buffer.deallocate() }
    while true {
      let count = try input.read(into: buffer)
      if count == 0 { return }
      try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }
  }
}
