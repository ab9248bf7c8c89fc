/// Who a `TarReader` tells about an archive: of each entry its `begin`, then its data if it has any, then its `end`.
public protocol TarConsumer: ~Copyable {
  /// An entry whose headers are complete.
  mutating func begin(_ entry: TarEntry) throws(LayerError)

  /// The next data of the entry, in rising order, as they lie in the caller's buffer: not to be kept.
  ///
  /// - Parameter offset: where they belong in the file; what no data are given for is a hole.
  mutating func data(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(LayerError)

  /// The entry is complete.
  mutating func end() throws(LayerError)
}
