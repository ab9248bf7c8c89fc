/// Makes a layer of a blob, in one pass: the blob is hashed, decompressed, hashed again as an archive, and written.
public enum LayerUnpacker {
  /// A blob that is known to be smaller than this is not worth a second thread.
  private static let smallSize: UInt64 = 256 << 10

  /// - Parameters:
  ///   - source: the blob.
  ///   - expected: what it has to be.
  ///   - sink: what is made of it. It is used on another thread, which the caller waits for.
  /// - Returns: what the blob was, and as what was expected; the form is complete.
  /// - Throws: then what the sink has made is worth nothing, and the caller removes it.
  public static func unpack<Source: ByteSource & ~Copyable, Sink: LayerSink & ~Copyable>(
    _ source: consuming Source, expecting expected: LayerExpectation = LayerExpectation(),
    limits: LayerLimits = .standard, into sink: inout Sink
  ) throws(LayerError) -> LayerFacts {
    let blob = ContentHash()
    let archive = ContentHash()
    var input = Decompressor(source) { (bytes) throws(LayerError) in
      blob.update(bytes)
      try expected.checkSize(blob.size)
    }
    var reader = TarReader(limits: limits)
    let ring = BufferRing { archive.update($0) }
    func fill(_ buffer: UnsafeMutableRawBufferPointer) throws(LayerError) -> Int {
      let count = try input.read(into: buffer)
      // The same bytes need not be hashed twice.
      if !archive.isSkipped, input.compression == Compression.none { archive.isSkipped = true }
      return count
    }
    func take(_ bytes: UnsafeRawBufferPointer) throws(LayerError) {
      try sink.archive(bytes)
      try reader.feed(bytes, to: &sink)
    }
    let isSmall = expected.blobSize.map { $0 < smallSize } ?? false
    try LayerThread.run {
      guard isSmall ? ring.pass(from: fill, to: take) : ring.empty(into: take) else { return }
      ring.attempt { () throws(LayerError) in
        try reader.finish()
        try sink.finish()
      }
    } beside: {
      if !isSmall { ring.fill(with: fill) }
    }
    try ring.check()
    let blobHash = blob.finish()
    let facts = LayerFacts(
      blobHash: blobHash, blobSize: blob.size, diffHash: archive.isSkipped ? blobHash : archive.finish(),
      archiveSize: reader.position, entries: reader.entries, compression: input.compression ?? .none)
    try expected.check(facts)
    return facts
  }
}
